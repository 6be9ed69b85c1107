import type { Session } from '../calendar/session.ts';
import type { Decision } from '../policy/decision.ts';
import { atWorth, type PortfolioPolicy } from '../policy/policy.ts';
import {
  actsDifferently,
  type DrawdownStatus,
  initialDrawdown,
  stepDrawdown,
} from '../portfolio/drawdown.ts';
import { drift, emptyHoldings, type Holdings, tradingTo } from '../portfolio/holdings.ts';
import { type Fill, fillGoals, type Goals } from './fill.ts';

export type { Fill } from './fill.ts';

/** A portfolio at one session's close, after that session's fill. Net asset values start at 1. */
export type Valuation = {
  session: Session;
  navGross: number;
  navNet: number;
  /** net NAV of the shadow portfolio: the same policy and costs without the drawdown limit */
  navShadow: number;
  returnGross: number;
  returnNet: number;
  live: Holdings;
  shadow: Holdings;
  /** one-way distance of the live holdings from the last decision's targets */
  driftOneWay: number;
  drawdown: DrawdownStatus;
  /** trades decided and not made yet; null when there are none */
  unfilled: Unfilled | null;
};

/** Targets that wait for the next price of their symbol, by symbol. */
export type Unfilled = { live: Record<string, number>; shadow: Record<string, number> };

/** What a session brought each of the policy's symbols, in its order. */
export type SessionMarket = {
  /** simple total returns in the portfolio's currency */
  returns: readonly number[];
  /** whether the symbol has a price at this session: only then can it be traded */
  priced: readonly boolean[];
  /** what a holding that does not trade any more is closed at, as a ratio of its last price; null while it trades */
  closings: readonly (number | null)[];
  /** simple return of cash */
  cashReturn: number;
};

/** All in cash, before anything was decided. */
export function openingValuation(session: Session, policy: PortfolioPolicy): Valuation {
  const holdings = emptyHoldings(policy.symbols.length);
  return {
    session,
    navGross: 1,
    navNet: 1,
    navShadow: 1,
    returnGross: 0,
    returnNet: 0,
    live: holdings,
    shadow: holdings,
    driftOneWay: 0,
    drawdown: initialDrawdown(session, 1),
    unfilled: null,
  };
}

/** What came of a session. */
export type Step = {
  valuation: Valuation;
  /** what was traded; null where nothing was to be */
  fill: Fill | null;
  /** the drawdown limit allows another exposure than before */
  stateChanged: boolean;
  /** held symbols that do not trade any more and were closed */
  closed: string[];
  /** everything was lost: NAV stands at `navFloorRatio` of what it was, all in cash */
  isRuined: boolean;
};

/** What is left of a portfolio that a short position has ruined: NAV is a ratio and cannot pass through 0. */
const navFloorRatio = 1e-6;

/**
 * One session passes. The old holdings earn it; holdings that do not trade any more are closed; then `pending`, the
 * decision made at the close before, is filled at this close and charged against the drifted holdings, with what has
 * waited for a price; then the drawdown state steps on net NAV. `targets` are those of the newest decision, for the drift.
 * `portfolioValue` is what the account was worth at the close before (left out: as configured); a fill is charged by that
 * and what the session earned, or as `charged` where it was made before (a fill is a fact, whatever prices say later).
 */
export function revalue(
  before: Valuation,
  session: Session,
  market: SessionMarket,
  pending: Decision | null,
  targets: readonly number[] | null,
  configured: PortfolioPolicy,
  options: { portfolioValue?: number | undefined; charged?: Fill | null } = {},
): Step {
  const { portfolioValue, charged = null } = options;
  const live = passed(before.live, market);
  const policy = atWorth(configured, portfolioValue && portfolioValue * (1 + live.earned));
  const shadow = passed(before.shadow, market);
  const goals = goalsOf(before, pending, market, policy.symbols);
  const cashMin = Math.min(0, pending?.cash.target ?? 0);
  const liveFill = fillGoals(live.holdings, goals.live, market.priced, cashMin, policy);
  const shadowFill = fillGoals(shadow.holdings, goals.shadow, market.priced, 0, policy);
  const { turnoverOneWay, turnoverTwoWay, costRatio } = charged ?? liveFill;
  const returnNet = (1 + live.earned) * (1 - costRatio) - 1;
  const navNet = before.navNet * (1 + returnNet);
  const navShadow = before.navShadow * (1 + shadow.earned) * (1 - shadowFill.costRatio);
  const drawdown = stepDrawdown(
    before.drawdown,
    session,
    navNet,
    navShadow,
    policy.drawdown,
    pending?.exposureRatio ?? null,
  );
  const valuation: Valuation = {
    session,
    navGross: before.navGross * (1 + live.earned),
    navNet,
    navShadow,
    returnGross: live.earned,
    returnNet,
    live: liveFill.holdings,
    shadow: shadowFill.holdings,
    driftOneWay: targets
      ? tradingTo(liveFill.holdings, targets, policy.symbols, policy.costs).turnoverOneWay
      : 0,
    drawdown,
    unfilled: unfilledOf(liveFill.waiting, shadowFill.waiting, policy.symbols),
  };
  const isFilled = pending !== null || turnoverTwoWay > 0;
  return {
    valuation,
    fill: isFilled ? { turnoverOneWay, turnoverTwoWay, costRatio } : null,
    stateChanged: actsDifferently(before.drawdown, drawdown, policy.drawdown),
    closed: policy.symbols.filter(
      (_, i) =>
        market.closings[i] !== null && (before.live.weights[i] !== 0 || before.shadow.weights[i] !== 0),
    ),
    isRuined: live.isRuined,
  };
}

/** Holdings once a session has passed over them: drifted, and what does not trade any more turned into cash. */
function passed(
  before: Holdings,
  { returns, closings, cashReturn }: SessionMarket,
): { holdings: Holdings; earned: number; isRuined: boolean } {
  const closing = (i: number) => closings[i] ?? null;
  const earnedBy = returns.map((earned, i) => {
    const recovery = closing(i);
    return recovery === null ? earned : recovery - 1;
  });
  const { holdings, earned } = drift(before, earnedBy, cashReturn);
  if (!(1 + earned > navFloorRatio))
    return { holdings: emptyHoldings(before.weights.length), earned: navFloorRatio - 1, isRuined: true };
  if (closings.every((recovery, i) => recovery === null || holdings.weights[i] === 0))
    return { holdings, earned, isRuined: false };
  const weights = holdings.weights.map((weight, i) => (closing(i) === null ? weight : 0));
  const cash = 1 - weights.reduce((sum, weight) => sum + weight, 0);
  return { holdings: { weights, cash }, earned, isRuined: false };
}

/**
 * What is to be traded: a pending decision's targets where they differ from what was held when it was made, else the ones
 * of before that still wait. A decision for exactly what is held asks for no trade, so what the session has moved is not
 * traded back; what was closed is traded no more.
 */
function goalsOf(
  before: Valuation,
  pending: Decision | null,
  { closings }: SessionMarket,
  symbols: readonly string[],
): { live: Goals; shadow: Goals } {
  const open = (goals: (number | null)[]): Goals =>
    goals.map((goal, i) => (closings[i] === null ? goal : null));
  if (pending === null) {
    const waiting = (by: Record<string, number> | undefined) =>
      open(symbols.map((symbol) => by?.[symbol] ?? null));
    return { live: waiting(before.unfilled?.live), shadow: waiting(before.unfilled?.shadow) };
  }
  const decided = targetsInOrder(pending, symbols);
  const differing = (targets: readonly number[], held: Holdings) =>
    open(targets.map((target, i) => (target === held.weights[i] ? null : target)));
  return {
    live: differing(decided.live, before.live),
    shadow: differing(decided.shadow, before.shadow),
  };
}

function unfilledOf(live: Goals, shadow: Goals, symbols: readonly string[]): Unfilled | null {
  const bySymbol = (goals: Goals) =>
    Object.fromEntries(goals.flatMap((goal, i) => (goal === null ? [] : [[symbols[i]!, goal]])));
  const unfilled = { live: bySymbol(live), shadow: bySymbol(shadow) };
  return Object.keys(unfilled.live).length + Object.keys(unfilled.shadow).length > 0 ? unfilled : null;
}

/** A decision's targets in the order of `symbols`, which may have changed since it was made. */
function targetsInOrder({ lines, shadowTargets, asOf }: Decision, symbols: readonly string[]) {
  const known = new Set(symbols);
  const unknownSymbol = lines.find(
    (line, i) => !known.has(line.symbol) && (line.target > 0 || shadowTargets[i]! > 0),
  );
  if (unknownSymbol)
    throw new Error(
      `the decision of ${asOf} buys ${unknownSymbol.symbol}, not among the portfolio's symbols; keep a symbol with bounds 0..0 to sell it`,
    );
  const places = new Map(lines.map(({ symbol }, i) => [symbol, i]));
  const inOrder = (targets: readonly number[]) => symbols.map((symbol) => targets[places.get(symbol)!] ?? 0);
  return { live: inOrder(lines.map((line) => line.target)), shadow: inOrder(shadowTargets) };
}
