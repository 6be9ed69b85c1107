import type { Bar, PriceBasis } from '../../../core/market/bar.ts';
import { type QuoteUnit, quoteUnit } from '../../../core/market/quote-unit.ts';
import { assertWindow, barsFromRows, emptyFetched, type PriceSource, SourceError } from '../source.ts';
import { stampOf } from './bounded-file.ts';
import { bySymbolLayoutAt } from './by-symbol.ts';
import { longLayoutAt } from './long.ts';
import { currencyCode } from './numbers.ts';
import { priceField } from './price-columns.ts';
import type { Recognised } from './recognised.ts';
import { refuseLine } from './records.ts';
import { type FileRow, knownRows, revisionOf, type Series, type SymbolRows, seriesOf } from './series.ts';
import { SymbolIndex } from './symbols.ts';
import { type CsvRow, type Layout, type Recogniser, readTable } from './table.ts';
import { priceForms, type WideCsv, type WidePrices, wideLayoutAt } from './wide.ts';

export type { WideCsv } from './wide.ts';

/** 500 symbols over 20 years are 115 MB in the long form and 22 MB in the wide one. */
const prices = { content: 'prices', bytesMax: 128 * 1024 ** 2 };

/**
 * Daily bars from a file, gzip or not: wide (`date,SPY,TLT,..`: closes, empty = no price), long
 * (`symbol,date,close[,high,low,volume,dividend,split,currency,observed]`) or as yfinance writes several symbols.
 * `basis` says what its closes mean. Read at the first question, and again when the file has changed; `onRead` is then
 * told how. The rows of a file with `observed` are answered as they were known at the asking task's instant.
 */
export function csvSource(options: {
  path: string;
  basis: PriceBasis;
  name?: string;
  onRead?: (recognised: Recognised) => void;
}): PriceSource {
  const { path, basis, name = 'csv', onRead } = options;
  let read: { stamp: string; series: Series } | null = null;

  function series(): Series {
    const stamp = stampOf(path, prices);
    if (read?.stamp === stamp) return read.series;
    const { value, recognised } = readPrices(path, basis);
    read = { stamp, series: value };
    onRead?.(recognised);
    return value;
  }

  return {
    name,
    basis,
    async fetchBars(symbol, from, to, at) {
      assertWindow(from, to);
      const known = series();
      const rows = known.rowsOf(symbol);
      if (!rows) throw unknownSymbol(path, symbol, known.symbols);
      const unit = unitOf(path, symbol, rows.unit);
      const { bars, warnings } = barsFromRows(symbol, basis, knownRows(rows, from, to, at), from, to);
      return {
        ...emptyFetched,
        bars: bars.map((bar) => inCurrency(bar, unit?.unitsPerCurrency ?? 1)),
        warnings,
        currency: unit?.currency ?? null,
        unit: rows.unit,
        through: known.through(at),
        revision: revisionOf(rows, at),
      };
    },
  };
}

/** What a file's word for a currency means; null where it has none. */
function unitOf(path: string, symbol: string, code: string | null): QuoteUnit | null {
  if (code === null) return null;
  const unit = quoteUnit(code);
  if (unit) return unit;
  const message = `${path} has ${symbol} in ${code}, which is no currency; expected a code like USD, or GBp for pence`;
  throw new SourceError('schema', message, { symbol });
}

/** A bar in major currency, as all stored ones are. */
function inCurrency(bar: Bar, unitsPerCurrency: number): Bar {
  if (unitsPerCurrency === 1) return bar;
  const amount = (value: number | null) => (value === null ? null : value / unitsPerCurrency);
  return {
    ...bar,
    close: bar.close / unitsPerCurrency,
    dividend: bar.dividend / unitsPerCurrency,
    high: amount(bar.high),
    low: amount(bar.low),
  };
}

function unknownSymbol(path: string, symbol: string, symbols: readonly string[]): SourceError {
  const known = symbols.slice(0, 10).join(', ') + (symbols.length > 10 ? ', ..' : '');
  return new SourceError('unknown-symbol', `${path} has no ${symbol}; it has ${known}`, { symbol });
}

/**
 * Reads the closes of a wide price file, gzip or not, and tells how: a first column `date`, then one column for each symbol,
 * or several as yfinance writes them. Splits in it are refused, for closes alone would hide them.
 */
export function readWidePrices(path: string): { value: WideCsv; recognised: Recognised } {
  const { value, recognised } = readTable(path, prices, wideRecogniser);
  const { currency: _, ...table } = value;
  return { value: table, recognised };
}

/** Reads a price file of any form, and tells how. */
export function readPrices(path: string, basis: PriceBasis): { value: Series; recognised: Recognised } {
  const { value, recognised } = readTable(path, prices, seriesRecogniser);
  return {
    value,
    recognised: { ...recognised, warnings: [...recognised.warnings, ...warningsOf(recognised, basis)] },
  };
}

const wideRecogniser: Recogniser<WidePrices> = {
  layoutAt(rows, at) {
    const layout = bySymbolLayoutAt(rows, at);
    return layout ? remade(layout, (series) => closesOf(rows[at]!, series)) : wideLayoutAt(rows, at);
  },
  refuse: refuseHeader,
};

function closesOf(header: CsvRow, series: Series): WidePrices {
  const rows = series.symbols.map((symbol) => series.rowsOf(symbol)!.rows);
  const dates = [...new Set(rows.flat().map((row) => row.session))].sort();
  const split = rows.flat().find(({ splitRatio }) => splitRatio !== 1);
  if (split)
    refuseLine(header, `stands over a split on ${split.session}`, 'adjusted closes, and no column of splits');
  const values = rows.map((own) => {
    const closes = new Map(own.map(({ session, close }) => [session, close]));
    return Float64Array.from(dates, (date) => closes.get(date) ?? Number.NaN);
  });
  return { dates, symbols: [...series.symbols], values, currency: null };
}

/** A layout whose reader makes something else of what it has read. */
function remade<From, To>(layout: Layout<From>, make: (value: From) => To): Layout<To> {
  return {
    ...layout,
    begin(spelling) {
      const { take, finish } = layout.begin(spelling);
      return {
        take,
        finish() {
          const { value, told } = finish();
          return { value: make(value), told };
        },
      };
    },
  };
}

const seriesRecogniser: Recogniser<Series> = {
  layoutAt: (rows, at) => bySymbolLayoutAt(rows, at) ?? longLayoutAt(rows, at) ?? wideSeriesAt(rows, at),
  refuse: refuseHeader,
};

function wideSeriesAt(rows: readonly CsvRow[], at: number): Layout<Series> | null {
  const layout = wideLayoutAt(rows, at);
  return layout && remade(layout, wideSeries);
}

function wideSeries({ dates, symbols, values, currency }: WidePrices): Series {
  const unit = currencyCode(currency);
  const columns = new SymbolIndex<{ rows: () => SymbolRows }>();
  for (const [i, symbol] of symbols.entries()) {
    let made: SymbolRows | undefined;
    const rows = () => (made ??= { rows: pricedRows(dates, values[i]!), unit });
    columns.set(symbol, { rows });
  }
  const none = seriesOf(new SymbolIndex(), dates);
  return {
    symbols: symbols.toSorted(),
    rowsOf: (symbol) => columns.get(symbol)?.rows(),
    through: none.through,
  };
}

/** An empty cell of a wide file is no row: nothing was said about that day. */
function pricedRows(dates: readonly string[], closes: Float64Array): FileRow[] {
  const nothingElse = { dividend: 0, splitRatio: 1, high: null, low: null, volume: null, observed: null };
  return dates.flatMap((session, row) => {
    const close = closes[row]!;
    return Number.isNaN(close) ? [] : [{ session, close, ...nothingElse }];
  });
}

function refuseHeader(first: CsvRow): never {
  const [name = '', ...others] = first.cells;
  if (priceField(name) !== 'date') refuseLine(first, `begins with the column ${name}`, priceForms);
  if (others.length === 0) refuseLine(first, 'has no column after the date', priceForms);
  refuseLine(first, `has the columns ${first.cells.slice(0, 5).join(', ')}`, priceForms);
}

/** What of a file's form and its basis together may make a number wrong. */
function warningsOf({ columns, content }: Recognised, basis: PriceBasis): string[] {
  const has = (field: string) => columns.some(({ name }) => priceField(name) === field);
  if (basis === 'as-traded' && !has('split'))
    return [
      'its closes are as traded (basis), but it has no column split: a split will look like a fall or a rise; add the column, or write basis: split-adjusted if they are adjusted',
    ];
  const isAdjustedBeside = columns.some(({ name }) => /^adj/i.test(name));
  if (basis === 'total-return' && isAdjustedBeside && !content.endsWith('wide'))
    return [
      'its closes are total returns (basis), but it has an adjusted close beside the close, which is what is read',
    ];
  return [];
}
