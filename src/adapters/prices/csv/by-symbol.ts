import { Cells } from './cells.ts';
import { fileRow, numberPlaces } from './long.ts';
import { currencyCode } from './numbers.ts';
import { meaningOf, type PriceField, priceField } from './price-columns.ts';
import { refuseLine } from './records.ts';
import type { Series } from './series.ts';
import { SeriesBuilder } from './series-builder.ts';
import { type CsvReader, type CsvRow, isDated, type Layout } from './table.ts';

/** The places of one symbol's columns. */
type Block = { symbol: string; places: Map<PriceField, number> };

/** Two rows of a header: what each column is, and of which symbol; in either order, and below them perhaps `Date`. */
type Header = { fields: readonly string[]; symbols: readonly string[]; rows: 2 | 3 };

/**
 * The layout of yfinance's table of several symbols: `Price,Close,Close` above `Ticker,SPY,TLT` above `Date`, or the
 * first two the other way round.
 */
export function bySymbolLayoutAt(rows: readonly CsvRow[], at: number): Layout<Series> | null {
  const header = headerAt(rows, at);
  if (!header) return null;
  const first = rows[at]!;
  const blocks = blocksOf(first, header);
  const columns = [...new Set(header.fields)].map((name) => ({
    name,
    meaning: meaningOf(priceField(name)!),
  }));
  return {
    content: 'wide, several columns a symbol',
    header: ['date', ...header.fields.map((field, i) => `${field} of ${header.symbols[i]}`)],
    headerRows: header.rows,
    columns,
    numbers: blocks.flatMap(({ places }) => [...places.values()]),
    dates: [0],
    begin: (spelling) => blockReader(blocks, new Cells(spelling)),
  };
}

function headerAt(rows: readonly CsvRow[], at: number): Header | null {
  const [first, second, third] = [rows[at], rows[at + 1], rows[at + 2]];
  if (!first || !second || !third || first.cells.length < 2) return null;
  if (!/^(price|ticker|attributes|symbols|)$/i.test(first.cells[0]!)) return null;
  const [a, b] = [first.cells.slice(1), second.cells.slice(1)];
  const isFields = (names: readonly string[]) => names.every((name) => priceField(name) !== undefined);
  const isFieldsFirst = isFields(a) && a.some((name) => priceField(name) === 'close');
  const isFieldsSecond = isFields(b) && b.some((name) => priceField(name) === 'close');
  if (isFieldsFirst === isFieldsSecond || a.length !== b.length) return null;
  const isDateRow =
    priceField(third.cells[0]!) === 'date' && third.cells.slice(1).every((cell) => cell === '');
  if (!isDateRow && !isDated(third, 0)) return null;
  const rowCount = isDateRow ? 3 : 2;
  return isFieldsFirst
    ? { fields: a, symbols: b, rows: rowCount }
    : { fields: b, symbols: a, rows: rowCount };
}

function blocksOf(at: CsvRow, { fields, symbols }: Header): Block[] {
  const blocks = new Map<string, Block>();
  for (const [i, symbol] of symbols.entries()) {
    if (symbol === '') refuseLine(at, `has no symbol for column ${i + 2}`, 'one for each column');
    const block = blocks.get(symbol) ?? { symbol, places: new Map() };
    blocks.set(symbol, block);
    const field = priceField(fields[i]!)!;
    if (field === 'ignored') continue;
    if (block.places.has(field)) refuseLine(at, `names ${fields[i]} of ${symbol} twice`, 'each column once');
    block.places.set(field, i + 1);
  }
  for (const { symbol, places } of blocks.values())
    if (!places.has('close')) refuseLine(at, `has no close of ${symbol}`, 'one of each symbol');
  return [...blocks.values()];
}

function blockReader(blocks: readonly Block[], cells: Cells): CsvReader<Series> {
  const builder = new SeriesBuilder();
  const placed = blocks.map(({ symbol, places }) => {
    const place = (field: PriceField) => places.get(field) ?? -1;
    return { symbol, places: { date: 0, ...numberPlaces(place), observed: -1 } };
  });
  return {
    take(row) {
      for (const { symbol, places } of placed) {
        const found = fileRow(row, places, cells);
        // A table of several symbols has a row for every day any of them has.
        const saysNothing = found.close === null && found.dividend === 0 && found.splitRatio === 1;
        if (!saysNothing) builder.add(row, symbol, found, null);
      }
    },
    finish() {
      const { series, ...told } = builder.finish(currencyCode(cells.currency));
      return {
        value: series,
        told: {
          symbols: [...series.symbols],
          ...told,
          currency: cells.currency,
          dates: cells.dateExample,
          warnings: [],
        },
      };
    },
  };
}
