import { readBars } from '../../adapters/postgres/bar-rows.ts';
import { chargedSoFar, readDecisions } from '../../adapters/postgres/decision-rows.ts';
import { readNavs } from '../../adapters/postgres/valuation-rows.ts';
import { cashReturn } from '../../core/accounting/cash-returns.ts';
import type { Session } from '../../core/calendar/session.ts';
import { panelOf, readFrom } from '../../tasks/panel.ts';
import { type Portfolio, pricedSymbols } from '../../tasks/portfolio.ts';
import { type Compared, measuredReturns } from '../backtest/backtest.ts';
import { equalWeight } from '../backtest/equal-weight.ts';
import type { Context } from '../context.ts';

/** What a portfolio did from `first` to `last`: sessions valued, decisions made, its measures and equal weight's. */
export type TrackRecord = {
  first: Session;
  last: Session;
  sessions: number;
  decisions: number;
  columns: Compared[];
};

/** Measures a portfolio's stored walk up to `last`, beside equal weight on the same stored prices. */
export async function readTrackRecord(
  context: Context,
  portfolio: Portfolio,
  last: Session,
): Promise<TrackRecord> {
  const { database } = context;
  const { id, policy } = portfolio;
  const navs = await readNavs(database, id, last);
  const after = navs.slice(1);
  const earned = await readCashReturns(
    context,
    portfolio,
    navs.map(({ session }) => session),
  );
  const own: Compared = {
    name: policy.allocator,
    ...measuredReturns(policy, after, earned),
    ...(await chargedSoFar(database, id, last)),
    sessions: after.length,
  };
  return {
    first: navs[0]!.session,
    last,
    sessions: navs.length,
    decisions: (await readDecisions(database, id)).length,
    columns: [own, await equalWeight(context, portfolio, last)],
  };
}

/** What cash earned at each of the sessions after the first. */
async function readCashReturns(
  { database }: Context,
  portfolio: Portfolio,
  sessions: readonly Session[],
): Promise<number[]> {
  const { policy, sourceName } = portfolio;
  if (policy.cash.proxySymbol === null) return sessions.slice(1).map(() => cashReturn(policy, null));
  const bars = await readBars(database, {
    source: sourceName,
    symbols: pricedSymbols(portfolio),
    from: readFrom(portfolio, sessions[0]!),
    to: sessions.at(-1)!,
    vintage: null,
  });
  const panel = panelOf(portfolio, bars, sessions);
  return sessions.slice(1).map((session) => cashReturn(policy, panel.upTo(session)));
}
