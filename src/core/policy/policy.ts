import type { AllocationOptions, AllocatorName, CovarianceName } from '../allocation/allocator.ts';
import type { CostModel } from './costs.ts';
import type { DrawdownLimits } from './drawdown.ts';

export type Bounds = { lower: number; upper: number };

/** All of a portfolio's configuration that reaches a decision. Weights and limits are ratios of net asset value. */
export type PortfolioPolicy = {
  portfolio: string;
  symbols: string[];
  allocator: AllocatorName;
  allocatorOptions: AllocationOptions;
  covariance: CovarianceName;
  covarianceLookbackSessions: number;
  /** 0 to 1: how far the forecast moves the weights from the base allocator's */
  signalScale: number;
  /** sessions after which a model is too old to be used; 0 where the portfolio has no forecaster */
  modelExpirySessions: number;
  bounds: Bounds;
  boundsBySymbol: Record<string, Bounds>;
  /** kept in cash at every decision */
  cashRatio: number;
  /** one-way; null for none */
  turnoverOneWayMax: number | null;
  /** a decision whose one-way turnover is below this is not traded */
  noTradeBandRatio: number;
  costs: CostModel;
  drawdown: DrawdownLimits | null;
  quality: { fillSessionsMax: number; missingRatioMax: number; historySessionsMin: number };
};

/** The bounds of each symbol of the policy, in its order. */
export function boundsOf(policy: PortfolioPolicy): Bounds[] {
  return policy.symbols.map((symbol) => policy.boundsBySymbol[symbol] ?? policy.bounds);
}
