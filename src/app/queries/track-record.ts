import { chargedSoFar, readDecisions } from '../../adapters/postgres/decision-rows.ts';
import { readNavs } from '../../adapters/postgres/valuation-rows.ts';
import type { Session } from '../../core/calendar/session.ts';
import { performance } from '../../core/evaluation/performance.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import type { Compared } from '../backtest/backtest.ts';
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
  const { sessionsPerYear } = policy;
  const own: Compared = {
    name: policy.allocator,
    sessionsPerYear,
    gross: performance(
      after.map((row) => row.returnGross),
      sessionsPerYear,
    ),
    net: performance(
      after.map((row) => row.returnNet),
      sessionsPerYear,
    ),
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
