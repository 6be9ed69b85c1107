import { type CostModel, tradeCost } from './costs.ts';

/** What cash is called among symbols; no asset may be called so. */
export const cashSymbol = 'CASH';

/** Holdings as ratios of their own net asset value, in the policy's symbol order; weights and cash sum to 1. */
export type Holdings = { weights: number[]; cash: number };

export const emptyHoldings = (size: number): Holdings => ({
  weights: new Array<number>(size).fill(0),
  cash: 1,
});

/** Share of the holdings that is not cash. */
export function invested(holdings: Holdings): number {
  return holdings.weights.reduce((sum, weight) => sum + weight, 0);
}

/** One session passes: each holding and cash earn their simple returns, and the weights drift. */
export function drift(
  holdings: Holdings,
  returns: readonly number[],
  cashReturn = 0,
): { holdings: Holdings; earned: number } {
  const grown = holdings.weights.map((weight, i) => weight * (1 + returns[i]!));
  const cash = holdings.cash * (1 + cashReturn);
  const value = grown.reduce((sum, weight) => sum + weight, cash);
  return {
    holdings: { weights: grown.map((weight) => weight / value), cash: cash / value },
    earned: value - 1,
  };
}

export type Trading = { turnoverOneWay: number; turnoverTwoWay: number; costRatio: number; costs: number[] };

/**
 * What it takes to go from `holdings`, as drifted, to `targets`.
 * Two-way turnover is the traded notional, the sum of absolute weight changes without cash; one-way is half of it.
 */
export function tradingTo(
  holdings: Holdings,
  targets: readonly number[],
  symbols: readonly string[],
  model: CostModel,
): Trading {
  const trades = targets.map((target, i) => target - holdings.weights[i]!);
  const costs = trades.map((trade, i) => tradeCost(model, symbols[i]!, trade));
  const turnoverTwoWay = trades.reduce((sum, trade) => sum + Math.abs(trade), 0);
  return {
    turnoverOneWay: turnoverTwoWay / 2,
    turnoverTwoWay,
    costRatio: costs.reduce((sum, cost) => sum + cost, 0),
    costs,
  };
}
