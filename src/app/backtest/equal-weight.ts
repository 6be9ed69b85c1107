import { readBars } from '../../adapters/postgres/bar-rows.ts';
import type { Session } from '../../core/calendar/session.ts';
import { noForecast } from '../../core/forecast/forecast-result.ts';
import { equalWeightPolicy } from '../../core/policy/benchmark.ts';
import { decisionSessions } from '../../core/policy/decide.ts';
import { symbolsRead } from '../../core/policy/policy.ts';
import { panelOf, readFrom } from '../../tasks/panel.ts';
import { type Portfolio, pricedSymbols, windowStart } from '../../tasks/portfolio.ts';
import type { Context } from '../context.ts';
import { type Measured, measuredWalk } from './backtest.ts';

/** Equal weight walked forward beside a portfolio, on the same stored prices, up to `last`. */
export async function equalWeight(context: Context, portfolio: Portfolio, last: Session): Promise<Measured> {
  const { plan, sourceName } = portfolio;
  const policy = equalWeightPolicy(portfolio.policy);
  const from = windowStart(portfolio, plan.inception, decisionSessions(policy));
  const window = {
    source: sourceName,
    symbols: pricedSymbols(portfolio),
    from: readFrom(portfolio, from),
    to: last,
  };
  const bars = await readBars(context.database, { ...window, vintage: null });
  const panel = panelOf(portfolio, bars, plan.calendar.sessions(from, last)).select(symbolsRead(policy));
  return measuredWalk(portfolio, policy, panel, () => noForecast('equal weight needs none'));
}
