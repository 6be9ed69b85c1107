/** What one asset costs to trade. All in basis points of traded notional. */
export type AssetCosts = {
  commissionBps: number;
  halfSpreadBps: number;
  /** square-root impact: the cost of trading one average day's value (Almgren et al., 2005) */
  impactBps: number;
  /** average daily traded value, in the portfolio's currency; null where impact is not modelled */
  averageDailyValue: number | null;
};

export type CostModel = {
  base: AssetCosts;
  bySymbol: Record<string, AssetCosts>;
  /** size of the portfolio in its currency: impact depends on money, not on weights */
  portfolioValue: number;
};

/**
 * An asset's costs in the form both the optimiser and the valuation use: trading a share d of the portfolio costs
 * 1e-4 x (costBps x d + impactBps x d^1.5) of net asset value.
 */
export function costTerms(model: CostModel, symbol: string): { costBps: number; impactBps: number } {
  const costs = model.bySymbol[symbol] ?? model.base;
  const days = costs.averageDailyValue ? model.portfolioValue / costs.averageDailyValue : 0;
  return {
    costBps: costs.commissionBps + costs.halfSpreadBps,
    impactBps: costs.impactBps * Math.sqrt(days),
  };
}

/**
 * Cost of one trade as a ratio of net asset value; `trade` is a signed weight change.
 * The same terms are optimised for, estimate a decision's cost and are charged at its fill.
 */
export function tradeCost(model: CostModel, symbol: string, trade: number): number {
  const { costBps, impactBps } = costTerms(model, symbol);
  const traded = Math.abs(trade);
  return (traded * (costBps + impactBps * Math.sqrt(traded))) / 10_000;
}
