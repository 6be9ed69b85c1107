import { readBars } from '../adapters/postgres/bar-rows.ts';
import { performance } from '../core/evaluation/performance.ts';
import { walkForward } from '../core/evaluation/walk-forward.ts';
import { noOutlook } from '../core/forecast/outlook.ts';
import { panelFromBars } from '../core/market/panel.ts';
import type { Session } from '../core/market/session.ts';
import { decisionSessions } from '../core/policy/decide.ts';
import type { PortfolioPolicy } from '../core/policy/policy.ts';
import { isRebalanceSession } from '../core/schedule/plan.ts';
import { type Portfolio, windowStart } from '../tasks/portfolio.ts';
import type { Context } from './context.ts';

/** 1/N over the same symbols, months and costs: no forecast, no cap, no drawdown limit. */
export function equalPolicy(policy: PortfolioPolicy): PortfolioPolicy {
  return {
    ...policy,
    allocator: 'equal',
    bounds: { lower: 0, upper: 1 },
    boundsBySymbol: {},
    cashRatio: 0,
    turnoverOneWayMax: null,
    noTradeBandRatio: 0,
    drawdown: null,
  };
}

/** Equal weight walked forward beside a portfolio, on the same stored prices, up to `last`. */
export async function equalWeight(context: Context, portfolio: Portfolio, last: Session) {
  const { plan, source, sourceName } = portfolio;
  const policy = equalPolicy(portfolio.policy);
  const from = windowStart(portfolio, plan.inception, decisionSessions(policy));
  const bars = await readBars(context.database, {
    source: sourceName,
    symbols: policy.symbols,
    from,
    to: last,
    vintage: null,
  });
  const panel = panelFromBars(bars, plan.calendar.sessions(from, last), policy.symbols, () => source.basis);
  const walk = walkForward({
    panel,
    policy,
    inception: plan.inception,
    isRebalanceSession: (session) => isRebalanceSession(plan, session),
    outlookAt: () => noOutlook('equal weight needs none'),
  });
  const after = walk.valuations.slice(1);
  return {
    name: 'equal weight',
    gross: performance(after.map((v) => v.returnGross)),
    net: performance(after.map((v) => v.returnNet)),
    turnoverTwoWay: walk.fills.reduce((sum, fill) => sum + fill.turnoverTwoWay, 0),
    costRatio: walk.fills.reduce((sum, fill) => sum + fill.costRatio, 0),
    sessions: after.length,
  };
}
