import type { Session } from '../../../core/calendar/session.ts';
import type { SourceRow } from '../source.ts';
import { type Chart, schemaError } from './answer.ts';
import type { Notes } from './notes.ts';

/** A day of a chart; numbers that cannot be are left out of it. */
export type ReadRow = SourceRow & { adjustedClose: number | null };
export type SessionClock = (epochSeconds: number) => Session;

/** Nothing has ever cost more, or less: such a number is a fault, and a product of two of them may be none any more. */
export const priceMax = 1e9;
const priceMin = 1e-12;

/**
 * One row a session, prices in the major currency; the row of the session in progress, if any, is left out.
 * Two closes of one session are doubted, and the later row is taken, for it is mostly the live one.
 */
export function pricedRows(
  chart: Chart,
  {
    sessionOf,
    unitsPerCurrency,
    openSession,
  }: {
    sessionOf: SessionClock;
    unitsPerCurrency: number;
    openSession: Session | null;
  },
  notes: Notes,
): Map<Session, ReadRow> {
  const rows = new Map<Session, ReadRow>();
  const quote = chart.indicators.quote[0];
  const adjustedCloses = chart.indicators.adjclose?.[0]?.adjclose;
  const price = (value: number | null | undefined) => (value == null ? null : value / unitsPerCurrency);
  for (const [index, seconds] of (chart.timestamp ?? []).entries()) {
    const session = sessionOf(seconds);
    const told = price(quote?.close?.[index]);
    const seen = rows.get(session);
    if (session === openSession) {
      notes.warn(session, `${session} is still open, so its bar is left out`);
      continue;
    }
    if (seen && told === null) continue;
    if (seen && seen.close !== null && seen.close !== told) {
      const reason = `${session} has two closes, ${seen.close} and ${told}; the later row is taken`;
      notes.warn(session, reason);
      notes.doubt(session, 'repeated', reason);
    }
    // No price at all, or none above 0, is a gap; one beyond all prices is a fault.
    const isAbsurd = told !== null && (told > priceMax || (told > 0 && told < priceMin));
    if (isAbsurd)
      notes.doubt(
        session,
        'value',
        `close ${told}, expected a price from ${priceMin} to ${priceMax}; it is left out`,
      );
    rows.set(session, {
      ...emptyRow(session),
      close: isAbsurd ? null : told,
      high: sound(price(quote?.high?.[index]), priceMin, priceMax),
      low: sound(price(quote?.low?.[index]), priceMin, priceMax),
      volume: sound(quote?.volume?.[index], 0, Number.MAX_SAFE_INTEGER),
      adjustedClose: adjustedCloses?.[index] ?? null,
    });
  }
  return rows;
}

export function emptyRow(session: Session): ReadRow {
  const nothing = { close: null, high: null, low: null, volume: null, adjustedClose: null };
  return { session, dividend: 0, splitRatio: 1, ...nothing };
}

function sound(value: number | null | undefined, least: number, most: number): number | null {
  return value != null && value >= least && value <= most ? value : null;
}

/**
 * Epoch seconds to the exchange's date. The zone's name is used where it is known: `gmtoffset` is the offset
 * of today, so a bar stamped at local midnight in the other half of the year would fall on the day before.
 */
export function sessionClock(chart: Chart, symbol: string): SessionClock {
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

/** The session in progress at `nowMs`, by the chart's own trading period; null when there is none. */
export function sessionInProgress(chart: Chart, sessionOf: SessionClock, nowMs: number): Session | null {
  const regular = chart.meta.currentTradingPeriod?.regular;
  return regular && nowMs < regular.end * 1000 ? sessionOf(regular.start) : null;
}
