import {
  type BarSpan,
  barSpans,
  type FetchOutcome,
  readBars,
  recordFetchOutcomes,
  saveBars,
  saveGap,
} from '../adapters/postgres/bar-rows.ts';
import { quoteCurrencies } from '../adapters/postgres/currency-rows.ts';
import type { Database } from '../adapters/postgres/database.ts';
import { SourceError } from '../adapters/prices/source.ts';
import { addDays, type Session } from '../core/calendar/session.ts';
import { checkBars } from '../core/market/adjustments.ts';
import type { Bar, PriceBasis } from '../core/market/bar.ts';
import { otherCurrency } from '../core/market/currency.ts';
import { assertConvertible } from './currencies.ts';
import { type Portfolio, pricedSymbols, rateSymbols } from './portfolio.ts';
import { isRebased, rebase } from './rebase.ts';
import type { Log } from './services.ts';
import { completeSlot, NotReadyError, type TaskRun } from './task.ts';

/** Calendar days fetched again before the newest stored session, to see restatements. */
const overlapDays = 10;

/** Calendar days within which the first bar of a history that was fetched whole begins. */
const firstBarDays = 10;

/** Bars to store for one symbol, and which of them restate a stored one. */
type Change = { fresh: QuotedBar[]; restated: Bar[] };
type QuotedBar = Bar & { currency: string | null };

/**
 * Brings every priced symbol's bars up to the slot's session. Done when each has a bar of it or a recorded reason
 * for none. A missing bar is waited for; past the slot's deadline the gap is recorded, but only where enough of the
 * other symbols have theirs: a source that is unreachable is no reason to decide without prices.
 * A failing symbol never stops the others: what was fetched is stored even when the slot has to be tried again.
 */
export async function ingest(run: TaskRun): Promise<void> {
  const { database, portfolio, slot, now } = run;
  const { log } = run.services;
  const { sourceName, source } = portfolio;
  const symbols = pricedSymbols(portfolio);
  const spans = await barSpans(database, sourceName, symbols);
  const currencies = await quoteCurrencies(database, sourceName, symbols);
  const froms = fetchStarts(portfolio, spans, symbols, slot.session);
  const stored = await storedSince(database, sourceName, froms, slot.session);
  const changeOf = async (symbol: string): Promise<Change> => {
    const span = spans.get(symbol);
    const known = stored.get(symbol) ?? [];
    if (!span || !isRebased(span, source))
      return fetchChange(portfolio, database, symbol, froms.get(symbol)!, known, slot.session, now, log);
    const change = await rebase(portfolio, database, symbol, span, slot.session, now, log);
    stored.delete(symbol); // replaced, also where the source has nothing in its place
    return change;
  };
  const changes: Change[] = [];
  const outcomes: FetchOutcome[] = [];
  for (const symbol of symbols) {
    try {
      const change = await changeOf(symbol);
      refuseOtherCurrency(symbol, currencies.get(symbol), change.fresh);
      changes.push(change);
      outcomes.push({ symbol, failure: null, restated: change.restated.length });
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      outcomes.push({ symbol, failure: { kind: error.kind, message: error.message }, restated: 0 });
      log.warn({ symbol, session: slot.session, kind: error.kind, error: error.message }, 'no prices');
    }
  }
  await recordFetchOutcomes(database, sourceName, now, outcomes);
  const fresh = changes.flatMap((change) => change.fresh);
  const toSave = { bars: fresh, restated: changes.flatMap((change) => change.restated) };
  const missing = missingReasons(symbols, stored, fresh, outcomes, slot.session);
  const rates = new Set(rateSymbols(portfolio)); // a rate that is late stands in by the one before
  const decisive = symbols.filter((symbol) => !rates.has(symbol));
  const covered = 1 - decisive.filter((symbol) => missing.has(symbol)).length / decisive.length;
  const proceedWithGaps = now >= slot.deadlineAt && covered >= portfolio.coverageRatioMin;
  if (missing.size > 0 && !proceedWithGaps) {
    await database.transaction((sql) => saveBars(sql, sourceName, source.basis, toSave, now));
    throw new NotReadyError(
      `no bar of ${slot.session} for ${[...missing.keys()].join(', ')} yet: ${[...missing.values()][0]}`,
    );
  }
  await completeSlot(run, async (sql) => {
    await saveBars(sql, sourceName, source.basis, toSave, now);
    await assertConvertible(sql, portfolio);
    for (const [symbol, reason] of missing)
      await saveGap(sql, { source: sourceName, symbol, session: slot.session, reason, at: now });
  });
}

/**
 * The session to fetch each symbol from: shortly before its newest bar, or the whole history where that is stored only
 * from later on (another portfolio began later, or the configuration now asks for more; a young symbol has no more).
 */
function fetchStarts(
  { historyStart }: Portfolio,
  spans: ReadonlyMap<string, BarSpan>,
  symbols: readonly string[],
  to: Session,
): Map<string, Session> {
  const startOf = (symbol: string): Session => {
    const span = spans.get(symbol);
    if (!span || span.first > addDays(historyStart, firstBarDays)) return historyStart;
    const from = addDays(span.newest < to ? span.newest : to, -overlapDays);
    return from < historyStart ? historyStart : from;
  };
  return new Map(symbols.map((symbol) => [symbol, startOf(symbol)]));
}

async function storedSince(
  database: Database,
  source: string,
  froms: ReadonlyMap<string, Session>,
  to: Session,
): Promise<Map<string, Bar[]>> {
  const from = [...froms.values()].sort()[0]!;
  const bars = await readBars(database, { source, symbols: [...froms.keys()], from, to, vintage: null });
  return Map.groupBy(bars, (bar) => bar.symbol);
}

/** Bars to store for one symbol. Where the overlap was restated, its whole history is fetched and compared. */
async function fetchChange(
  portfolio: Portfolio,
  database: Database,
  symbol: string,
  from: Session,
  stored: readonly Bar[],
  to: Session,
  now: number,
  log: Log,
): Promise<Change> {
  const { source, sourceName, historyStart } = portfolio;
  const { bars, warnings, currency } = await source.fetchBars(symbol, from, to, now);
  for (const warning of warnings) log.warn({ symbol, session: to }, warning);
  const change = compare(stored, bars, currency);
  if (change.restated.length === 0) return noted(change, stored, bars, source.basis, log);
  log.warn(
    { symbol, session: to, restated: change.restated.length },
    'history was restated; fetching all of it',
  );
  const all = await source.fetchBars(symbol, historyStart, to, now);
  const known = await readBars(database, {
    source: sourceName,
    symbols: [symbol],
    from: historyStart,
    to,
    vintage: null,
  });
  return noted(compare(known, all.bars, all.currency), known, all.bars, source.basis, log);
}

/** The change, once whatever is suspicious of its bars beside the bar before them was said; it is stored all the same. */
function noted(
  change: Change,
  stored: readonly Bar[],
  fetched: readonly Bar[],
  basis: PriceBasis,
  log: Log,
): Change {
  const fresh = new Set(change.fresh.map((bar) => bar.session));
  if (fresh.size === 0) return change;
  const answered = new Set(fetched.map((bar) => bar.session));
  const series = [...stored.filter((bar) => !answered.has(bar.session)), ...fetched];
  for (const note of checkBars(series, basis)) if (fresh.has(note.session)) log.warn(note, 'suspicious bar');
  return change;
}

/** Yahoo's closes are 32-bit floats, so the same close may come back this much apart. */
const sameRatio = 1e-6;
const same = (a: number, b: number) => Math.abs(a - b) <= sameRatio * Math.max(Math.abs(a), Math.abs(b));

/** Bars that are new, and bars that restate a stored one. */
function compare(stored: readonly Bar[], fetched: readonly Bar[], currency: string | null): Change {
  const before = new Map(stored.map((bar) => [bar.session, bar]));
  const fresh: QuotedBar[] = [];
  const restated: Bar[] = [];
  for (const bar of fetched) {
    const known = before.get(bar.session);
    if (
      known &&
      same(known.close, bar.close) &&
      same(known.dividend, bar.dividend) &&
      same(known.splitRatio, bar.splitRatio)
    )
      continue;
    if (known) restated.push(bar);
    fresh.push({ ...bar, currency });
  }
  return { fresh, restated };
}

/** A reading in another currency than the stored prices is no reading: were it stored, the two would be mixed. */
function refuseOtherCurrency(
  symbol: string,
  stored: ReadonlySet<string | null> | undefined,
  fresh: readonly QuotedBar[],
): void {
  const doubt = otherCurrency(symbol, stored, fresh);
  if (doubt) throw new SourceError('schema', `${symbol}: ${doubt.reason}`, { symbol });
}

function missingReasons(
  symbols: readonly string[],
  stored: ReadonlyMap<string, readonly Bar[]>,
  fresh: readonly Bar[],
  outcomes: readonly FetchOutcome[],
  session: Session,
): Map<string, string> {
  const known = [...fresh, ...[...stored.values()].flat()];
  const here = new Set(known.filter((bar) => bar.session === session).map((bar) => bar.symbol));
  const missing = symbols.filter((symbol) => !here.has(symbol));
  return new Map(
    missing.map((symbol) => {
      const failure = outcomes.find((outcome) => outcome.symbol === symbol)?.failure;
      return [symbol, failure ? failure.message : 'the source answered without a bar of this session'];
    }),
  );
}
