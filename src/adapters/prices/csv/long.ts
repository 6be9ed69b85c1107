import { Cells, refuseCell, textOf } from './cells.ts';
import { currencyCode } from './numbers.ts';
import { meaningOf, type PriceField, priceField } from './price-columns.ts';
import { refuseLine } from './records.ts';
import type { FileRow, Series } from './series.ts';
import { SeriesBuilder } from './series-builder.ts';
import { type CsvReader, type CsvRow, isUnnamed, type Layout, refuseTwice } from './table.ts';

const longColumns =
  'symbol date open high low close adj_close volume dividend capital_gain split currency observed'.split(' ');

/** Places of the columns of a long file; -1 for those it does not have. */
type Places = Record<Exclude<PriceField, 'ignored'>, number>;

/** The layout of `symbol,date,close,..`: a row for each symbol and day. */
export function longLayoutAt(rows: readonly CsvRow[], at: number): Layout<Series> | null {
  const header = rows[at]!;
  const fields = header.cells.map((name, index) =>
    index === 0 && isUnnamed(name) ? 'ignored' : priceField(name),
  );
  if (!fields.includes('symbol')) return null;
  for (const name of ['date', 'close'] as const) {
    if (fields.includes(name)) continue;
    if (at > 0) return null;
    refuseLine(header, `has no column ${name}`, 'symbol,date,close at least');
  }
  const columns = header.cells.map((name, index) => {
    const field = fields[index] ?? (name === '' ? 'ignored' : undefined);
    if (field === undefined) refuseLine(header, `has an unknown column ${name}`, longColumns.join(','));
    return { name, meaning: meaningOf(field) };
  });
  refuseTwice(header);
  const place = (field: PriceField): number => {
    const index = fields.indexOf(field);
    const other = field === 'ignored' ? -1 : fields.indexOf(field, index + 1);
    if (index >= 0 && other > index)
      refuseLine(header, `has both ${header.cells[index]} and ${header.cells[other]}`, `one column ${field}`);
    return index;
  };
  const places: Places = {
    symbol: place('symbol'),
    date: place('date'),
    ...numberPlaces(place),
    currency: place('currency'),
    observed: place('observed'),
  };
  const { close, high, low, volume, dividend, capitalGain, split } = places;
  const numbers = [close, high, low, volume, dividend, capitalGain, split].filter((index) => index >= 0);
  return {
    content: 'long',
    header: header.cells,
    headerRows: 1,
    columns,
    numbers,
    dates: [places.date],
    begin: (spelling) => longReader(places, new Cells(spelling)),
  };
}

function longReader(places: Places, cells: Cells): CsvReader<Series> {
  const builder = new SeriesBuilder();
  return {
    take(row) {
      const symbol = textOf(row, places.symbol);
      if (symbol === '') refuseLine(row, 'has no symbol', 'one in the column symbol');
      builder.add(row, symbol, fileRow(row, places, cells), textOf(row, places.currency) || null);
    },
    finish() {
      const currency = cells.currency;
      const { series, ...told } = builder.finish(currencyCode(currency));
      return {
        value: series,
        told: { symbols: [...series.symbols], ...told, currency, dates: cells.dateExample, warnings: [] },
      };
    },
  };
}

/** Where the numbers of one symbol stand. */
export function numberPlaces(place: (field: PriceField) => number) {
  return {
    close: place('close'),
    high: place('high'),
    low: place('low'),
    volume: place('volume'),
    dividend: place('dividend'),
    capitalGain: place('capitalGain'),
    split: place('split'),
  };
}

/** One row of one symbol: all that is read of it. */
export function fileRow(row: CsvRow, places: Omit<Places, 'symbol' | 'currency'>, cells: Cells): FileRow {
  const found: FileRow = {
    session: cells.date(row, places.date),
    close: cells.price(row, places.close),
    high: cells.price(row, places.high),
    low: cells.price(row, places.low),
    volume: cells.amount(row, places.volume),
    dividend: (cells.amount(row, places.dividend) ?? 0) + (cells.amount(row, places.capitalGain) ?? 0),
    splitRatio: cells.splitRatio(row, places.split),
    observed: cells.instant(row, places.observed),
  };
  if (found.observed !== null) checkObserved(row, places.observed, found, found.observed);
  return found;
}

function checkObserved(row: CsvRow, index: number, found: FileRow, observed: number): void {
  const { session, close, dividend, splitRatio } = found;
  if (observed < Date.parse(`${session}T00:00:00Z`))
    refuseCell(row, index, `an instant on or after its own date ${session}`);
  if (close === null && (dividend !== 0 || splitRatio !== 1))
    refuseLine(
      row,
      'has no close and an event',
      'a close; a row that has an instant and no close withdraws the day',
    );
}
