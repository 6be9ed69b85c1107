import { isIsoDate, type Session } from '../../../core/calendar/session.ts';
import { type CsvRow, refuseLine } from './table.ts';

const numberPattern = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** How spreadsheets, pandas and R write that there is no number. */
const noNumber = /^(null|none|nan|#?n\/?a)?$/i;

/** The text of one cell; empty where the table has no such column (`index` below 0). */
export function textOf(row: CsvRow, index: number): string {
  return index < 0 ? '' : row.cells[index]!;
}

export function dateOf(row: CsvRow, index: number): Session {
  const text = textOf(row, index);
  if (!isIsoDate(text)) refuseCell(row, index, 'a date like 2024-12-31');
  return text;
}

/** A number of either sign; null for a cell that says there is none. */
export function numberOf(row: CsvRow, index: number, expected = 'a number'): number | null {
  const text = textOf(row, index);
  const number = numberPattern.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(number)) return number;
  if (noNumber.test(text)) return null;
  refuseCell(row, index, expected);
}

/** A number not below 0, such as a dividend; null where there is none. */
export function amountOf(row: CsvRow, index: number): number | null {
  const expected = 'a number not below 0, or nothing where there is none';
  const number = numberOf(row, index, expected);
  if (number !== null && number < 0) refuseCell(row, index, expected);
  return number;
}

/** A number above 0, such as a price; null where there is none. */
export function priceOf(row: CsvRow, index: number): number | null {
  const number = amountOf(row, index);
  if (number === 0) refuseCell(row, index, 'a number above 0, or nothing where there is none');
  return number;
}

export function refuseCell(row: CsvRow, index: number, expected: string): never {
  const { header, cells } = row;
  refuseLine(row, `has "${cells[index]}" in the column ${header[index]}`, expected);
}
