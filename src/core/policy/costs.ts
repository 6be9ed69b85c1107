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
  capital: number;
};

/**
 * Cost of one trade as a ratio of net asset value; `trade` is a signed weight change.
 * The same function estimates a decision's cost and charges its fill.
 */
export function tradeCost(model: CostModel, symbol: string, trade: number): number {
  const costs = model.bySymbol[symbol] ?? model.base;
  const traded = Math.abs(trade);
  const days = costs.averageDailyValue ? (traded * model.capital) / costs.averageDailyValue : 0;
  return (traded * (costs.commissionBps + costs.halfSpreadBps + costs.impactBps * Math.sqrt(days))) / 10_000;
}
