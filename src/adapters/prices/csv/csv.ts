import type { Session } from '../../../core/calendar/session.ts';
import type { PriceBasis } from '../../../core/market/bar.ts';
import {
  assertWindow,
  barsFromRows,
  emptyFetched,
  type PriceSource,
  SourceError,
  type SourceRow,
} from '../source.ts';
import { stampOf } from './bounded-file.ts';
import { amountOf, dateOf, priceOf, textOf } from './cells.ts';
import { type CsvReader, type CsvRow, readTable, refuseLine } from './table.ts';

/** Prices by date and symbol: `values[symbol index][date index]`, NaN where there is no price; dates ascend. */
export type WideCsv = { dates: string[]; symbols: string[]; values: Float64Array[] };

/** Rows of one symbol, ascending; undefined for a symbol the file does not have. */
type Series = { symbols: string[]; rowsOf(symbol: string): SourceRow[] | undefined };

/** 500 symbols over 20 years are 115 MB in the long form and 22 MB in the wide one. */
const prices = { content: 'prices', bytesMax: 128 * 1024 ** 2 };

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
    const stamp = stampOf(path, prices);
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
      return { ...emptyFetched, ...barsFromRows(symbol, basis, asked, from, to) };
    },
  };
}

/** Reads a wide price file, gzip or not: a first column `date`, then one column for each symbol. */
export function readWideCsv(path: string): WideCsv {
  return readTable(path, prices, wideReader);
}

function readSeries(path: string): Series {
  return readTable<Series>(path, prices, (header) => {
    if (header.cells.some((name) => name.toLowerCase() === 'symbol')) return longReader(header);
    const wide = wideReader(header);
    return { take: wide.take, finish: () => wideSeries(wide.finish()) };
  });
}

function wideReader(header: CsvRow): CsvReader<WideCsv> {
  const [date = '', ...symbols] = header.cells;
  const form = 'a first column date and one column for each symbol, or the columns symbol,date,close';
  if (date.toLowerCase() !== 'date') refuseLine(header, `begins with the column ${date}`, form);
  if (symbols.length === 0) refuseLine(header, 'has no column after the date', form);
  const misplaced = symbols.find((name) => /^(symbol|close|adj_?close)$/i.test(name));
  if (misplaced) refuseLine(header, `has the column ${misplaced} among the symbols`, form);
  const rows = new Map<Session, Float64Array>();
  return {
    take(row) {
      const session = dateOf(row, 0);
      if (rows.has(session)) refuseLine(row, `repeats the date ${session}`, 'one row a day');
      const closes = new Float64Array(symbols.length);
      for (let i = 0; i < closes.length; i += 1) closes[i] = priceOf(row, i + 1) ?? Number.NaN;
      rows.set(session, closes);
    },
    finish() {
      const dates = [...rows.keys()].sort();
      const values = symbols.map(() => new Float64Array(dates.length));
      for (const [t, session] of dates.entries()) {
        const closes = rows.get(session)!;
        for (let i = 0; i < closes.length; i += 1) values[i]![t] = closes[i]!;
      }
      return { dates, symbols, values };
    },
  };
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

function longReader(header: CsvRow): CsvReader<Series> {
  const names = header.cells.map((name) => name.toLowerCase());
  for (const name of ['date', 'close'])
    if (!names.includes(name)) refuseLine(header, `has no column ${name}`, 'symbol,date,close at least');
  for (const name of names)
    if (!longColumns.includes(name))
      refuseLine(header, `has an unknown column ${name}`, longColumns.join(','));
  const [symbolAt, dateAt, closeAt, highAt, lowAt, volumeAt, dividendAt, splitAt] =
    'symbol date close high low volume dividend split'.split(' ').map((name) => names.indexOf(name));
  const bySymbol = new Map<string, Map<Session, SourceRow>>();
  // Every symbol has the same days, so each is checked and kept once.
  const sessions = new Map<string, Session>();
  const sessionOf = (row: CsvRow): Session => {
    const text = textOf(row, dateAt);
    const session = sessions.get(text) ?? dateOf(row, dateAt);
    sessions.set(session, session);
    return session;
  };
  return {
    take(row) {
      const symbol = textOf(row, symbolAt);
      if (symbol === '') refuseLine(row, 'has no symbol', 'one in the column symbol');
      const session = sessionOf(row);
      const rows = bySymbol.get(symbol) ?? new Map<Session, SourceRow>();
      if (rows.has(session)) refuseLine(row, `repeats ${symbol} on ${session}`, 'one row a day');
      bySymbol.set(symbol, rows);
      rows.set(session, {
        session,
        close: priceOf(row, closeAt),
        high: priceOf(row, highAt),
        low: priceOf(row, lowAt),
        volume: amountOf(row, volumeAt),
        dividend: amountOf(row, dividendAt) ?? 0,
        splitRatio: priceOf(row, splitAt) ?? 1,
      });
    },
    finish() {
      const ascending = new Map<string, SourceRow[]>();
      for (const [symbol, rows] of bySymbol)
        ascending.set(
          symbol,
          [...rows.values()].sort((a, b) => (a.session < b.session ? -1 : 1)),
        );
      return { symbols: [...ascending.keys()].sort(), rowsOf: (symbol) => ascending.get(symbol) };
    },
  };
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
