import type { Session } from '../../../core/calendar/session.ts';
import { type QuoteUnit, quoteUnit } from '../../../core/market/quote-unit.ts';
import type { Chart } from './answer.ts';
import type { Notes } from './notes.ts';
import { emptyRow, type ReadRow, type SessionClock } from './rows.ts';

/** More new shares for one old, or fewer, than any split has given. */
const splitRatioMax = 1000;

/** Adds events, in the major currency, to their sessions' rows, and a row without a price where one stands alone. */
export function addEvents(
  rows: Map<Session, ReadRow>,
  chart: Chart,
  { sessionOf, unit }: { sessionOf: SessionClock; unit: QuoteUnit | null },
  notes: Notes,
): void {
  const { dividends = {}, capitalGains = {}, splits = {} } = chart.events ?? {};
  const rowOf = (seconds: number): ReadRow => {
    const session = sessionOf(seconds);
    const row = rows.get(session) ?? emptyRow(session);
    rows.set(session, row);
    return row;
  };
  const priceAround = priceFinder(rows);
  const payment = (row: ReadRow, what: string, told: number, code: string | undefined): number => {
    const amount = inMajor(row.session, what, told, code);
    const price = priceAround(row.session);
    if (price === null || amount <= price) return amount;
    notes.doubt(
      row.session,
      'value',
      `${what} ${amount}, more than the price of ${price}; expected a smaller one, so it is left out`,
    );
    return 0;
  };
  function inMajor(session: Session, what: string, told: number, code: string | undefined): number {
    if (unit === null) return told; // Yahoo names no unit of the closes either
    const own = code === undefined ? unit : quoteUnit(code);
    if (own?.currency === unit.currency) return told / own.unitsPerCurrency;
    const reason = `the ${what} of ${session} is in ${code}, the closes are in ${unit.currency}; it is taken as it is`;
    notes.warn(session, reason);
    notes.doubt(session, 'unit', reason);
    return told / (own?.unitsPerCurrency ?? 1);
  }
  for (const { date, amount, currency } of Object.values(dividends)) {
    const row = rowOf(date);
    row.dividend += payment(row, 'dividend', amount, currency);
  }
  for (const { date, amount, currency } of Object.values(capitalGains)) {
    const row = rowOf(date);
    const gain = payment(row, 'capital gain', amount, currency);
    // Yahoo's dividend of a fund's pay-out day mostly holds the capital gain already; a smaller one cannot.
    if (row.dividend < gain) row.dividend += gain;
    else if (gain > 0)
      notes.warn(
        row.session,
        `the dividend ${row.dividend} of ${row.session} is taken to hold the capital gain ${gain} of that day`,
      );
  }
  for (const { date, numerator, denominator } of Object.values(splits)) {
    const row = rowOf(date);
    const ratio = numerator / denominator;
    if (ratio <= splitRatioMax && ratio >= 1 / splitRatioMax) row.splitRatio *= ratio;
    else
      notes.doubt(
        row.session,
        'value',
        `split ${numerator}:${denominator}, expected between 1:${splitRatioMax} and ${splitRatioMax}:1; it is left out`,
      );
  }
}

/** The higher of a session's close and the one before it, for a payment cannot be more; the next one where both lack. */
function priceFinder(rows: ReadonlyMap<Session, ReadRow>): (session: Session) => number | null {
  const priced = [...rows.values()]
    .flatMap(({ session, close }) => (close !== null && close > 0 ? [{ session, close }] : []))
    .sort((a, b) => (a.session < b.session ? -1 : 1));
  return (session) => {
    const own = priced.findLastIndex((row) => row.session <= session);
    if (own < 0) return priced[0]?.close ?? null;
    const { close } = priced[own]!;
    const isOwn = priced[own]!.session === session;
    return isOwn && own > 0 ? Math.max(close, priced[own - 1]!.close) : close;
  };
}
