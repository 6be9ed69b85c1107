import { barsChangedSince } from '../adapters/postgres/bar-rows.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import { type RestatementRow, saveRestatement } from '../adapters/postgres/restatement-rows.ts';
import { everDecided } from '../adapters/postgres/symbol-rows.ts';
import {
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
import { type Path, readPath, walkAgain } from './valuation-path.ts';

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
  const bars = await changedBars(sql, portfolio, since, reach);
  const calendarFrom = await calendarChange(sql, portfolio, reach);
  const from = [...bars.map(({ session }) => session), ...(calendarFrom ? [calendarFrom] : [])].sort()[0];
  // The first valuation is all in cash, whatever prices were.
  const start = from && (from > reach.first ? from : addDays(reach.first, 1));
  if (!start || start > reach.newest) return null;
  const path = await readPath(sql, portfolio, start, reach.newest);
  const valuations = await walkAgain(sql, path);
  const at = Math.max(now, Date.parse(reach.at) + 1);
  const sessions = await saveChanged(sql, path, valuations, at);
  const before = path.former.get(reach.newest)!;
  const after = valuations.at(-1) ?? path.before;
  if (sessions.length === 0 || isSameOutcome(before, after)) return null;
  const news = bars.filter(({ isNews }) => isNews);
  const symbols = (news.length > 0 ? news : bars).map(({ symbol }) => symbol);
  const restatement = {
    valuedAt: isoInstant(at),
    fromSession: sessions[0]!,
    toSession: after.session,
    symbols,
    navBefore: before.navNet,
    navAfter: after.navNet,
    effectBps: (after.navNet / before.navNet - 1) * 10_000,
    stateBefore: before.drawdown.state,
    stateAfter: after.drawdown.state,
    reason: reasonOf(symbols, calendarFrom),
  };
  await saveRestatement(sql, portfolio.id, restatement);
  log.warn(
    { portfolio: portfolio.id, ...restatement, sessions: sessions.length },
    'net asset value was restated',
  );
  return restatement;
}

/** Stores the valuations that come out different at `at`, and returns the sessions whose valuation changed, ascending. */
async function saveChanged(
  sql: Sql,
  { portfolio: { id, policy }, former }: Path,
  valuations: readonly Valuation[],
  at: number,
): Promise<Session[]> {
  const changed = valuations.filter((valuation) => !isSame(former.get(valuation.session), valuation));
  const sessions = new Set(valuations.map(({ session }) => session));
  const closed = [...former.keys()].filter((session) => !sessions.has(session));
  await supersedeValuations(sql, id, closed, isoInstant(at));
  await saveValuations(sql, id, policy.symbols, changed, at);
  return [...closed, ...changed.map(({ session }) => session)].sort();
}

const namedSymbolsMax = 5;

function reasonOf(symbols: readonly string[], calendarFrom: Session | null): string {
  const more = symbols.length - namedSymbolsMax;
  const named = symbols.slice(0, namedSymbolsMax).join(', ');
  const prices = more > 0 ? `${named} and ${more} more` : named;
  return [
    ...(symbols.length === 0 ? [] : [`prices of ${prices} were restated`]),
    ...(calendarFrom === null ? [] : [`the calendar has other sessions from ${calendarFrom} on`]),
  ].join('; ');
}

type Reach = NonNullable<Awaited<ReturnType<typeof valuedReach>>>;

/** Changes after `since` of prices that matter to the portfolio: of what it holds, or ever held. */
async function changedBars(sql: Sql, portfolio: Portfolio, since: string, { newest, at }: Reach) {
  const { id, sourceName: source } = portfolio;
  const window = { source, portfolio: id, since, valuedAt: at, to: newest };
  const changed = await barsChangedSince(sql, window);
  const priced = new Set(pricedSymbols(portfolio));
  const others = changed.map(({ symbol }) => symbol).filter((symbol) => !priced.has(symbol));
  for (const symbol of await everDecided(sql, id, others)) priced.add(symbol);
  return changed.filter(({ symbol }) => priced.has(symbol));
}

/** The first session that is valued and is none, or is one and is not valued; null where there is none. */
async function calendarChange(
  sql: Sql,
  { id, plan }: Portfolio,
  { first, newest, count }: Reach,
): Promise<Session | null> {
  const sessions = plan.calendar.sessions(first, newest);
  if (sessions.length === count) return null;
  const valued = [first, ...(await valuationsAfter(sql, id, first)).map(({ session }) => session)];
  const known = new Set(valued);
  const expected = new Set(sessions);
  return (
    [...valued.filter((s) => !expected.has(s)), ...sessions.filter((s) => !known.has(s))].sort()[0] ?? null
  );
}

const isClose = (a: number, b: number) => Math.abs(a - b) <= sameRatio * Math.max(Math.abs(a), Math.abs(b));

const isSameOutcome = (before: ValuationFigures, after: Valuation) =>
  isClose(before.navNet, after.navNet) && before.drawdown.state === after.drawdown.state;

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
