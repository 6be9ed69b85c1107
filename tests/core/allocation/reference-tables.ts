import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { type ReturnsMatrix, simpleReturns } from '../../../src/core/risk/returns.ts';

export type Table = { header: string[]; rows: string[][] };

/** A CSV file, unzipped where it is zipped. */
export function readTable(path: string): Table {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const [header, ...rows] = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  return { header: header!, rows };
}

/** A wide price table: one date and one price per symbol a row; a gap is NaN. */
export type PriceTable = { dates: string[]; symbols: string[]; prices: ReturnsMatrix };

export function widePrices(path: string, symbols?: readonly string[]): PriceTable {
  const { header, rows } = readTable(path);
  const wanted = symbols ?? header.slice(1);
  const at = wanted.map((symbol) => header.indexOf(symbol));
  const values = Float64Array.from(
    rows.flatMap((row) => at.map((k) => (row[k] ? Number(row[k]) : Number.NaN))),
  );
  return {
    dates: rows.map((row) => row[0]!),
    symbols: [...wanted],
    prices: { rows: rows.length, columns: wanted.length, values },
  };
}

/** A long table (symbol, date, ..., adj_close) as wide prices of the symbols, on the dates all of them have. */
export function longPrices(path: string, symbols: readonly string[]): PriceTable {
  const { header, rows } = readTable(path);
  const column = header.indexOf('adj_close');
  const byDate = new Map<string, Map<string, number>>();
  for (const row of rows) {
    if (!symbols.includes(row[0]!)) continue;
    const day = byDate.get(row[1]!) ?? new Map<string, number>();
    byDate.set(row[1]!, day.set(row[0]!, Number(row[column])));
  }
  const dates = [...byDate.keys()].filter((date) => byDate.get(date)!.size === symbols.length).sort();
  const values = Float64Array.from(
    dates.flatMap((date) => symbols.map((symbol) => byDate.get(date)!.get(symbol)!)),
  );
  return { dates, symbols: [...symbols], prices: { rows: dates.length, columns: symbols.length, values } };
}

/** Simple returns of a row-major table of prices. */
export function priceReturns({ rows, columns, values }: ReturnsMatrix): ReturnsMatrix {
  const sessions = Array.from({ length: rows }, (_, row) => String(row));
  const symbols = Array.from({ length: columns }, (_, column) => String(column));
  const levels = symbols.map((_, column) =>
    Float64Array.from(sessions, (_, row) => values[row * columns + column]!),
  );
  return simpleReturns(new PricePanel(sessions, symbols, levels));
}

/** The `count` simple returns that end at `asOf`. */
export function window(table: PriceTable, asOf: string, count: number): ReturnsMatrix {
  const end = table.dates.indexOf(asOf) + 1;
  const columns = table.symbols.length;
  const values = table.prices.values.slice((end - count - 1) * columns, end * columns);
  return priceReturns({ rows: count + 1, columns, values });
}
