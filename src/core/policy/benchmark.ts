import type { PortfolioPolicy } from './policy.ts';

/** What makes a benchmark comparable with a strategy: the same assets, calendar, charges, cash and rules for prices, and nothing else. */
export type BenchmarkTerms = Pick<
  PortfolioPolicy,
  | 'portfolio'
  | 'symbols'
  | 'sessionsPerYear'
  | 'costs'
  | 'cash'
  | 'delisting'
  | 'riskFreeRatePerYear'
  | 'quality'
>;

/**
 * 1/N over `symbols` at every decision, a cash proxy among them being an asset like any other. Built from nothing, not
 * from the strategy's policy: a limit that is added to policies tomorrow must not reach the benchmark. What it shares
 * with the strategy are its terms here and, where it is walked, calendar, decision sessions and prices.
 */
export function equalWeightPolicy(terms: BenchmarkTerms): PortfolioPolicy {
  const { portfolio, symbols, sessionsPerYear, costs, cash, delisting, riskFreeRatePerYear, quality } = terms;
  return {
    portfolio,
    symbols,
    sessionsPerYear,
    costs,
    cash,
    riskFreeRatePerYear,
    quality,
    delisting,
    allocator: 'equal',
    allocatorOptions: {},
    // Equal weight reads no covariance; the window is the one in which missing closes are counted.
    covariance: 'sample',
    covarianceLookbackSessions: Math.max(2, quality.historySessionsMin - 1),
    signalScale: 0,
    modelExpirySessions: 0,
    bounds: { lower: 0, upper: 1 },
    boundsBySymbol: {},
    cashRatio: 0,
    groups: [],
    grossExposureMax: null,
    volatilityTarget: null,
    cashProxySymbol: null,
    turnoverOneWayMax: null,
    noTradeBandRatio: 0,
    tradeRatio: 1,
    drawdown: null,
  };
}
