import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { isIsoDate, type Session } from '../../../core/calendar/session.ts';
import { SourceError } from '../source.ts';

/** A file of comma-separated plain values with a header; rows keep the line they stand on, counted from 1. */
export type CsvTable = { path: string; header: string[]; rows: CsvRow[] };
export type CsvRow = { line: number; cells: string[] };
export type CsvCell = { path: string; line: number; column: string; text: string };

const textBytesMax = 512 * 1024 * 1024;

/** Reads a table, gzip or not. Quoted values are refused: no date, symbol or number needs them. */
export function readTable(path: string): CsvTable {
  const lines = readText(path)
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/);
  const header = cellsOf(path, 1, lines[0] ?? '');
  if (header.join('') === '') refuseLine(path, 1, 'is empty', 'the names of the columns');
  for (const [index, name] of header.entries()) {
    if (name === '') refuseLine(path, 1, `has no name for column ${index + 1}`, 'one for each column');
    if (header.indexOf(name) < index) refuseLine(path, 1, `names ${name} twice`, 'each column once');
  }
  const rows: CsvRow[] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const text = lines[index]!;
    if (text.trim() === '') continue;
    const cells = cellsOf(path, index + 1, text);
    if (cells.length !== header.length)
      refuseLine(path, index + 1, `has ${cells.length} values`, `${header.length}, as many as the header`);
    rows.push({ line: index + 1, cells });
  }
  if (rows.length === 0) refuseLine(path, 2, 'is missing', 'at least one row of prices');
  return { path, header, rows };
}

function cellsOf(path: string, line: number, text: string): string[] {
  if (text.includes('"')) refuseLine(path, line, 'holds quotes', 'plain values parted by commas');
  return text.split(',').map((cell) => cell.trim());
}

export function cellAt(table: CsvTable, row: CsvRow, index: number): CsvCell {
  const { path, header } = table;
  return { path, line: row.line, column: header[index] ?? '', text: row.cells[index] ?? '' };
}

export function dateOf(cell: CsvCell): Session {
  if (!isIsoDate(cell.text)) refuseCell(cell, 'a date like 2024-12-31');
  return cell.text;
}

/** A number not below 0; null for an empty cell. */
export function amountOf(cell: CsvCell): number | null {
  if (cell.text === '') return null;
  const isNumber = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell.text);
  const number = isNumber ? Number(cell.text) : Number.NaN;
  if (!Number.isFinite(number)) refuseCell(cell, 'a number not below 0, or nothing where there is none');
  return number;
}

/** A number above 0, such as a price; null for an empty cell. */
export function priceOf(cell: CsvCell): number | null {
  const number = amountOf(cell);
  if (number === 0) refuseCell(cell, 'a number above 0, or nothing where there is none');
  return number;
}

export function refuseLine(path: string, line: number, found: string, expected: string): never {
  throw new SourceError('schema', `${path}, line ${line} ${found}; expected ${expected}`);
}

function refuseCell(cell: CsvCell, expected: string): never {
  refuseLine(cell.path, cell.line, `has "${cell.text}" in the column ${cell.column}`, expected);
}

/** Tells one state of a file from another. */
export function stampOf(path: string): string {
  try {
    const { mtimeMs, size } = statSync(path);
    return `${mtimeMs} ${size}`;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path);
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return (isGzip ? gunzipSync(bytes, { maxOutputLength: textBytesMax }) : bytes).toString('utf8');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): SourceError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const found = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
  return new SourceError(
    'network',
    `the file ${path} ${found}; expected a CSV file of prices, plain or gzip`,
    {
      cause,
    },
  );
}
