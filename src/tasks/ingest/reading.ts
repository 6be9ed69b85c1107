import { type BarSpan, readBars, type SourceState } from '../../adapters/postgres/bar-rows.ts';
import type { Database } from '../../adapters/postgres/database.ts';
import type { QuarantinedRow, QuotedBar } from '../../adapters/postgres/finding-rows.ts';
import { type Fetched, SourceError } from '../../adapters/prices/source.ts';
import { minuteMs } from '../../core/calendar/milliseconds.ts';
import { addDays, type Session } from '../../core/calendar/session.ts';
import type { Bar } from '../../core/market/bar.ts';
import { type Finding, judgeBars } from '../../core/market/belief.ts';
import { otherCurrency } from '../../core/market/currency.ts';
import { newestClosed } from '../../core/schedule/plan.ts';
import type { Portfolio } from '../portfolio.ts';
import type { Log } from '../services.ts';
import { isRebased, rebase } from './rebase.ts';

/** Calendar days read again before the newest stored session: corrections, events told late, bars that came late. */
const overlapDays = 35;
/** Calendar days before what is read whose stored bars tell what is usual for the symbol. */
const contextDays = 120;
/** Calendar days within which the first bar of a history that was read whole begins. */
const firstBarDays = 10;
/** Each symbol's whole history is compared once in so many sessions. */
const wholeEverySessions = 21;

/** What is known before anything is read. */
export type ReadingContext = {
  database: Database;
  portfolio: Portfolio;
  now: number;
  log: Log;
  /** the newest session of the portfolio that is final */
  newest: Session;
  newestDueAt: number;
  spans: ReadonlyMap<string, BarSpan>;
  currencies: ReadonlyMap<string, ReadonlySet<string | null>>;
  sources: ReadonlyMap<string, SourceState>;
  quarantined: ReadonlyMap<string, readonly QuarantinedRow[]>;
};

/** What came of reading one symbol, to be stored. */
export type SymbolReading = {
  symbol: string;
  failure: SourceError | null;
  /** bars that are new or restate a stored one, all believed */
  bars: (QuotedBar & { isProvisional: boolean })[];
  /** stored bars that are restated or replaced */
  restated: Bar[];
  findings: { finding: Finding; bar: QuotedBar | null }[];
  resolved: { session: Session; resolution: 'confirmed' | 'accepted' | 'withdrawn' }[];
  through: Session | null;
  /** where the reading began; what it read as it is stored is read twice */
  from: Session | null;
  isWhole: boolean;
  revision: string | null;
  raw: string | null;
};

/** The newest session of a symbol's own calendar that is final at `now`. */
function newestFinal({ portfolio, now }: ReadingContext, symbol: string): Session {
  const calendar = portfolio.calendarOf(symbol);
  const { graceMinutes } = portfolio.plan;
  return newestClosed({ calendar, graceMinutes, inception: calendar.first }, now) ?? calendar.first;
}

/** False where the symbol was read up to the newest session since that is final, by whatever portfolio. */
export function needsReading(context: ReadingContext, symbol: string): boolean {
  const { portfolio, spans, sources, newestDueAt } = context;
  const span = spans.get(symbol);
  const state = sources.get(symbol);
  const to = newestFinal(context, symbol);
  if (!span || !state?.readAt || !state.readTo) return true;
  if (isRebased(span, portfolio.source) || beginsLate(span, portfolio)) return true;
  return !(span.newest >= to && state.readTo >= to && Date.parse(state.readAt) >= newestDueAt);
}

const beginsLate = ({ first }: BarSpan, { historyStart }: Portfolio) =>
  first > addDays(historyStart, firstBarDays);

/** Reads one symbol's missing span and overlap, or all of it, and judges what is new. Raises a SourceError. */
export async function readSymbol(context: ReadingContext, symbol: string): Promise<SymbolReading> {
  const { portfolio, log, spans } = context;
  const { source, historyStart } = portfolio;
  const to = newestFinal(context, symbol);
  const span = spans.get(symbol);
  if (span && isRebased(span, source)) return rebased(context, symbol, span, to);
  const from = !span || beginsLate(span, portfolio) ? historyStart : overlapStart(span, to, historyStart);
  const isWholeAtOnce = from === historyStart || isWholeDue(context, symbol);
  let read = await compared(context, symbol, isWholeAtOnce ? historyStart : from, to);
  if (!isWholeAtOnce && asksForAll(context, symbol, read)) {
    log.warn(
      { symbol, session: to, restated: read.change.restated.length },
      'history was restated; fetching all of it',
    );
    read = await compared(context, symbol, historyStart, to);
  }
  const { fetched, change, before } = read;
  for (const warning of fetched.warnings) log.warn({ symbol, session: to }, warning);
  refuseOtherCurrency(context, symbol, fetched, change.fresh);
  const isWhole = read.from === historyStart;
  return {
    ...judged(context, symbol, [...before, ...fetched.bars], change, fetched),
    isWhole,
    from: read.from,
  };
}

/** What the source tells of a window beside what is stored of it, and the stored bars before that tell what is usual. */
type Compared = { from: Session; fetched: Fetched; before: Bar[]; change: Change };

async function compared(
  { database, portfolio, now }: ReadingContext,
  symbol: string,
  from: Session,
  to: Session,
): Promise<Compared> {
  const { source, sourceName, historyStart } = portfolio;
  const fetched = await source.fetchBars(symbol, from, to, now);
  const contextFrom = from === historyStart ? from : addDays(from, -contextDays);
  const window = { source: sourceName, symbols: [symbol], from: contextFrom, to, vintage: null };
  const known = await readBars(database, window);
  const before = known.filter(({ session }) => session < from);
  const stored = known.slice(before.length); // ascending
  return { from, fetched, before, change: compare(stored, fetched.bars) };
}

function overlapStart(span: BarSpan, to: Session, historyStart: Session): Session {
  const from = addDays(span.newest < to ? span.newest : to, -overlapDays);
  return from < historyStart ? historyStart : from;
}

/** Spread over sessions by the symbol's name; one that was compared at this session already is done. */
function isWholeDue({ portfolio, newest, sources }: ReadingContext, symbol: string): boolean {
  const { calendar } = portfolio.plan;
  const place = calendar.sessions(portfolio.historyStart, newest).length;
  const own = [...symbol].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);
  const compared = sources.get(symbol)?.comparedOn ?? null;
  if (compared === newest) return false;
  const isOverdue = compared !== null && calendar.sessions(compared, newest).length > wholeEverySessions;
  return isOverdue || (place + own) % wholeEverySessions === 0;
}

/** Where something older than the overlap may have changed as well. */
function asksForAll({ sources }: ReadingContext, symbol: string, { fetched, change }: Compared): boolean {
  const known = sources.get(symbol)?.revision ?? null;
  const isRevised = fetched.revision !== null && known !== null && fetched.revision !== known;
  return change.restated.length > 0 || isRevised || fetched.doubts.some(({ kind }) => kind === 'adjusted');
}

/** A reading in another currency than the stored prices is no reading: were it stored, the two would be mixed. */
function refuseOtherCurrency(
  { currencies }: ReadingContext,
  symbol: string,
  { currency }: Fetched,
  fresh: readonly Bar[],
): void {
  const doubt = otherCurrency(
    symbol,
    currencies.get(symbol),
    fresh.map(({ session }) => ({ session, currency })),
  );
  if (doubt) throw new SourceError('schema', `${symbol}: ${doubt.reason}`, { symbol });
}

async function rebased(
  context: ReadingContext,
  symbol: string,
  span: BarSpan,
  to: Session,
): Promise<SymbolReading> {
  const { portfolio, database, now, log } = context;
  const { fresh, restated } = await rebase(portfolio, database, symbol, span, to, now, log);
  return {
    symbol,
    failure: null,
    bars: fresh.map((bar) => ({ ...bar, isProvisional: false })),
    restated,
    findings: [],
    resolved: (context.quarantined.get(symbol) ?? []).map(({ bar: { session } }) => ({
      session,
      resolution: 'withdrawn' as const,
    })),
    through: to,
    from: span.first,
    isWhole: true,
    revision: null,
    raw: null,
  };
}

type Change = { fresh: Bar[]; restated: Bar[] };

/** Yahoo's closes are 32-bit floats, so the same close may come back this much apart. */
const sameRatio = 1e-6;
const same = (a: number, b: number) => Math.abs(a - b) <= sameRatio * Math.max(Math.abs(a), Math.abs(b));

/** True where two readings tell the same price and events. */
export const tellsTheSame = (a: Bar, b: Bar): boolean =>
  same(a.close, b.close) && same(a.dividend, b.dividend) && same(a.splitRatio, b.splitRatio);

/** Bars that are new, and the stored ones that they restate. */
export function compare(stored: readonly Bar[], fetched: readonly Bar[]): Change {
  const before = new Map(stored.map((bar) => [bar.session, bar]));
  const fresh = fetched.filter((bar) => {
    const known = before.get(bar.session);
    return !known || !tellsTheSame(known, bar);
  });
  return { fresh, restated: fresh.flatMap(({ session }) => before.get(session) ?? []) };
}

/** What of a change is believed, and what becomes of bars that waited to be. */
function judged(
  context: ReadingContext,
  symbol: string,
  series: readonly Bar[],
  change: Change,
  fetched: Fetched,
): Omit<SymbolReading, 'isWhole' | 'from'> {
  const { portfolio, now, quarantined } = context;
  const { source, belief } = portfolio;
  const waiting = new Map((quarantined.get(symbol) ?? []).map((row) => [row.bar.session, row]));
  const isConfirmed = (bar: Bar): boolean => {
    const row = waiting.get(bar.session);
    const isLater = row !== undefined && now - Date.parse(row.observedAt) >= belief.confirmMinutes * minuteMs;
    return source.isLive === true && isLater && tellsTheSame(row.bar, bar);
  };
  const fresh = new Set(change.fresh.map(({ session }) => session));
  const verdict = judgeBars(series, fresh, source.basis, belief, fetched.doubts, isConfirmed);
  const quoted = (bar: Bar): QuotedBar => ({ ...bar, currency: fetched.currency });
  const believed = new Set(verdict.believed.map(({ session }) => session));
  const doubted = new Map(verdict.doubted.map(({ bar }) => [bar.session, bar]));
  const refused = fetched.doubts.filter(({ kind }) => kind === 'value');
  const isWaitingStill = (session: Session, bar: Bar) => {
    const again = doubted.get(session);
    return again !== undefined && tellsTheSame(again, bar);
  };
  return {
    symbol,
    failure: null,
    bars: verdict.believed.map((bar) => ({ ...quoted(bar), isProvisional: isProvisional(context, bar) })),
    restated: change.restated.filter(({ session }) => believed.has(session)),
    findings: [
      ...verdict.doubted
        .filter(({ bar }) => !waiting.has(bar.session) || !tellsTheSame(waiting.get(bar.session)!.bar, bar))
        .map(({ bar, finding }) => ({ finding, bar: quoted(bar) })),
      ...verdict.notes
        .filter(
          ({ session, action }) => action === 'refused' || isRecent(context, session) || waiting.has(session),
        )
        .map((finding) => ({ finding, bar: null })),
      ...refused.map(({ session, reason }) => ({
        finding: { symbol, session, rule: 'value' as const, reason, action: 'refused' as const },
        bar: null,
      })),
    ],
    resolved: [...waiting.values()].flatMap(({ bar }) => {
      if (isWaitingStill(bar.session, bar)) return [];
      const told = verdict.believed.find(({ session }) => session === bar.session);
      const isAsTold = told !== undefined && tellsTheSame(told, bar);
      const resolution = !isAsTold ? 'withdrawn' : isConfirmed(bar) ? 'confirmed' : 'accepted';
      return [{ session: bar.session, resolution: resolution as 'withdrawn' | 'confirmed' | 'accepted' }];
    }),
    through: fetched.through,
    revision: fetched.revision,
    raw: fetched.raw,
  };
}

/** Of a history that is loaded for the first time, what was strange years ago is told by nobody. */
const isRecent = ({ newest }: ReadingContext, session: Session) => session >= addDays(newest, -overlapDays);

/** A bar that a live source told before the next session's close may still be put right. */
function isProvisional({ portfolio, now }: ReadingContext, { symbol, session }: Bar): boolean {
  if (portfolio.source.isLive !== true) return false;
  const calendar = portfolio.calendarOf(symbol);
  return calendar.closeAt(calendar.next(session)) > now;
}
