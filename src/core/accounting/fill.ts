import type { PortfolioPolicy } from '../policy/policy.ts';
import { type Holdings, tradingTo } from '../portfolio/holdings.ts';

/** What a fill really cost, against holdings as drifted to it. */
export type Fill = { turnoverOneWay: number; turnoverTwoWay: number; costRatio: number };

/** The weight each asset is to be traded to; null where it is left alone. In the policy's symbol order. */
export type Goals = readonly (number | null)[];

/** Cash of less than this below its least is rounding. */
const cashTolerance = 1e-12;

/**
 * Trades holdings, as drifted, to their goals, and nothing else: what no decision asked for is not traded back. An asset
 * without a price at this session cannot be traded, and its goal waits. Purchases shrink together where cash would fall
 * below `cashMin`, because something is worth more than when it was decided or a sale waits; they wait on for that sale.
 */
export function fillGoals(
  drifted: Holdings,
  goals: Goals,
  priced: readonly boolean[],
  cashMin: number,
  policy: Pick<PortfolioPolicy, 'symbols' | 'costs'>,
): Fill & { holdings: Holdings; waiting: (number | null)[] } {
  const waiting = goals.map((goal, i) => (priced[i] ? null : goal));
  const wanted = drifted.weights.map((weight, i) => (priced[i] ? (goals[i] ?? weight) : weight));
  const share = purchaseShare(drifted.weights, wanted, cashMin);
  const weights = wanted.map((goal, i) => {
    const weight = drifted.weights[i]!;
    return share < 1 && goal > weight ? weight + share * (goal - weight) : goal;
  });
  if (share < 1 && waiting.some((goal, i) => goal !== null && goal < drifted.weights[i]!))
    wanted.forEach((goal, i) => {
      if (goal > drifted.weights[i]!) waiting[i] = goal;
    });
  const { turnoverOneWay, turnoverTwoWay, costRatio } = tradingTo(
    drifted,
    weights,
    policy.symbols,
    policy.costs,
  );
  const isStill = turnoverTwoWay === 0;
  const holdings = isStill
    ? drifted
    : { weights, cash: 1 - weights.reduce((sum, weight) => sum + weight, 0) };
  return { holdings, waiting, turnoverOneWay, turnoverTwoWay, costRatio };
}

/** The share of all purchases that leaves cash at its least. */
function purchaseShare(from: readonly number[], to: readonly number[], cashMin: number): number {
  const missing = cashMin - (1 - to.reduce((sum, weight) => sum + weight, 0));
  if (missing <= cashTolerance) return 1;
  const bought = to.reduce((sum, weight, i) => sum + Math.max(0, weight - from[i]!), 0);
  return Math.max(0, 1 - missing / bought);
}
