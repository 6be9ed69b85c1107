import type { Session } from '../calendar/session.ts';
import type { Decision } from '../policy/decision.ts';
import { atWorth, type PortfolioPolicy } from '../policy/policy.ts';
import {
  actsDifferently,
  type DrawdownStatus,
  initialDrawdown,
  stepDrawdown,
} from '../portfolio/drawdown.ts';
import { emptyHoldings, type Holdings, tradingTo } from '../portfolio/holdings.ts';
import { type Fill, fill, isWaiting, nothingWaits, tradesOf, type Unfilled } from './fill.ts';
import type { Market } from './market.ts';
import { passed, settled, withoutClosed } from './settle.ts';

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
  /** decided trades that wait for a close of their symbol, or for the next decision; null where none does */
  unfilled: Unfilled | null;
};

export type RevalueOptions = {
  /** what the account was worth at the close before, in the portfolio's currency; left out: as configured */
  portfolioValue?: number;
  /** cost that was charged at this session when it was first valued, a ratio of NAV; null or left out: it is now */
  charged?: number | null;
  /** simple return of cash; 0 where left out */
  cashReturn?: number;
};

export type Step = {
  valuation: Valuation;
  /** null where nothing was to be filled */
  fill: Fill | null;
  stateChanged: boolean;
  /** true where the session lost everything, so that NAV stands at the floor */
  isRuined: boolean;
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

/**
 * One session passes. The old holdings earn it, and what is closed for good becomes cash; then `pending`, the decision
 * made at the close before, or what still waits of an earlier one, is filled at this close and charged against the
 * drifted holdings; then the drawdown state steps on net NAV. `targets` are those of the newest decision, for the drift.
 * A fill is charged by what the account was worth and what the session earned. A session that loses everything leaves the
 * floor, in cash, and the state `halted`.
 */
export function revalue(
  before: Valuation,
  session: Session,
  market: Market,
  pending: Decision | null,
  targets: readonly number[] | null,
  configured: PortfolioPolicy,
  { portfolioValue, charged = null, cashReturn = 0 }: RevalueOptions = {},
): Step {
  const { symbols } = configured;
  const live = passed(before.live, market, cashReturn);
  const shadow = passed(before.shadow, market, cashReturn);
  const policy = atWorth(configured, portfolioValue && portfolioValue * (1 + live.earned));
  if (pending) checkKnown(pending, symbols);
  const due = pending ? tradesOf(pending, before.shadow.weights, symbols) : before.unfilled;
  const trade = (of: 'live' | 'shadow', drifted: Holdings) =>
    due && fill(drifted, withoutClosed(due[of], symbols, market), symbols, market.priced);
  const liveTrade = settled(live, trade('live', live.holdings), policy, charged);
  const shadowTrade = settled(shadow, trade('shadow', shadow.holdings), policy, null);
  const navNet = before.navNet * (1 + liveTrade.returnNet);
  const navShadow = before.navShadow * (1 + shadowTrade.returnGross) * (1 - shadowTrade.costRatio);
  const stepped = stepDrawdown(
    before.drawdown,
    session,
    navNet,
    navShadow,
    policy.drawdown,
    pending?.exposureRatio ?? null,
  );
  const drawdown = liveTrade.isRuined ? halted(stepped, session) : stepped;
  const waiting = { live: liveTrade.waiting, shadow: shadowTrade.waiting };
  const unfilled = waiting.live && waiting.shadow ? { live: waiting.live, shadow: waiting.shadow } : null;
  const valuation: Valuation = {
    session,
    navGross: before.navGross * (1 + liveTrade.returnGross),
    navNet,
    navShadow,
    returnGross: liveTrade.returnGross,
    returnNet: liveTrade.returnNet,
    live: liveTrade.holdings,
    shadow: shadowTrade.holdings,
    driftOneWay: targets ? tradingTo(liveTrade.holdings, targets, symbols, policy.costs).turnoverOneWay : 0,
    drawdown,
    unfilled: unfilled && !nothingWaits(unfilled) ? unfilled : null,
  };
  const { traded, turnoverOneWay, turnoverTwoWay, costRatio } = liveTrade;
  const isFilled = traded || (pending !== null && !isWaiting(liveTrade.waiting));
  return {
    valuation,
    fill: isFilled ? { turnoverOneWay, turnoverTwoWay, costRatio } : null,
    stateChanged: liveTrade.isRuined || actsDifferently(before.drawdown, drawdown, policy.drawdown),
    isRuined: liveTrade.isRuined,
  };
}

/** Whatever the limits are, and without any: what has lost everything is not invested on. */
function halted(stepped: DrawdownStatus, session: Session): DrawdownStatus {
  return stepped.state === 'halted'
    ? stepped
    : { ...stepped, state: 'halted', since: session, sessionsInState: 0 };
}

/** Throws where a decision wants held what the portfolio does not know any more. */
function checkKnown({ lines, shadowTargets, asOf }: Decision, symbols: readonly string[]): void {
  const known = new Set(symbols);
  const unknown = lines.find(
    (line, i) => !known.has(line.symbol) && (line.target !== 0 || shadowTargets[i] !== 0),
  );
  if (unknown)
    throw new Error(
      `the decision of ${asOf} buys ${unknown.symbol}, not among the portfolio's symbols; expected those still held or waited for to be among them`,
    );
}
