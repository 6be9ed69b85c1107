import type { Session } from '../../../core/calendar/session.ts';
import { Cells } from './cells.ts';
import { looksLikeDate } from './dates.ts';
import { priceField } from './price-columns.ts';
import { refuseLine } from './records.ts';
import { inCapitals, repeated } from './series-builder.ts';
import { SymbolIndex } from './symbols.ts';
import { type CsvReader, type CsvRow, isDated, isUnnamed, type Layout, refuseTwice } from './table.ts';

/** Prices by date and symbol: `values[symbol index][date index]`, NaN where there is no price; dates ascend. */
export type WideCsv = { dates: string[]; symbols: string[]; values: Float64Array[] };

/** A wide table's closes, and the sign that stands by them. */
export type WidePrices = WideCsv & { currency: string | null };

/** What a price file may look like, for those that do not. */
export const priceForms =
  'a first column date and one column for each symbol, or the columns symbol,date,close';

/** The layout of `date,SPY,TLT,..`, its date perhaps without a name or behind a column of row numbers. */
export function wideLayoutAt(rows: readonly CsvRow[], at: number): Layout<WidePrices> | null {
  const header = rows[at]!;
  const dateAt = dateColumn(rows, at);
  if (dateAt === null) return null;
  const closes = header.cells.flatMap((name, index) => (index > dateAt && name !== '' ? [index] : []));
  if (closes.length === 0 || closes.some((index) => looksLikeDate(header.cells[index]!))) return null;
  const misplaced = closes.map((index) => header.cells[index]!).find(isOfLongFile);
  if (misplaced) refuseLine(header, `has the column ${misplaced} among the symbols`, priceForms);
  const names = closes.map((index) => header.cells[index]!.toLowerCase());
  if (['open', 'high', 'low'].every((name) => names.includes(name)))
    refuseLine(header, 'has open, high and low, as a file of one symbol without its name', priceForms);
  refuseTwice(header);
  return {
    content: 'wide',
    header: header.cells.map((name, index) => (index === dateAt && isUnnamed(name) ? 'date' : name)),
    headerRows: 1,
    columns: [
      ...header.cells.slice(0, dateAt).map((name) => ({ name, meaning: 'row numbers, not read' })),
      { name: header.cells[dateAt]!, meaning: 'date' },
      {
        name: header.cells[closes[0]!]!,
        meaning: `close, and so ${closes.length === 1 ? 'is no other' : 'are the others'}`,
      },
    ],
    numbers: closes,
    dates: [dateAt],
    begin: (spelling) => wideReader(header, dateAt, closes, new Cells(spelling)),
  };
}

function dateColumn(rows: readonly CsvRow[], at: number): number | null {
  const [first = '', second = ''] = rows[at]!.cells;
  // Before the header something else may begin with the word date.
  if (priceField(first) === 'date') return at === 0 || isDated(rows[at + 1], 0) ? 0 : null;
  if (!isUnnamed(first)) return null;
  if (priceField(second) === 'date') return 1;
  return isDated(rows[at + 1], 0) ? 0 : null;
}

/** Names that are no symbols of an exchange, as `open`, `high` and `low` are. */
const isOfLongFile = (name: string) =>
  /^(symbol|ticker|price|close|close\/last|adj[ _.]*close|volume|vol\.|change ?%?|dividends|stock splits|capital gains)$/i.test(
    name,
  );

function wideReader(
  header: CsvRow,
  dateAt: number,
  closes: readonly number[],
  cells: Cells,
): CsvReader<WidePrices> {
  const names = closes.map((index) => header.cells[index]!);
  const symbols = symbolsOf(header, names);
  const rows = new Map<Session, Float64Array>();
  let repeats = 0;
  return {
    take(row) {
      const session = cells.date(row, dateAt);
      const prices = new Float64Array(closes.length);
      for (let i = 0; i < prices.length; i += 1) prices[i] = cells.price(row, closes[i]!) ?? Number.NaN;
      const known = rows.get(session);
      if (!known) rows.set(session, prices);
      else if (known.every((price, i) => Object.is(price, prices[i]))) repeats += 1;
      else refuseLine(row, `repeats the date ${session}`, 'one row a day, or the same prices in each');
    },
    finish() {
      const dates = [...rows.keys()].sort();
      const values = symbols.map(() => new Float64Array(dates.length));
      for (const [t, session] of dates.entries()) {
        const prices = rows.get(session)!;
        for (let i = 0; i < prices.length; i += 1) values[i]![t] = prices[i]!;
      }
      const lower = names.filter((name) => name !== name.toUpperCase());
      const told = {
        symbols,
        first: dates[0] ?? null,
        last: dates.at(-1) ?? null,
        currency: cells.currency,
        dates: cells.dateExample,
        notes: [...inCapitals(lower), ...repeated(repeats)],
        warnings: [],
      };
      return { value: { dates, symbols, values, currency: cells.currency }, told };
    },
  };
}

function symbolsOf(header: CsvRow, names: readonly string[]): string[] {
  const index = new SymbolIndex<string>();
  for (const name of names) {
    const other = index.get(name);
    if (other !== undefined)
      refuseLine(header, `names ${other} and ${name}, which are the same symbol`, 'each symbol once');
    index.set(name, name);
  }
  return names.map((name) => name.toUpperCase());
}
