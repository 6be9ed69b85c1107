import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { configSchema } from '../../src/app/config/schema.ts';
import { exportedMetrics } from './exported.ts';
import { readPromql } from './promql.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string): unknown => parse(readFileSync(resolve(root, path), 'utf8'));

const duration = z.string().regex(/^\d+[smhd]$/);
const rulesSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string().startsWith('rebalanced-'),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^Rebalanced[A-Z]\w+$/),
          expr: z.string().min(1),
          for: duration.optional(),
          labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
          annotations: z.strictObject({ summary: z.string().min(10), runbook: z.string() }),
        }),
      ),
    }),
  ),
});
const expected = z.array(z.looseObject({ exp_labels: z.record(z.string(), z.string()) }));
const testsSchema = z.looseObject({
  tests: z.array(
    z.looseObject({
      name: z.string(),
      input_series: z.array(z.strictObject({ series: z.string(), values: z.string() })),
      alert_rule_test: z.array(
        z.strictObject({ eval_time: z.string(), alertname: z.string(), exp_alerts: expected }),
      ),
    }),
  ),
});

const rules = rulesSchema.parse(read('ops/prometheus/rules.yml')).groups.flatMap((group) => group.rules);
const { tests } = testsSchema.parse(read('ops/prometheus/rules_test.yml'));
const exported = exportedMetrics();

test('alerts have names of their own', () => {
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
});

describe.each(rules.map((rule) => [rule.alert, rule] as const))('%s', (alert, rule) => {
  test('reads only metrics and labels that are exported', () => {
    const { metrics, grouped, unknown } = readPromql(rule.expr);
    expect(unknown).toEqual([]);
    expect(metrics.length).toBeGreaterThan(0);
    for (const { name, matched } of metrics) {
      expect([...exported.keys()]).toContain(name);
      expect([...exported.get(name)!]).toEqual(expect.arrayContaining(matched));
    }
    const labels = new Set(metrics.flatMap(({ name }) => [...exported.get(name)!]));
    expect([...labels]).toEqual(expect.arrayContaining(grouped));
  });

  test('tells only labels that its expression leaves', () => {
    const { metrics, grouped } = readPromql(rule.expr);
    const left = grouped.length > 0 ? grouped : metrics.flatMap(({ name }) => [...exported.get(name)!]);
    const told = [...rule.annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label);
    expect(left).toEqual(expect.arrayContaining(told));
  });

  test('has a runbook that names it', () => {
    expect(readFileSync(resolve(root, rule.annotations.runbook), 'utf8').split('\n')[0]).toContain(alert);
  });

  test('has a firing, a silent and a missing-series test', () => {
    const own = tests.flatMap(({ input_series, alert_rule_test }) =>
      alert_rule_test
        .filter(({ alertname }) => alertname === alert)
        .map(({ exp_alerts }) => ({ fires: exp_alerts.length > 0, missing: input_series.length === 0 })),
    );
    expect(own.some(({ fires }) => fires)).toBe(true);
    expect(own.some(({ fires, missing }) => !fires && !missing)).toBe(true);
    expect(own.some(({ missing }) => missing)).toBe(true);
  });
});

test('the tests of the rules feed only series that are exported', () => {
  for (const { series } of tests.flatMap(({ input_series }) => input_series)) {
    const { metrics, unknown } = readPromql(series);
    expect(unknown).toEqual([]);
    expect(metrics).toHaveLength(1);
    const { name, matched } = metrics[0]!;
    expect([...(exported.get(name) ?? [])], series).toEqual(expect.arrayContaining(matched));
  }
});

test('no runbook is without its alert, and their links lead somewhere', () => {
  const folder = resolve(root, 'ops/runbooks');
  const used = new Set(rules.map(({ annotations }) => annotations.runbook));
  for (const name of readdirSync(folder)) {
    expect(used).toContain(`ops/runbooks/${name}`);
    for (const [, link] of readFileSync(resolve(folder, name), 'utf8').matchAll(/\]\(([^)]+)\)/g))
      expect(existsSync(resolve(folder, link!)), `${name} links ${link}`).toBe(true);
  }
});

test('the example scrapes the port the daemon has by default, under the name the rules use', () => {
  const example = read('ops/prometheus/prometheus.yml') as {
    scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
  };
  const { host, port } = configSchema.shape.server.parse(undefined);
  expect(example.scrape_configs).toEqual([
    { job_name: 'rebalanced', static_configs: [{ targets: [`${host}:${port}`] }] },
  ]);
});

test('a misspelt name, label or function is found', () => {
  expect(readPromql('max by (portfolio) (rebalance_drift_ratio{portfolio="a"}) > 1')).toEqual({
    metrics: [],
    grouped: ['portfolio'],
    unknown: ['rebalance_drift_ratio'],
  });
  expect(readPromql('rebalanced_letters{stat=~"a|b", portfolio!="x"} or maxx(up)')).toEqual({
    metrics: [
      { name: 'rebalanced_letters', matched: ['stat', 'portfolio'] },
      { name: 'up', matched: [] },
    ],
    grouped: [],
    unknown: ['maxx'],
  });
});
