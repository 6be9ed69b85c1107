import type { Session } from '../calendar/session.ts';
import type { QualityNote } from '../market/quality.ts';
import type { DrawdownStatus } from '../portfolio/drawdown.ts';

/**
 * Why a decision was made: the calendar, a change of the drawdown state, prices that were restated so that another state
 * holds, a holding that does not trade any more, or a person's request.
 */
export const decisionReasons = ['monthly', 'drawdown', 'restatement', 'delisting', 'manual'] as const;
export type DecisionReason = (typeof decisionReasons)[number];

/** The fallback chain a decision steps down when a part fails; a higher index is a worse level. */
export const fallbackLevels = ['full', 'signal-off', 'previous-covariance', 'last-good', 'hold'] as const;
export type FallbackLevel = (typeof fallbackLevels)[number];

/** What came of a fallback level that was tried, where it was not simply its targets. */
export type FallbackAttempt = {
  level: FallbackLevel;
  /**
   * `failed`: a lower level had to do. `uncapped`: the optimiser had no weights within the turnover cap, so it was solved
   * without, and the limits cut its weights to the cap. `least-variance`: no portfolio earned more than the risk-free
   * rate, so no Sharpe ratio was worth taking and the least risk was taken.
   */
  outcome: 'failed' | 'uncapped' | 'least-variance';
  reason: string;
  /** a fault of the program, not of market, data or limits: nothing further is tried then but to hold */
  isFault: boolean;
};

/** One asset's line in a decision. Weights are ratios of net asset value. */
export type TargetLine = {
  symbol: string;
  /** weight held at the decision's close, drifted */
  held: number;
  /** weight to hold from the fill on */
  target: number;
  /** target less held: what is to be traded, signed */
  trade: number;
  /** the bounds this target was made within */
  lower: number;
  upper: number;
  /** forecast mean log return per session; null where no forecast was used */
  forecast: number | null;
  /** estimated cost of this trade as a ratio of net asset value */
  costRatio: number;
};

/** A limit the weights lie against; `multiplier` where an optimiser reported one. */
export type BindingConstraint = {
  kind: 'lower' | 'upper' | 'group' | 'turnover' | 'cash' | 'band' | 'exposure' | 'gross' | 'volatility';
  name: string;
  limit: number;
  multiplier: number | null;
};

/** What a decision was made from: enough to make it again, bit for bit. */
export type DecisionInputs = {
  /** newest observation of any bar read, ISO instant; bars as known then are the decision's vintage */
  vintage: string;
  modelId: string | null;
  configHash: string;
  codeVersion: string;
  /**
   * what the account was worth at the decision's close, in the portfolio's currency: impact depends on money; left out by
   * decisions from before it was kept, which took the configured value
   */
  portfolioValue?: number;
  /** when the valuation it was made from was stored, ISO instant: its session may be valued again; left out by older ones */
  valuedAt?: string;
};

/** Target weights of one portfolio, decided at the close of `asOf`, to be filled at the next session's close. */
export type Decision = {
  portfolio: string;
  asOf: Session;
  reason: DecisionReason;
  allocator: string;
  fallbackLevel: FallbackLevel;
  /** why a lower fallback level was taken; null on `full` */
  fallbackReason: string | null;
  /** what was tried, in the order it was; empty where the first level simply gave targets */
  fallbackAttempts: FallbackAttempt[];
  lines: TargetLine[];
  cash: { held: number; target: number };
  turnoverOneWay: number;
  turnoverTwoWay: number;
  /** estimated cost of all trades as a ratio of net asset value */
  costRatio: number;
  /** 0 to 1: how far the forecast moves the weights from the base allocator's */
  signalScale: number;
  binding: BindingConstraint[];
  drawdown: DrawdownStatus;
  /** share of the proposal the drawdown state allows, 0 to 1 */
  exposureRatio: number;
  /** the shadow portfolio's targets (the same policy without the drawdown limit), in the order of `lines` */
  shadowTargets: number[];
  quality: QualityNote[];
  inputs: DecisionInputs;
};

/** How many of a decision's attempts met a fault of the program. */
export const programFaults = ({ fallbackAttempts }: Pick<Decision, 'fallbackAttempts'>): number =>
  fallbackAttempts.filter(({ isFault }) => isFault).length;

/** A decision's `weights`, one per line, in the order of `symbols`, which the configuration may have changed since. */
export function inOrderOf(
  { lines }: Pick<Decision, 'lines'>,
  weights: readonly number[],
  symbols: readonly string[],
): number[] {
  const bySymbol = new Map(lines.map((line, i) => [line.symbol, weights[i]!]));
  return symbols.map((symbol) => bySymbol.get(symbol) ?? 0);
}
