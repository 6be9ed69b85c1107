// Makes ops/grafana/live-drift.json: `node ops/dashboards/live-drift.ts > ops/grafana/live-drift.json`.
import { dashboard } from './panels.ts';
import { decisions, drift, now, value } from './portfolio-rows.ts';
import { models, processes, work } from './work-rows.ts';

export const liveDrift = dashboard({
  uid: 'rebalanced-live-drift',
  title: 'rebalanced: live drift',
  description:
    'What a portfolio holds against what it decided, its drawdown, decisions, costs, and the health of the work.',
  rows: [now, drift, value, decisions, models, work, processes],
});

if (import.meta.main) console.log(JSON.stringify(liveDrift, null, 2));
