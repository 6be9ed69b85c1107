import type { Session } from '../../../core/calendar/session.ts';
import { crossCheckAdjusted } from '../../../core/market/adjustments.ts';
import type { Bar } from '../../../core/market/bar.ts';
import { percent } from '../../../core/percent.ts';
import { barsFromRows, emptyFetched, type Fetched, type SourceRow } from '../source.ts';
import { type Chart, schemaError } from './answer.ts';

/** Yahoo rounds dividends and adjusted closes; a real disagreement is a dividend left out, doubled or misplaced. */
const adjustedToleranceBps = 20;

type Asked = { symbol: string; from: Session; to: Session };
type ReadRow = SourceRow & { adjustedClose: number | null };
type SessionClock = (epochSeconds: number) => Session;

/**
 * Final daily bars of `from`..`to` from a chart that may begin earlier and end later.
 * Closes, dividends and volumes are in split-adjusted units, as Yahoo gives them.
 * `nowMs` guards against a bar of a session still open, should `to` be wrong.
 */
export function barsFromChart(chart: Chart, asked: Asked, nowMs: number): Fetched {
  const { symbol, from, to } = asked;
  const warnings: string[] = [];
  const sessionOf = sessionClock(chart, symbol);
  const rows = pricedRows(chart, asked, sessionOf, nowMs, warnings);
  addEvents(rows, chart, asked, sessionOf, warnings);
  const ascending = [...rows.values()].sort((a, b) => (a.session < b.session ? -1 : 1));
  const settled = barsFromRows(symbol, 'split-adjusted', ascending, from, to);
  warnings.push(...settled.warnings);
  const adjusted = new Map(ascending.map((row) => [row.session, row.adjustedClose]));
  const disagreement = adjustedDisagreement(symbol, settled.bars, adjusted);
  if (disagreement) warnings.push(disagreement);
  return { ...emptyFetched, bars: settled.bars, currency: chart.meta.currency ?? null, warnings };
}

/** One warning or none: the days on which Yahoo's adjusted closes, used for nothing else, tell another return. */
export function adjustedDisagreement(
  symbol: string,
  bars: readonly Bar[],
  adjusted: ReadonlyMap<Session, number | null>,
): string | null {
  const { differences } = crossCheckAdjusted(bars, 'split-adjusted', adjusted, adjustedToleranceBps);
  if (differences.length === 0) return null;
  const shown = differences.slice(0, 3).map(({ session, derivedReturn, vendorReturn }) => {
    const difference = (1 + vendorReturn) / (1 + derivedReturn) - 1;
    return `${session} by ${percent(difference, 2)}`;
  });
  const more = differences.length > 3 ? ` and ${differences.length - 3} more` : '';
  return `${symbol}: Yahoo's adjusted closes disagree with its closes and events on ${shown.join(', ')}${more}`;
}

/** One row a session; the row of a session still open is left out. */
function pricedRows(
  chart: Chart,
  { symbol, from, to }: Asked,
  sessionOf: SessionClock,
  nowMs: number,
  warnings: string[],
): Map<Session, ReadRow> {
  const rows = new Map<Session, ReadRow>();
  const quote = chart.indicators.quote[0];
  const adjustedCloses = chart.indicators.adjclose?.[0]?.adjclose;
  const openSession = inProgress(chart, sessionOf, nowMs);
  for (const [index, seconds] of (chart.timestamp ?? []).entries()) {
    const session = sessionOf(seconds);
    const close = quote?.close?.[index] ?? null;
    const seen = rows.get(session);
    if (session === openSession) {
      if (session <= to) warnings.push(`${symbol}: ${session} is still open, so its bar is left out`);
      continue;
    }
    if (seen && close === null) continue;
    if (seen && seen.close !== null && seen.close !== close && session >= from && session <= to)
      warnings.push(
        `${symbol}: ${session} has two closes, ${seen.close} and ${close}; the later row is taken`,
      );
    rows.set(session, {
      ...emptyRow(session),
      close,
      high: quote?.high?.[index] ?? null,
      low: quote?.low?.[index] ?? null,
      volume: quote?.volume?.[index] ?? null,
      adjustedClose: adjustedCloses?.[index] ?? null,
    });
  }
  return rows;
}

function emptyRow(session: Session): ReadRow {
  const nothing = { close: null, high: null, low: null, volume: null, adjustedClose: null };
  return { session, dividend: 0, splitRatio: 1, ...nothing };
}

/**
 * Epoch seconds to the exchange's date. The zone's name is used where it is known: `gmtoffset` is the offset
 * of today, so a bar stamped at local midnight in the other half of the year would fall on the day before.
 */
function sessionClock(chart: Chart, symbol: string): SessionClock {
  const { exchangeTimezoneName, gmtoffset } = chart.meta;
  if (!exchangeTimezoneName)
    return (seconds) => new Date((seconds + gmtoffset) * 1000).toISOString().slice(0, 10);
  try {
    const format = new Intl.DateTimeFormat('en-CA', { timeZone: exchangeTimezoneName });
    return (seconds) => format.format(seconds * 1000);
  } catch {
    throw schemaError(symbol, `the time zone ${exchangeTimezoneName}, expected an IANA name`);
  }
}

function inProgress(chart: Chart, sessionOf: SessionClock, nowMs: number): Session | null {
  const regular = chart.meta.currentTradingPeriod?.regular;
  return regular && nowMs < regular.end * 1000 ? sessionOf(regular.start) : null;
}

/** Adds events to their sessions' rows, and a row without a price where an event stands alone. */
function addEvents(
  rows: Map<Session, ReadRow>,
  chart: Chart,
  { symbol, from, to }: Asked,
  sessionOf: SessionClock,
  warnings: string[],
): void {
  const { dividends = {}, capitalGains = {}, splits = {} } = chart.events ?? {};
  const rowOf = (seconds: number): ReadRow => {
    const session = sessionOf(seconds);
    const row = rows.get(session) ?? emptyRow(session);
    rows.set(session, row);
    return row;
  };
  const warn = (session: Session, message: string) => {
    if (session >= from && session <= to) warnings.push(`${symbol}: ${message}`);
  };
  for (const { date, amount, currency } of Object.values(dividends)) {
    const row = rowOf(date);
    row.dividend += amount;
    if (currency && currency !== (chart.meta.currency ?? currency))
      warn(
        row.session,
        `the dividend of ${row.session} is in ${currency}, the closes are in ${chart.meta.currency}; it is taken as it is`,
      );
  }
  for (const { date, amount } of Object.values(capitalGains)) {
    const row = rowOf(date);
    // Yahoo's dividend of a fund's pay-out day mostly holds the capital gain already; a smaller one cannot.
    if (row.dividend < amount) row.dividend += amount;
    else
      warn(
        row.session,
        `the dividend ${row.dividend} of ${row.session} is taken to hold the capital gain ${amount} of that day`,
      );
  }
  for (const { date, numerator, denominator } of Object.values(splits))
    rowOf(date).splitRatio *= numerator / denominator;
}
