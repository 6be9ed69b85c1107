import type { ReportedLine } from '../../../core/accounting/imported-holdings.ts';
import { numberOf, refuseCell, textOf } from './cells.ts';
import { type CsvReader, type CsvRow, readTable, refuseLine } from './table.ts';

/** A portfolio has hundreds of symbols and a line for each, so this is room for a broker's every column. */
const holdings = { content: 'holdings', bytesMax: 1024 ** 2 };

/**
 * Reads a broker's report, a table of symbol and quantity or of symbol and weight. `symbols` are those of the
 * portfolio, cash included; one the file leaves out is held at 0. The whole file is read before anything is
 * returned: the first wrong line is a SourceError.
 */
export function readHoldings(path: string, portfolio: string, symbols: readonly string[]): ReportedLine[] {
  return readTable(path, holdings, (header) => holdingsReader(header, portfolio, symbols));
}

function holdingsReader(
  header: CsvRow,
  portfolio: string,
  symbols: readonly string[],
): CsvReader<ReportedLine[]> {
  const names = header.cells.map((name) => name.toLowerCase());
  const symbolAt = names.indexOf('symbol');
  const valueAt = names.findIndex((name) => name === 'quantity' || name === 'weight');
  if (symbolAt < 0 || valueAt < 0 || names.length > 2)
    refuseLine(header, `has the columns ${header.cells.join(', ')}`, 'symbol,quantity or symbol,weight');
  const reported = (symbol: string, value: number): ReportedLine =>
    names[valueAt] === 'weight'
      ? { symbol, quantity: null, weight: value }
      : { symbol, quantity: value, weight: null };
  const lines = new Map<string, ReportedLine>();
  return {
    take(row) {
      const symbol = textOf(row, symbolAt);
      const value = numberOf(row, valueAt);
      if (!symbols.includes(symbol)) refuseCell(row, symbolAt, `one of ${portfolio}: ${symbols.join(', ')}`);
      if (value === null) refuseCell(row, valueAt, 'a number');
      if (lines.has(symbol)) refuseLine(row, `repeats ${symbol}`, 'each symbol once');
      lines.set(symbol, reported(symbol, value));
    },
    finish() {
      const left = symbols.filter((symbol) => !lines.has(symbol));
      return [...lines.values(), ...left.map((symbol) => reported(symbol, 0))];
    },
  };
}
