import type { AllocationOptions, AllocatorName } from '../allocation/allocators.ts';
import type { CashTerms } from '../portfolio/cash.ts';
import type { CostModel } from '../portfolio/costs.ts';
import type { DrawdownLimits } from '../portfolio/drawdown.ts';
import type { CovarianceName } from '../risk/estimate-covariance.ts';

export type Bounds = { lower: number; upper: number };

export type PolicyGroup = Bounds & { name: string; symbols: string[] };

/** When a holding without a close is taken for delisted, and what is then recovered of its last close (else all). */
export type DelistingPolicy = { afterSessions: number; recoveryRatioBySymbol: Record<string, number> };

/** All of a portfolio's configuration that reaches a decision. Weights and limits are ratios of net asset value. */
export type PortfolioPolicy = {
  portfolio: string;
  symbols: string[];
  /** of the portfolio's calendar: what volatility, historical means and a month of holding are counted by */
  sessionsPerYear: number;
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
  /** what cash earns */
  cash: CashTerms;
  /** what measures and tangencies take as earned without risk; null: what cash earns */
  riskFreeRatePerYear: number | null;
  /** limits on the sums of some symbols' weights */
  groups: PolicyGroup[];
  /** limit on the sum of absolute weights, for long/short; null for none */
  grossExposureMax: number | null;
  /** ex-ante annualised volatility the invested part is scaled down to; null for none */
  volatilityTarget: number | null;
  /** symbol that takes what drawdown limits free from the others; null for cash. It is no part of the allocation. */
  cashProxySymbol: string | null;
  /** one-way; null for none */
  turnoverOneWayMax: number | null;
  /** a decision whose one-way turnover, as it would be traded, is below this is not */
  noTradeBandRatio: number;
  /** share of the way from holdings to targets that is traded; 1 but for half steps and the like */
  tradeRatio: number;
  costs: CostModel;
  drawdown: DrawdownLimits | null;
  delisting: DelistingPolicy;
  quality: { fillSessionsMax: number; missingRatioMax: number; historySessionsMin: number };
};

/** The bounds of each symbol of the policy, in its order. */
export function boundsOf(policy: PortfolioPolicy): Bounds[] {
  return policy.symbols.map((symbol) => policy.boundsBySymbol[symbol] ?? policy.bounds);
}

/** The symbols whose prices a policy reads: its own, and the one that its cash follows. */
export function symbolsRead({ symbols, cash }: Pick<PortfolioPolicy, 'symbols' | 'cash'>): string[] {
  return cash.proxySymbol === null ? [...symbols] : [...new Set([...symbols, cash.proxySymbol])];
}

/** Where the cash proxy stands among the symbols; null where drawdown limits go to cash. */
export function cashProxyIndex(policy: PortfolioPolicy): number | null {
  if (policy.cashProxySymbol === null) return null;
  const index = policy.symbols.indexOf(policy.cashProxySymbol);
  if (index < 0)
    throw new Error(`cash proxy ${policy.cashProxySymbol} is not among the symbols of ${policy.portfolio}`);
  return index;
}

/** The policy of an account that is worth this much now: what trading costs depends on money. Undefined: as configured. */
export function atWorth(policy: PortfolioPolicy, portfolioValue: number | undefined): PortfolioPolicy {
  return portfolioValue === undefined ? policy : { ...policy, costs: { ...policy.costs, portfolioValue } };
}
