import { barsChangedSince } from '../adapters/postgres/bar-rows.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import { type RestatementRow, saveRestatement } from '../adapters/postgres/restatement-rows.ts';
import {
  everDecided,
  saveValuations,
  supersedeValuations,
  type ValuationFigures,
  valuationsAfter,
  valuedReach,
} from '../adapters/postgres/valuation-rows.ts';
import type { Valuation } from '../core/accounting/valuation.ts';
import { isoInstant } from '../core/calendar/instant.ts';
import { minuteMs } from '../core/calendar/milliseconds.ts';
import { addDays, type Session } from '../core/calendar/session.ts';
import type { DrawdownStatus } from '../core/portfolio/drawdown.ts';
import { type Portfolio, pricedSymbols } from './portfolio.ts';
import type { Log } from './services.ts';
import { readPath, walkAgain } from './valuation-path.ts';

/**
 * Prices that another portfolio's ingest was storing while a session was valued may be this much older than the valuation
 * that has not seen them. Looking again at what was seen changes nothing.
 */
const commitMs = 6 * 60 * minuteMs;

/** Figures that differ by less than this are the same: sources give closes as 32-bit floats. */
const sameRatio = 1e-6;

/**
 * Values a portfolio, as it is in effect, again from the first session whose prices, or whose being a session, are known
 * to be other than they were when it was valued. Decisions and fills are facts: the same trades are made again at the same
 * sessions and charged what they were charged. Valuations that come out different take the place of the former ones, which
 * are kept. Returns what changed at the newest session, as it is stored; null where nothing did.
 * While catching up (`isLate`) prices that were committed late are left to the newest session's own revaluation.
 */
export async function restate(
  sql: Sql,
  portfolio: Portfolio,
  { now, isLate }: { now: number; isLate: boolean },
  log: Log,
): Promise<RestatementRow | null> {
  const reach = await valuedReach(sql, portfolio.id);
  if (reach === null) return null;
  const since = isoInstant(Date.parse(reach.at) - (isLate ? 0 : commitMs));
  const symbols = await changedSymbols(sql, portfolio, since, reach.newest);
  const calendarFrom = await calendarChange(sql, portfolio, reach);
  const from = [...symbols.values(), ...(calendarFrom ? [calendarFrom] : [])].sort()[0];
  // The first valuation is all in cash, whatever prices were.
  const start = from && (from > reach.first ? from : addDays(reach.first, 1));
  if (!start || start > reach.newest) return null;
  const path = await readPath(sql, portfolio, start, reach.newest);
  const valuations = await walkAgain(sql, path);
  const at = isoInstant(Math.max(now, Date.parse(reach.at) + 1));
  const changed = valuations.filter((valuation) => !isSame(path.former.get(valuation.session), valuation));
  const kept = new Set(valuations.map(({ session }) => session));
  const closed = [...path.former.keys()].filter((session) => !kept.has(session));
  if (changed.length === 0 && closed.length === 0) return null;
  await supersedeValuations(sql, portfolio.id, closed, at);
  await saveValuations(sql, portfolio.id, path.portfolio.policy.symbols, changed, Date.parse(at));
  const before = path.former.get(reach.newest)!;
  const after = valuations.at(-1) ?? path.before;
  if (isClose(before.navNet, after.navNet) && before.drawdown.state === after.drawdown.state) return null;
  const restatement = {
    valuedAt: at,
    fromSession: start,
    toSession: after.session,
    symbols: [...symbols.keys()].sort(),
    navBefore: before.navNet,
    navAfter: after.navNet,
    effectBps: (after.navNet / before.navNet - 1) * 10_000,
    stateBefore: before.drawdown.state,
    stateAfter: after.drawdown.state,
    reason: reasonOf(symbols, calendarFrom),
  };
  await saveRestatement(sql, portfolio.id, restatement);
  log.warn(
    { portfolio: portfolio.id, ...restatement, sessions: changed.length },
    'net asset value was restated',
  );
  return restatement;
}

function reasonOf(symbols: ReadonlyMap<string, Session>, calendarFrom: Session | null): string {
  const prices =
    symbols.size === 0 ? [] : [`prices of ${[...symbols.keys()].sort().join(', ')} were restated`];
  const calendar = calendarFrom === null ? [] : [`the calendar has other sessions from ${calendarFrom} on`];
  return [...prices, ...calendar].join('; ');
}

/** Symbols that matter to the portfolio and whose prices changed after `since`, with the first session that did. */
async function changedSymbols(
  sql: Sql,
  portfolio: Portfolio,
  since: string,
  to: Session,
): Promise<Map<string, Session>> {
  const changed = await barsChangedSince(sql, { source: portfolio.sourceName, since, to });
  const priced = new Set(pricedSymbols(portfolio));
  const others = changed.map(({ symbol }) => symbol).filter((symbol) => !priced.has(symbol));
  for (const symbol of await everDecided(sql, portfolio.id, others)) priced.add(symbol);
  return new Map(
    changed.filter(({ symbol }) => priced.has(symbol)).map(({ symbol, session }) => [symbol, session]),
  );
}

/** The first session that is valued and is none, or is one and is not valued; null where there is none. */
async function calendarChange(
  sql: Sql,
  { id, plan }: Portfolio,
  { first, newest, count }: { first: Session; newest: Session; count: number },
): Promise<Session | null> {
  const sessions = plan.calendar.sessions(first, newest);
  if (sessions.length === count) return null;
  const valued = [first, ...(await valuationsAfter(sql, id, first)).map(({ session }) => session)];
  const place = sessions.findIndex((session, i) => session !== valued[i]);
  return (
    [sessions[place], valued[place < 0 ? sessions.length : place]].filter((s) => s !== undefined).sort()[0] ??
    null
  );
}

const isClose = (a: number, b: number) => Math.abs(a - b) <= sameRatio * Math.max(Math.abs(a), Math.abs(b));

/** Whether a valuation is what it was, but for the rounding of prices. */
function isSame(was: ValuationFigures | undefined, now: Valuation): boolean {
  return (
    was !== undefined &&
    isClose(was.navNet, now.navNet) &&
    isClose(was.navGross, now.navGross) &&
    isClose(was.navShadow, now.navShadow) &&
    Math.abs(was.driftOneWay - now.driftOneWay) <= sameRatio &&
    isSameStatus(was.drawdown, now.drawdown) &&
    waitingSymbols(was) === waitingSymbols(now)
  );
}

const isSameStatus = (was: DrawdownStatus, now: DrawdownStatus) =>
  Object.entries(now).every(([field, value]) => {
    const before = was[field as keyof DrawdownStatus];
    return typeof value === 'number' && typeof before === 'number'
      ? Math.abs(value - before) <= sameRatio * Math.max(1, Math.abs(value))
      : value === before;
  });

const waitingSymbols = ({ unfilled }: Pick<ValuationFigures, 'unfilled'>) =>
  unfilled === null ? '' : Object.keys(unfilled.live.targets).sort().join();
