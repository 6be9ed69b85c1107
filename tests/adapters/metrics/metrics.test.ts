import { expect, test } from 'vitest';
import { createMetrics, type MetricsOptions, rowFamilies } from '../../../src/adapters/metrics/metrics.ts';
import type { MetricsSnapshot } from '../../../src/views/metrics.ts';
import { samplesOf } from './exposition.ts';

const build = { version: '0.1.0', backend: 'wasm', backendVersion: '4.22.0' };
const empty: MetricsSnapshot = {
  clockSkewSeconds: null,
  queueSupervisedAt: null,
  tasks: [],
  portfolios: [],
  bars: [],
  sourceSymbols: [],
  sources: [],
  targets: [],
  holdings: [],
};
const holding = (symbol: string, weight: number): MetricsSnapshot => ({
  ...empty,
  clockSkewSeconds: 2.5,
  holdings: [{ portfolio: 'core', symbol, weight }],
});
const held = (symbol: string) => `rebalanced_weight_held_ratio{portfolio="core",symbol="${symbol}"}`;

const metricsOver = (read: () => Promise<MetricsSnapshot>, options: Partial<MetricsOptions> = {}) =>
  createMetrics({ reader: { read }, build, ...options });

test('with the database down a scrape answers, says so, and keeps no old value', async () => {
  const answers = [
    () => Promise.resolve(holding('SPY', 0.5)),
    () => Promise.reject(new Error('connection refused')),
  ];
  const errors: unknown[] = [];
  const metrics = metricsOver(() => answers.shift()!(), { onReadError: (error) => errors.push(error) });
  const up = samplesOf(await metrics.scrape());
  expect(up.get('rebalanced_database_up')).toBe(1);
  expect(up.get(held('SPY'))).toBe(0.5);
  expect(up.get('rebalanced_clock_skew_seconds')).toBe(2.5);
  const down = samplesOf(await metrics.scrape());
  expect(down.get('rebalanced_database_up')).toBe(0);
  expect(down.get('rebalanced_build_info{backend="wasm",backend_version="4.22.0",version="0.1.0"}')).toBe(1);
  expect(down.get('process_resident_memory_bytes')).toBeGreaterThan(0);
  expect(down.has('nodejs_eventloop_lag_p99_seconds')).toBe(true);
  const rowNames = rowFamilies.map(({ name }) => name);
  expect([...down.keys()].filter((key) => rowNames.includes(key.split('{')[0]!))).toEqual([]);
  expect(String(errors)).toContain('connection refused');
});

test('a reader that throws before it returns a promise counts as down too', async () => {
  const metrics = metricsOver(() => {
    throw new Error('no pool');
  });
  expect(samplesOf(await metrics.scrape()).get('rebalanced_database_up')).toBe(0);
});

test('a symbol that is not held any more leaves the exposition', async () => {
  const answers = [holding('SPY', 0.5), holding('GLD', 0.25)];
  const metrics = metricsOver(async () => answers.shift()!);
  await metrics.scrape();
  const samples = samplesOf(await metrics.scrape());
  expect(samples.has(held('SPY'))).toBe(false);
  expect(samples.get(held('GLD'))).toBe(0.25);
});

test('a database that hangs is down after the limit, is asked once only, and is up again when it answers', async () => {
  let reads = 0;
  const hung = Promise.withResolvers<MetricsSnapshot>();
  const metrics = metricsOver(
    () => {
      reads += 1;
      return hung.promise;
    },
    { readLimitMs: 5 },
  );
  expect(samplesOf(await metrics.scrape()).get('rebalanced_database_up')).toBe(0);
  expect(samplesOf(await metrics.scrape()).get('rebalanced_database_up')).toBe(0);
  expect(reads).toBe(1);
  hung.resolve(empty);
  expect(samplesOf(await metrics.scrape()).get('rebalanced_database_up')).toBe(1);
});

test('scrapes at the same moment share one read', async () => {
  let reads = 0;
  const metrics = metricsOver(async () => {
    reads += 1;
    return empty;
  });
  await Promise.all([metrics.scrape(), metrics.scrape(), metrics.scrape()]);
  expect(reads).toBe(1);
  await metrics.scrape();
  expect(reads).toBe(2);
});

test('a counter is set from rows, not added to at each scrape', async () => {
  const snapshot: MetricsSnapshot = {
    ...empty,
    sourceSymbols: [
      { source: 'yahoo', symbol: 'SPY', failuresInARow: 0, lastSuccessAt: null, restatements: 3, gaps: 0 },
    ],
  };
  const metrics = metricsOver(async () => snapshot);
  await metrics.scrape();
  expect(
    samplesOf(await metrics.scrape()).get('rebalanced_restatements_total{source="yahoo",symbol="SPY"}'),
  ).toBe(3);
});

test('two registries do not share values', async () => {
  const one = metricsOver(async () => holding('SPY', 0.5));
  const other = metricsOver(async () => holding('SPY', 0.75));
  await one.scrape();
  await other.scrape();
  expect(samplesOf(await one.scrape()).get(held('SPY'))).toBe(0.5);
});

test('names follow the rules: prefix, snake case, counters end in _total, timestamps in seconds', () => {
  for (const { name, type, labels, help } of rowFamilies) {
    expect(name).toMatch(/^rebalanced_[a-z]+(_[a-z]+)*$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (name.includes('timestamp')) expect(name).toMatch(/_timestamp_seconds$/);
    for (const label of labels) expect(label).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(help.length).toBeGreaterThan(10);
  }
  expect(new Set(rowFamilies.map(({ name }) => name)).size).toBe(rowFamilies.length);
});
