import type { Session } from '../../../core/calendar/session.ts';
import type { PriceBasis } from '../../../core/market/bar.ts';
import { assertWindow, barsFromRows, type PriceSource, SourceError, type SourceRow } from '../source.ts';
import { amountOf, type CsvTable, cellAt, dateOf, priceOf, readTable, refuseLine, stampOf } from './table.ts';

/** Prices by date and symbol: `values[symbol index][date index]`, NaN where there is no price; dates ascend. */
export type WideCsv = { dates: string[]; symbols: string[]; values: Float64Array[] };

/** Rows of one symbol, ascending; undefined for a symbol the file does not have. */
type Series = { symbols: string[]; rowsOf(symbol: string): SourceRow[] | undefined };

const longColumns = 'symbol date open high low close adj_close volume dividend split'.split(' ');

/**
 * Daily bars from a file, gzip or not: wide (`date,SPY,TLT,..`: closes, empty = no price) or
 * long (`symbol,date,close[,high,low,volume,dividend,split]`; open and adj_close are not read).
 * `basis` says what its closes mean. Read at the first question, and again when the file has changed.
 */
export function csvSource(options: { path: string; basis: PriceBasis; name?: string }): PriceSource {
  const { path, basis, name = 'csv' } = options;
  let read: { stamp: string; series: Series } | null = null;

  function series(): Series {
    const stamp = stampOf(path);
    if (read?.stamp !== stamp) read = { stamp, series: readSeries(path) };
    return read.series;
  }

  return {
    name,
    basis,
    async fetchBars(symbol, from, to) {
      assertWindow(from, to);
      const { symbols, rowsOf } = series();
      const rows = rowsOf(symbol);
      if (!rows) {
        const known = symbols.slice(0, 10).join(', ') + (symbols.length > 10 ? ', ..' : '');
        throw new SourceError('unknown-symbol', `${path} has no ${symbol}; it has ${known}`, { symbol });
      }
      const asked = rows.slice(leadIn(rows, from), firstAt(rows, to) + 1);
      return { ...barsFromRows(symbol, basis, asked, from, to), currency: null };
    },
  };
}

/** Reads a wide price file, gzip or not: a first column `date`, then one column for each symbol. */
export function readWideCsv(path: string): WideCsv {
  return wideCsv(readTable(path));
}

function readSeries(path: string): Series {
  const table = readTable(path);
  const isLong = table.header.some((name) => name.toLowerCase() === 'symbol');
  return isLong ? longSeries(table) : wideSeries(wideCsv(table));
}

function wideCsv({ path, header, rows }: CsvTable): WideCsv {
  const table = { path, header, rows };
  const form = 'a first column date and one column for each symbol, or the columns symbol,date,close';
  if (header[0]?.toLowerCase() !== 'date') refuseLine(path, 1, `begins with the column ${header[0]}`, form);
  const symbols = header.slice(1);
  if (symbols.length === 0) refuseLine(path, 1, 'has no column after the date', form);
  const misplaced = symbols.find((name) => /^(symbol|close|adj_?close)$/i.test(name));
  if (misplaced) refuseLine(path, 1, `has the column ${misplaced} among the symbols`, form);
  const dated = rows.map((row) => ({ row, date: dateOf(cellAt(table, row, 0)) }));
  dated.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : a.row.line - b.row.line));
  for (const [index, { row, date }] of dated.entries())
    if (date === dated[index - 1]?.date)
      refuseLine(path, row.line, `repeats the date ${date}`, 'one row a day');
  const values = symbols.map((_, index) =>
    Float64Array.from(dated, ({ row }) => priceOf(cellAt(table, row, index + 1)) ?? Number.NaN),
  );
  return { dates: dated.map(({ date }) => date), symbols, values };
}

function wideSeries({ dates, symbols, values }: WideCsv): Series {
  const made = new Map<string, SourceRow[]>();
  return {
    symbols,
    rowsOf(symbol) {
      const closes = values[symbols.indexOf(symbol)];
      if (!closes) return undefined;
      const rows = made.get(symbol) ?? pricedRows(dates, closes);
      made.set(symbol, rows);
      return rows;
    },
  };
}

/** An empty cell of a wide file is no row: nothing was said about that day. */
function pricedRows(dates: readonly Session[], closes: Float64Array): SourceRow[] {
  const nothingElse = { dividend: 0, splitRatio: 1, high: null, low: null, volume: null };
  return dates.flatMap((session, row) => {
    const close = closes[row]!;
    return Number.isNaN(close) ? [] : [{ session, close, ...nothingElse }];
  });
}

function longSeries(read: CsvTable): Series {
  const table = { ...read, header: read.header.map((name) => name.toLowerCase()) };
  const { path, header } = table;
  for (const name of ['date', 'close'])
    if (!header.includes(name)) refuseLine(path, 1, `has no column ${name}`, 'symbol,date,close at least');
  for (const name of header)
    if (!longColumns.includes(name))
      refuseLine(path, 1, `has an unknown column ${name}`, longColumns.join(','));
  const bySymbol = new Map<string, Map<Session, SourceRow>>();
  for (const row of table.rows) {
    const cell = (name: string) => cellAt(table, row, header.indexOf(name));
    const symbol = cell('symbol').text;
    if (symbol === '') refuseLine(path, row.line, 'has no symbol', 'one in the column symbol');
    const session = dateOf(cell('date'));
    const rows = bySymbol.get(symbol) ?? new Map<Session, SourceRow>();
    if (rows.has(session)) refuseLine(path, row.line, `repeats ${symbol} on ${session}`, 'one row a day');
    bySymbol.set(symbol, rows);
    rows.set(session, {
      session,
      close: priceOf(cell('close')),
      high: priceOf(cell('high')),
      low: priceOf(cell('low')),
      volume: amountOf(cell('volume')),
      dividend: amountOf(cell('dividend')) ?? 0,
      splitRatio: priceOf(cell('split')) ?? 1,
    });
  }
  const ascending = new Map<string, SourceRow[]>();
  for (const [symbol, rows] of bySymbol)
    ascending.set(
      symbol,
      [...rows.values()].sort((a, b) => (a.session < b.session ? -1 : 1)),
    );
  return { symbols: [...ascending.keys()].sort(), rowsOf: (symbol) => ascending.get(symbol) };
}

/** The first row that bars from `from` on may need: the one after the last price before it, whose events wait. */
function leadIn(rows: readonly SourceRow[], from: Session): number {
  let index = firstAt(rows, from);
  while (index > 0 && rows[index - 1]!.close === null) index -= 1;
  return index;
}

/** Index of the first row on or after `session`. */
function firstAt(rows: readonly SourceRow[], session: Session): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.session < session) low = middle + 1;
    else high = middle;
  }
  return low;
}
