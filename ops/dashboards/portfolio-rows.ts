import { lines, type Row, stat, states, table } from './panels.ts';
import { bySymbol, of } from './queries.ts';

const held = bySymbol('rebalanced_weight_held_ratio');
const target = bySymbol('rebalanced_weight_target_ratio');
const basisPoints = (ratio: string) => `1e4 * ${ratio}`;

export const now: Row = {
  title: 'Now',
  panels: [
    stat({
      title: 'Net return',
      description: 'Since inception, after costs',
      width: 4,
      unit: 'percentunit',
      decimals: 2,
      query: { expr: `${of('rebalanced_nav', [], ['kind="net"'])} - 1` },
    }),
    stat({
      title: 'Drawdown',
      description: 'Loss of net value from its high-water mark',
      width: 4,
      unit: 'percentunit',
      decimals: 2,
      query: { expr: of('rebalanced_drawdown_ratio') },
    }),
    stat({
      title: 'Drawdown state',
      description: 'What the drawdown limit allows',
      width: 4,
      name: true,
      query: { expr: `${of('rebalanced_drawdown_state', ['state'])} == 1`, legend: '{{state}}' },
    }),
    stat({
      title: 'Drift',
      description: 'One-way distance of held from target weights; the alert is at 10%',
      width: 4,
      unit: 'percentunit',
      decimals: 2,
      steps: [
        { color: 'text', value: null },
        { color: 'orange', value: 0.1 },
      ],
      query: { expr: of('rebalanced_drift_one_way_ratio') },
    }),
    stat({
      title: 'Newest decision',
      description: 'How long ago it was made',
      width: 4,
      unit: 'dtdurations',
      query: { expr: `time() - ${of('rebalanced_decision_timestamp_seconds')}` },
    }),
    stat({
      title: 'FallbackLevel',
      description: 'The fallback level the newest decision was made on; any but full is a step down',
      width: 4,
      name: true,
      query: { expr: `${of('rebalanced_decision_fallback_level', ['level'])} == 1`, legend: '{{level}}' },
    }),
  ],
};

export const drift: Row = {
  title: 'Live drift',
  panels: [
    lines({
      title: 'Drift of each asset',
      description: 'Held less target weight; cash included, so the lines sum to 0',
      width: 14,
      height: 10,
      unit: 'percentunit',
      queries: [{ expr: `${held} - on (symbol) ${target}`, legend: '{{symbol}}' }],
    }),
    table({
      title: 'Target and held',
      description: 'Weights now',
      width: 10,
      height: 10,
      unit: 'percentunit',
      decimals: 2,
      label: 'symbol',
      columns: [
        { name: 'Target', expr: target },
        { name: 'Held', expr: held },
        { name: 'Drift', expr: `${held} - on (symbol) ${target}` },
      ],
    }),
    lines({
      title: 'One-way drift',
      description: 'Half the sum of the distances; the line is the alert’s limit',
      width: 12,
      unit: 'percentunit',
      limit: true,
      steps: [
        { color: 'transparent', value: null },
        { color: 'orange', value: 0.1 },
      ],
      queries: [{ expr: of('rebalanced_drift_one_way_ratio'), legend: 'drift' }],
    }),
    lines({
      title: 'Held weights',
      description: 'As they drift between decisions',
      width: 12,
      unit: 'percentunit',
      stacked: true,
      queries: [{ expr: held, legend: '{{symbol}}' }],
    }),
  ],
};

export const value: Row = {
  title: 'Value and drawdown',
  panels: [
    lines({
      title: 'Net asset value',
      description: 'Net of costs, gross, and the shadow portfolio without drawdown limits; 1 at inception',
      width: 12,
      queries: [
        { expr: of('rebalanced_nav', ['kind']), legend: '{{kind}}' },
        { expr: of('rebalanced_high_water_mark'), legend: 'high-water mark' },
      ],
    }),
    lines({
      title: 'Drawdown and its limits',
      description: 'Loss of net value from its mark',
      width: 12,
      unit: 'percentunit',
      queries: [
        { expr: of('rebalanced_drawdown_ratio'), legend: 'drawdown' },
        { expr: of('rebalanced_drawdown_limit_ratio', ['limit']), legend: '{{limit}} limit' },
      ],
    }),
    states({
      title: 'Drawdown state',
      description: 'Which state held when',
      width: 12,
      query: { expr: of('rebalanced_drawdown_state', ['state']), legend: '{{state}}' },
    }),
    lines({
      title: 'Allowed exposure',
      description: 'Share of the proposal that the drawdown state allowed at the newest decision',
      width: 12,
      height: 5,
      unit: 'percentunit',
      stepped: true,
      queries: [{ expr: of('rebalanced_exposure_ratio'), legend: 'exposure' }],
    }),
  ],
};

export const decisions: Row = {
  title: 'Decisions and costs',
  panels: [
    lines({
      title: 'Decisions',
      description: 'Made so far, by reason',
      width: 6,
      stepped: true,
      queries: [{ expr: of('rebalanced_decisions_total', ['reason']), legend: '{{reason}}' }],
    }),
    states({
      title: 'FallbackLevel',
      description: 'Which fallback level the newest decision was made on',
      width: 6,
      height: 8,
      query: { expr: of('rebalanced_decision_fallback_level', ['level']), legend: '{{level}}' },
    }),
    lines({
      title: 'Turnover',
      description: 'One-way, of the newest decision',
      width: 6,
      unit: 'percentunit',
      stepped: true,
      queries: [{ expr: of('rebalanced_decision_turnover_one_way_ratio'), legend: 'turnover' }],
    }),
    lines({
      title: 'Cost of the last fill',
      description:
        'As estimated at the decision and as charged at the fill, in basis points of net asset value',
      width: 6,
      decimals: 1,
      stepped: true,
      queries: [{ expr: basisPoints(of('rebalanced_fill_cost_ratio', ['kind'])), legend: '{{kind}}' }],
    }),
    lines({
      title: 'Costs so far',
      description: 'Sum over all fills, in basis points of net asset value',
      width: 12,
      decimals: 1,
      stepped: true,
      queries: [{ expr: basisPoints(of('rebalanced_fill_cost_ratio_total', ['kind'])), legend: '{{kind}}' }],
    }),
    lines({
      title: 'Turnover so far',
      description: 'Sum of the one-way turnovers of all fills',
      width: 12,
      unit: 'percentunit',
      stepped: true,
      queries: [{ expr: of('rebalanced_fill_turnover_one_way_ratio_total'), legend: 'turnover' }],
    }),
  ],
};
