import type { Session } from '../market/session.ts';
import { type Book, drift, emptyBook, tradingTo } from './book.ts';
import type { Decision } from './decision.ts';
import { type DrawdownStatus, initialDrawdown, isStricter, stepDrawdown } from './drawdown.ts';
import type { PortfolioPolicy } from './policy.ts';

/** A portfolio at one session's close, after that session's fill. Net asset values start at 1. */
export type Valuation = {
  session: Session;
  navGross: number;
  navNet: number;
  /** net NAV of the shadow portfolio: the same policy and costs without the drawdown limit */
  navShadow: number;
  returnGross: number;
  returnNet: number;
  live: Book;
  shadow: Book;
  /** one-way distance of the live book from the last decision's targets */
  driftOneWay: number;
  drawdown: DrawdownStatus;
};

/** What a fill really cost, against holdings as drifted to it. */
export type Fill = { turnoverOneWay: number; turnoverTwoWay: number; costRatio: number };

/** All in cash, before anything was decided. */
export function openingValuation(session: Session, policy: PortfolioPolicy): Valuation {
  const book = emptyBook(policy.symbols.length);
  return {
    session,
    navGross: 1,
    navNet: 1,
    navShadow: 1,
    returnGross: 0,
    returnNet: 0,
    live: book,
    shadow: book,
    driftOneWay: 0,
    drawdown: initialDrawdown(session, 1),
  };
}

/**
 * One session passes. The old holdings earn it; then `pending`, the decision made at the close before, is filled at
 * this close and charged against the drifted holdings; then the drawdown state steps on net NAV.
 * `targets` are those of the newest decision, for the drift. Returns are simple, in the policy's symbol order.
 */
export function revalue(
  before: Valuation,
  session: Session,
  returns: readonly number[],
  pending: Decision | null,
  targets: readonly number[] | null,
  policy: PortfolioPolicy,
): { valuation: Valuation; fill: Fill | null; stricter: boolean } {
  let { book: live, earned } = drift(before.live, returns);
  let { book: shadow, earned: shadowEarned } = drift(before.shadow, returns);
  let charged = 0;
  let shadowCharged = 0;
  let fill: Fill | null = null;
  if (pending) {
    const aims = aimsOf(pending, policy.symbols);
    const trading = tradingTo(live, aims.live, policy.symbols, policy.costs);
    charged = trading.costRatio;
    shadowCharged = tradingTo(shadow, aims.shadow, policy.symbols, policy.costs).costRatio;
    live = bookOf(aims.live);
    shadow = bookOf(aims.shadow);
    fill = {
      turnoverOneWay: trading.turnoverOneWay,
      turnoverTwoWay: trading.turnoverTwoWay,
      costRatio: charged,
    };
  }
  const returnNet = (1 + earned) * (1 - charged) - 1;
  const navNet = before.navNet * (1 + returnNet);
  const navShadow = before.navShadow * (1 + shadowEarned) * (1 - shadowCharged);
  const drawdown = stepDrawdown(before.drawdown, session, navNet, navShadow, policy.drawdown);
  const valuation: Valuation = {
    session,
    navGross: before.navGross * (1 + earned),
    navNet,
    navShadow,
    returnGross: earned,
    returnNet,
    live,
    shadow,
    driftOneWay: targets ? tradingTo(live, targets, policy.symbols, policy.costs).turnoverOneWay : 0,
    drawdown,
  };
  return { valuation, fill, stricter: isStricter(before.drawdown.state, drawdown.state, policy.drawdown) };
}

function bookOf(weights: readonly number[]): Book {
  return { weights: [...weights], cash: 1 - weights.reduce((s, w) => s + w, 0) };
}

/** A decision's targets in the order of `symbols`, which may have changed since it was made. */
function aimsOf({ lines, shadowTargets, asOf }: Decision, symbols: readonly string[]) {
  const stranger = lines.find(
    (line, i) => !symbols.includes(line.symbol) && (line.target || shadowTargets[i]),
  );
  if (stranger)
    throw new Error(
      `the decision of ${asOf} buys ${stranger.symbol}, not among the portfolio's symbols; keep a symbol with bounds 0..0 to sell it`,
    );
  const places = symbols.map((symbol) => lines.findIndex((line) => line.symbol === symbol));
  return {
    live: places.map((place) => lines[place]?.target ?? 0),
    shadow: places.map((place) => shadowTargets[place] ?? 0),
  };
}
