import type { PortfolioPolicy } from '../policy/policy.ts';
import { drift, emptyHoldings, type Holdings, tradingTo } from '../portfolio/holdings.ts';
import type { Fill, Filled, Waiting } from './fill.ts';
import type { Market } from './market.ts';

/** The least a session leaves of NAV: whoever is short can lose more than everything, but a NAV must stay above 0. */
const navFloorRatio = 1e-6;

/** Holdings after a session, before its fill. */
export type Passed = { holdings: Holdings; earned: number };

/** Each holding earns its return; what is closed for good becomes cash at what is recovered of its last close. */
export function passed(held: Holdings, { returns, closings }: Market, cashReturn = 0): Passed {
  if (closings.every((recovered) => recovered === null)) return drift(held, returns, cashReturn);
  const returned = returns.map((earned, i) => (1 + earned) * (closings[i] ?? 1) - 1);
  const { holdings, earned } = drift(held, returned, cashReturn);
  const closed = holdings.weights.reduce((sum, weight, i) => (closings[i] === null ? sum : sum + weight), 0);
  const weights = holdings.weights.map((weight, i) => (closings[i] === null ? weight : 0));
  return { holdings: { weights, cash: holdings.cash + closed }, earned };
}

/** Nothing waits for a close that never comes. */
export function withoutClosed(
  { targets, cashMin }: Waiting,
  symbols: readonly string[],
  { closings }: Market,
): Waiting {
  const isClosed = (symbol: string) => (closings[symbols.indexOf(symbol)] ?? null) !== null;
  return {
    targets: Object.fromEntries(Object.entries(targets).filter(([symbol]) => !isClosed(symbol))),
    cashMin,
  };
}

/** What a session and its fill have left. */
export type Settled = Fill & {
  holdings: Holdings;
  waiting: Waiting | null;
  traded: boolean;
  returnGross: number;
  returnNet: number;
  isRuined: boolean;
};

/** What was filled, charged: `charged` as it was when the fill was made, else what the trades cost. */
export function settled(
  { holdings: drifted, earned }: Passed,
  filled: Filled | null,
  { symbols, costs }: PortfolioPolicy,
  charged: number | null,
): Settled {
  const holdings = filled?.holdings ?? drifted;
  const traded = filled?.traded ?? false;
  const none = { turnoverOneWay: 0, turnoverTwoWay: 0, costRatio: 0 };
  const trading = traded ? tradingTo(drifted, holdings.weights, symbols, costs) : none;
  const costRatio = charged ?? trading.costRatio;
  const returnNet = (1 + earned) * (1 - costRatio) - 1;
  const leaves = (ratio: number) => 1 + ratio > navFloorRatio;
  if (!(leaves(earned) && leaves(returnNet))) {
    const lost = navFloorRatio - 1;
    const cash = emptyHoldings(symbols.length);
    return {
      ...none,
      holdings: cash,
      waiting: null,
      traded: false,
      returnGross: lost,
      returnNet: lost,
      isRuined: true,
    };
  }
  const { turnoverOneWay, turnoverTwoWay } = trading;
  const waiting = filled?.waiting ?? null;
  return {
    holdings,
    waiting,
    traded,
    turnoverOneWay,
    turnoverTwoWay,
    costRatio,
    returnGross: earned,
    returnNet,
    isRuined: false,
  };
}
