import type { Decision } from '../policy/decision.ts';
import type { Holdings } from '../portfolio/holdings.ts';

/** Decided trades that wait for a close of their symbol: the weight to go to, by symbol. */
export type Waiting = {
  targets: Record<string, number>;
  /** cash must not fall below this by a purchase, a ratio of net asset value: 0, or what the decision itself borrows */
  cashMin: number;
};

/** What of the newest decision is not traded yet, of live and shadow holdings. */
export type Unfilled = { live: Waiting; shadow: Waiting };

export const isWaiting = (waiting: Waiting | null): boolean =>
  waiting !== null && Object.keys(waiting.targets).length > 0;

export const nothingWaits = ({ live, shadow }: Unfilled): boolean => !isWaiting(live) && !isWaiting(shadow);

/** What a fill really cost, against holdings as drifted to it. */
export type Fill = { turnoverOneWay: number; turnoverTwoWay: number; costRatio: number };

/** A weight that differs by less than this is the same: sums of weights carry rounding. */
const sameWeight = 1e-12;

/**
 * What a decision asks to be traded. Of the live holdings it says so itself, whatever has been restated since; the shadow
 * ones are traded where the target is another weight than was held.
 */
export function tradesOf(
  { lines, cash, shadowTargets }: Decision,
  shadowHeld: readonly number[],
  symbols: readonly string[],
): Unfilled {
  const places = new Map(symbols.map((symbol, i) => [symbol, i]));
  const heldInShadow = (symbol: string) => shadowHeld[places.get(symbol) ?? -1] ?? 0;
  const live = lines
    .filter(({ trade }) => Math.abs(trade) > sameWeight)
    .map(({ symbol, target }) => [symbol, target]);
  const shadow = lines
    .map(({ symbol }, i) => [symbol, shadowTargets[i]!] as const)
    .filter(([symbol, target]) => Math.abs(target - heldInShadow(symbol)) > sameWeight);
  const shadowCash = 1 - shadowTargets.reduce((sum, target) => sum + target, 0);
  return {
    live: { targets: Object.fromEntries(live), cashMin: Math.min(0, cash.target) },
    shadow: { targets: Object.fromEntries(shadow), cashMin: Math.min(0, shadowCash) },
  };
}

/** Holdings after the trades that could be made, and those that could not. */
export type Filled = { holdings: Holdings; waiting: Waiting; traded: boolean };

/**
 * Trades what waits and has a close (`priced`) from holdings as drifted: those assets go to their targets, everything else
 * stays as it is, and cash takes the difference. Where it does not suffice, purchases shrink together.
 */
export function fill(
  drifted: Holdings,
  { targets, cashMin }: Waiting,
  symbols: readonly string[],
  priced: readonly boolean[],
): Filled {
  const wanted = new Map(Object.entries(targets));
  const weights = drifted.weights.map((weight, i) => {
    const target = priced[i] ? wanted.get(symbols[i]!) : undefined;
    if (target === undefined) return weight;
    wanted.delete(symbols[i]!);
    return target;
  });
  const waiting = { targets: Object.fromEntries(wanted), cashMin };
  const traded = wanted.size < Object.keys(targets).length;
  return { holdings: traded ? affordable(drifted, weights, cashMin) : drifted, waiting, traded };
}

function affordable(drifted: Holdings, weights: number[], cashMin: number): Holdings {
  const cashOf = (of: readonly number[]) => 1 - of.reduce((sum, weight) => sum + weight, 0);
  const lacking = cashMin - cashOf(weights);
  if (!(lacking > sameWeight)) return { weights, cash: cashOf(weights) };
  const bought = weights.reduce((sum, weight, i) => sum + Math.max(0, weight - drifted.weights[i]!), 0);
  const share = Math.max(0, 1 - lacking / bought);
  const shrunk = weights.map((weight, i) => {
    const before = drifted.weights[i]!;
    return weight > before ? before + share * (weight - before) : weight;
  });
  return { weights: shrunk, cash: cashOf(shrunk) };
}
