import type { Holdings } from '../portfolio/holdings.ts';
import { cashProxyIndex, type PortfolioPolicy } from './policy.ts';

/** What the limits see: the cash proxy counts as the cash it stands in for. */
export function withoutCashProxy(holdings: Holdings, policy: PortfolioPolicy): Holdings {
  const proxy = cashProxyIndex(policy);
  if (proxy === null) return holdings;
  const weights = holdings.weights.map((weight, i) => (i === proxy ? 0 : weight));
  return { weights, cash: holdings.cash + holdings.weights[proxy]! };
}

/** Puts the cash proxy's weight beside weights at risk: as much as is left, or what trades it least. */
export function proxyWeights(policy: PortfolioPolicy, holdings: Holdings, cashProxy: number | null) {
  const investedMax = 1 - policy.cashRatio;
  const left = (weights: readonly number[]) =>
    Math.min(investedMax, Math.max(0, investedMax - weights.reduce((sum, w) => sum + w, 0)));
  const beside = (weights: readonly number[], weight: number) =>
    weights.map((w, i) => (i === cashProxy ? weight : w));
  if (cashProxy === null)
    return { filled: (weights: number[]) => weights, leastTraded: (weights: number[]) => weights };
  const held = Math.max(0, holdings.weights[cashProxy]!);
  return {
    filled: (weights: number[]) => beside(weights, left(weights)),
    leastTraded: (weights: number[]) => beside(weights, Math.min(held, left(weights))),
  };
}

/** Weights with nothing in the cash proxy: what bounds, groups and gross limit are about. */
export const atRiskOf = (weights: readonly number[], policy: PortfolioPolicy) =>
  withoutCashProxy({ weights: [...weights], cash: 0 }, policy).weights;
