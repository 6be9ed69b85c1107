import { decisionReasons, fallbackLevels } from '../../core/policy/decision.ts';
import { drawdownStates } from '../../core/portfolio/drawdown.ts';
import type { MetricsSnapshot, PortfolioMetrics } from '../../views/metrics.ts';
import { family, type MetricFamily, oneHot } from './family.ts';

type Part = 'valuation' | 'decision' | 'fills';

/** A value of the newest valuation, decision or fills; no series before the first. */
const of =
  <P extends Part>(part: P, value: (of: NonNullable<PortfolioMetrics[P]>) => number) =>
  ({ portfolios }: MetricsSnapshot) =>
    portfolios.map((row) => {
      const found = row[part];
      return { portfolio: row.portfolio, value: found && value(found as NonNullable<PortfolioMetrics[P]>) };
    });

const valuationFamilies: readonly MetricFamily[] = [
  family(
    'gauge',
    'rebalanced_valuation_session_timestamp_seconds',
    ['portfolio'],
    'Session of the newest valuation, as its midnight UTC',
    of('valuation', (valuation) => valuation.sessionAt),
  ),
  family(
    'gauge',
    'rebalanced_nav',
    ['portfolio', 'kind'],
    'Net asset value after costs (net), before them (gross), and of the same policy without drawdown limits (shadow)',
    ({ portfolios }) =>
      portfolios.flatMap(({ portfolio, valuation }) => [
        { portfolio, kind: 'gross', value: valuation?.navGross ?? null },
        { portfolio, kind: 'net', value: valuation?.navNet ?? null },
        { portfolio, kind: 'shadow', value: valuation?.navShadow ?? null },
      ]),
  ),
  family(
    'gauge',
    'rebalanced_high_water_mark',
    ['portfolio'],
    'The net asset value that drawdown is measured from',
    of('valuation', (valuation) => valuation.highWaterMark),
  ),
  family(
    'gauge',
    'rebalanced_drawdown_ratio',
    ['portfolio'],
    'Loss of net asset value from the high-water mark, 0 or more',
    of('valuation', (valuation) => valuation.drawdownRatio),
  ),
  family(
    'gauge',
    'rebalanced_drawdown_limit_ratio',
    ['portfolio', 'limit'],
    'Configured drawdown limits; absent where none are configured',
    ({ portfolios }) =>
      portfolios.flatMap(({ portfolio, drawdownLimits }) => [
        { portfolio, limit: 'soft', value: drawdownLimits?.softRatio ?? null },
        { portfolio, limit: 'hard', value: drawdownLimits?.hardRatio ?? null },
      ]),
  ),
  family(
    'gauge',
    'rebalanced_drawdown_state',
    ['portfolio', 'state'],
    '1 for the state the portfolio is in, 0 for the others',
    ({ portfolios }) =>
      portfolios.flatMap(({ portfolio, valuation }) =>
        oneHot(drawdownStates, valuation?.drawdownState).map(([state, value]) => ({
          portfolio,
          state,
          value,
        })),
      ),
  ),
  family(
    'gauge',
    'rebalanced_drift_one_way_ratio',
    ['portfolio'],
    'Half the sum of the distances between held and target weights',
    of('valuation', (valuation) => valuation.driftOneWay),
  ),
  family(
    'gauge',
    'rebalanced_weight_held_ratio',
    ['portfolio', 'symbol'],
    'Weight held, drifted; CASH included',
    ({ holdings }) => holdings.map(({ portfolio, symbol, weight }) => ({ portfolio, symbol, value: weight })),
  ),
];

const restatementFamilies: readonly MetricFamily[] = [
  family(
    'counter',
    'rebalanced_valuation_restatements_total',
    ['portfolio'],
    'Times that prices which came otherwise have changed net asset value or the drawdown state',
    ({ portfolios }) =>
      portfolios.map(({ portfolio, restatements }) => ({ portfolio, value: restatements.count })),
  ),
  family(
    'gauge',
    'rebalanced_restatement_effect_bps',
    ['portfolio'],
    'What the newest restatement has changed net asset value by, in basis points of it',
    ({ portfolios }) =>
      portfolios.map(({ portfolio, restatements: { newest } }) => ({
        portfolio,
        value: newest?.effectBps ?? null,
      })),
  ),
  family(
    'gauge',
    'rebalanced_restatement_timestamp_seconds',
    ['portfolio'],
    'When net asset value was restated last',
    ({ portfolios }) =>
      portfolios.map(({ portfolio, restatements: { newest } }) => ({
        portfolio,
        value: newest?.valuedAt ?? null,
      })),
  ),
];

const decisionFamilies: readonly MetricFamily[] = [
  family(
    'gauge',
    'rebalanced_weight_target_ratio',
    ['portfolio', 'symbol'],
    'Weight decided last; CASH included',
    ({ targets }) => targets.map(({ portfolio, symbol, weight }) => ({ portfolio, symbol, value: weight })),
  ),
  family(
    'counter',
    'rebalanced_decisions_total',
    ['portfolio', 'reason'],
    'Decisions made',
    ({ portfolios }) =>
      portfolios.flatMap(({ portfolio, decisions }) =>
        decisionReasons.map((reason) => ({ portfolio, reason, value: decisions[reason] })),
      ),
  ),
  family(
    'gauge',
    'rebalanced_decision_timestamp_seconds',
    ['portfolio'],
    'When the newest decision was made',
    of('decision', (decision) => decision.decidedAt),
  ),
  family(
    'gauge',
    'rebalanced_decision_session_timestamp_seconds',
    ['portfolio'],
    'Session whose close the newest decision was made at, as its midnight UTC',
    of('decision', (decision) => decision.sessionAt),
  ),
  family(
    'gauge',
    'rebalanced_decision_fallback_level',
    ['portfolio', 'level'],
    '1 for the fallback level the newest decision was made on, 0 for the others; any but full is a step down',
    ({ portfolios }) =>
      portfolios.flatMap(({ portfolio, decision }) =>
        oneHot(fallbackLevels, decision?.fallbackLevel).map(([level, value]) => ({
          portfolio,
          level,
          value,
        })),
      ),
  ),
  family(
    'gauge',
    'rebalanced_decision_fault',
    ['portfolio'],
    '1 where the newest decision met a fault of the program and held what was held, else 0',
    of('decision', (decision) => (decision.programFaults > 0 ? 1 : 0)),
  ),
  family(
    'counter',
    'rebalanced_decision_program_faults_total',
    ['portfolio'],
    'Faults of the program that decisions met',
    ({ portfolios }) =>
      portfolios.map(({ portfolio, programFaults }) => ({ portfolio, value: programFaults })),
  ),
  family(
    'gauge',
    'rebalanced_exposure_ratio',
    ['portfolio'],
    'Share of the proposal that the drawdown state allowed at the newest decision',
    of('decision', (decision) => decision.exposureRatio),
  ),
  family(
    'gauge',
    'rebalanced_signal_scale_ratio',
    ['portfolio'],
    'How far the forecast moved the newest decision from the base allocator’s weights, 0 to 1',
    of('decision', (decision) => decision.signalScale),
  ),
  family(
    'gauge',
    'rebalanced_decision_turnover_one_way_ratio',
    ['portfolio'],
    'One-way turnover of the newest decision',
    of('decision', (decision) => decision.turnoverOneWay),
  ),
  family(
    'gauge',
    'rebalanced_decision_cost_ratio',
    ['portfolio'],
    'Estimated cost of the newest decision as a ratio of net asset value',
    of('decision', (decision) => decision.costRatio),
  ),
];

const fillFamilies: readonly MetricFamily[] = [
  family(
    'gauge',
    'rebalanced_fill_cost_ratio',
    ['portfolio', 'kind'],
    'Cost of the last filled decision as a ratio of net asset value, as estimated and as charged',
    ({ portfolios }) =>
      portfolios.flatMap(({ portfolio, fills }) => [
        { portfolio, kind: 'estimated', value: fills?.lastEstimatedCostRatio ?? null },
        { portfolio, kind: 'charged', value: fills?.lastChargedCostRatio ?? null },
      ]),
  ),
  family(
    'counter',
    'rebalanced_fill_cost_ratio_total',
    ['portfolio', 'kind'],
    'Sum of the cost ratios of all fills, as estimated and as charged',
    ({ portfolios }) =>
      portfolios.flatMap(({ portfolio, fills }) => [
        { portfolio, kind: 'estimated', value: fills?.estimatedCostRatioSum ?? 0 },
        { portfolio, kind: 'charged', value: fills?.chargedCostRatioSum ?? 0 },
      ]),
  ),
  family(
    'counter',
    'rebalanced_fill_turnover_one_way_ratio_total',
    ['portfolio'],
    'Sum of the one-way turnovers of all fills',
    ({ portfolios }) =>
      portfolios.map(({ portfolio, fills }) => ({ portfolio, value: fills?.turnoverOneWaySum ?? 0 })),
  ),
];

/** What each portfolio holds, wants, decided and paid. */
export const portfolioFamilies: readonly MetricFamily[] = [
  ...valuationFamilies,
  ...restatementFamilies,
  ...decisionFamilies,
  ...fillFamilies,
];
