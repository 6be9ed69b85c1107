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
};

/** What a fill really cost, against holdings as drifted to it. */
export type Fill = { turnoverOneWay: number; turnoverTwoWay: number; costRatio: number };

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
  };
}

/**
 * One session passes. The old holdings earn it; then `pending`, the decision made at the close before, is filled at
 * this close and charged against the drifted holdings; then the drawdown state steps on net NAV.
 * `targets` are those of the newest decision, for the drift. Returns are simple, in the policy's symbol order;
 * cash earns `cashReturn`. `portfolioValue` is what the account was worth at the close before (left out: as configured);
 * a fill is charged by that and what the session earned.
 */
export function revalue(
  before: Valuation,
  session: Session,
  returns: readonly number[],
  pending: Decision | null,
  targets: readonly number[] | null,
  configured: PortfolioPolicy,
  portfolioValue?: number,
  cashReturn = 0,
): { valuation: Valuation; fill: Fill | null; stateChanged: boolean } {
  const live = drift(before.live, returns, cashReturn);
  const policy = atWorth(configured, portfolioValue && portfolioValue * (1 + live.earned));
  const shadow = drift(before.shadow, returns, cashReturn);
  const decided = pending && targetsInOrder(pending, policy.symbols);
  const liveFill = fillAt(live.holdings, before.live, decided?.live, policy);
  const shadowFill = fillAt(shadow.holdings, before.shadow, decided?.shadow, policy);
  const returnNet = (1 + live.earned) * (1 - liveFill.costRatio) - 1;
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
  };
  const { turnoverOneWay, turnoverTwoWay, costRatio } = liveFill;
  const fill = pending ? { turnoverOneWay, turnoverTwoWay, costRatio } : null;
  return { valuation, fill, stateChanged: actsDifferently(before.drawdown, drawdown, policy.drawdown) };
}

/**
 * Trades a holdings, as drifted, to what was decided when it was `held`. A decision for exactly what is held (inside the
 * no-trade band, or holding on) asks for no trade, so what the session has moved is not traded back.
 */
function fillAt(
  drifted: Holdings,
  held: Holdings,
  targets: readonly number[] | undefined,
  policy: PortfolioPolicy,
): Fill & { holdings: Holdings } {
  if (!targets || targets.every((target, i) => target === held.weights[i]))
    return { holdings: drifted, turnoverOneWay: 0, turnoverTwoWay: 0, costRatio: 0 };
  const holdings = { weights: [...targets], cash: 1 - targets.reduce((sum, target) => sum + target, 0) };
  return { holdings, ...tradingTo(drifted, targets, policy.symbols, policy.costs) };
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
