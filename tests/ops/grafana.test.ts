import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { liveDrift } from '../../ops/dashboards/live-drift.ts';
import { exportedMetrics } from './exported.ts';
import { readPromql } from './promql.ts';

const file = resolve(import.meta.dirname, '../../ops/grafana/live-drift.json');
type Target = {
  refId: string;
  expr: string;
  datasource: { type: string; uid: string };
  legendFormat: string;
};
type Panel = {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Target[];
};
const dashboard = JSON.parse(readFileSync(file, 'utf8')) as typeof liveDrift & { panels: Panel[] };
const panels = dashboard.panels as Panel[];
const shown = panels.filter(({ type }) => type !== 'row');
const exported = exportedMetrics();

test('the file is what its source makes: node ops/dashboards/live-drift.ts > ops/grafana/live-drift.json', () => {
  expect(readFileSync(file, 'utf8')).toBe(`${JSON.stringify(liveDrift, null, 2)}\n`);
});

test('it has an address of its own, and asks for its data source', () => {
  expect(dashboard.uid).toMatch(/^[a-z0-9-]{1,40}$/);
  const { list } = dashboard.templating;
  expect(list.map(({ name, type }) => [name, type])).toEqual([
    ['datasource', 'datasource'],
    ['portfolio', 'query'],
  ]);
  for (const { datasource } of shown.flatMap(({ targets }) => targets!))
    expect(datasource).toEqual({ type: 'prometheus', uid: `$${'{datasource}'}` });
});

describe.each(shown.map((panel) => [panel.title, panel] as const))('the panel %s', (_, panel) => {
  test('reads only metrics and labels that are exported, and says what it shows', () => {
    expect(panel.targets!.length).toBeGreaterThan(0);
    expect(panel.description!.length).toBeGreaterThan(5);
    for (const { expr, legendFormat } of panel.targets!) {
      const { metrics, grouped, unknown } = readPromql(expr);
      expect(unknown).toEqual([]);
      expect(metrics.length).toBeGreaterThan(0);
      for (const { name, matched } of metrics)
        expect([...(exported.get(name) ?? [])], name).toEqual(expect.arrayContaining(matched));
      const labels = new Set(metrics.flatMap(({ name }) => [...exported.get(name)!]));
      expect([...labels]).toEqual(expect.arrayContaining(grouped));
      const told = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      expect(grouped.length > 0 ? grouped : [...labels]).toEqual(expect.arrayContaining(told));
    }
  });
});

test('panels have ids of their own and lie on the grid without overlapping', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Set<string>();
  for (const { title, gridPos } of panels) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect(taken, title).not.toContain(`${x},${y}`);
        taken.add(`${x},${y}`);
      }
  }
});

test('it shows what it is for', () => {
  const read = new Set(
    shown.flatMap(({ targets }) =>
      targets!.flatMap(({ expr }) => readPromql(expr).metrics.map(({ name }) => name)),
    ),
  );
  for (const name of [
    'rebalanced_weight_held_ratio',
    'rebalanced_weight_target_ratio',
    'rebalanced_drift_one_way_ratio',
    'rebalanced_drawdown_ratio',
    'rebalanced_decisions_total',
    'rebalanced_fill_cost_ratio',
    'rebalanced_task_deadline_timestamp_seconds',
  ])
    expect(read).toContain(name);
});
