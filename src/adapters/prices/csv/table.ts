import type { FileExpectation } from './bounded-file.ts';
import { readBounded } from './bounded-file.ts';
import { looksLikeDate } from './dates.ts';
import { delimiterName, type Recognised } from './recognised.ts';
import {
  delimitersOf,
  enough,
  lineBreaksIn,
  parseRecords,
  refuseLine,
  refuseLongLines,
  type Text,
  textFrom,
} from './records.ts';
import { type Spelling, SpellingSurvey } from './spelling.ts';

/** One row, under its header once that is found. */
export class CsvRow {
  readonly text: Text;
  readonly header: readonly string[];
  readonly cells: readonly string[];
  readonly #end: number;

  /** `end` is the byte of the text the row ends before. */
  constructor(text: Text, header: readonly string[], cells: readonly string[], end: number) {
    this.text = text;
    this.header = header;
    this.cells = cells;
    this.#end = end;
  }

  get path(): string {
    return this.text.path;
  }

  /** The line of the file it begins on, from 1. Counted when asked for, which is when the row is refused. */
  get line(): number {
    const before = this.text.bytes.toString('latin1', 0, this.#end).replace(/(\r\n|\n|\r)$/, '');
    // A quoted value may hold line breaks of its own.
    return 1 + lineBreaksIn(before) - lineBreaksIn(this.cells.join('\t'));
  }
}

/** What is made of a table: each row is handed over as it is read and none is kept, then the whole is asked for. */
export type CsvReader<T> = { take(row: CsvRow): void; finish(): { value: T; told: Told } };

/** What a reader tells of what it read. */
export type Told = Pick<
  Recognised,
  'symbols' | 'dates' | 'first' | 'last' | 'currency' | 'notes' | 'warnings'
>;

/** How a table is laid out, as its header tells. */
export type Layout<T> = {
  content: string;
  header: readonly string[];
  /** rows the header takes */
  headerRows: number;
  columns: { name: string; meaning: string }[];
  /** places of the columns of numbers, and of dates */
  numbers: readonly number[];
  dates: readonly number[];
  /** whether a row of fewer values than the header is to be left out */
  leavesOut?: (row: CsvRow) => boolean;
  begin(spelling: Spelling): CsvReader<T>;
};

/** Tells headers from what stands before them. */
export type Recogniser<T> = {
  /** The layout that begins at `rows[at]`; null where that is no header. Refuses one that is, but wrong. */
  layoutAt(rows: readonly CsvRow[], at: number): Layout<T> | null;
  /** Says why the first row of a file is no header, where none was found. */
  refuse(first: CsvRow): never;
};

/** A header stands within so many rows: before it brokers write whose account it is and of which day. */
const headRowsMax = 40;

/**
 * Reads a table, gzip or not, in the encoding and with the delimiter, header, decimal sign and order of dates it is found
 * to have. Values may be quoted and have spaces around them; empty lines, lines of delimiters alone and lines that begin
 * with `#` are no rows. Throws a SourceError that names the line of what cannot be read, or may be read in two ways.
 */
export function readTable<T>(
  path: string,
  expected: FileExpectation,
  recogniser: Recogniser<T>,
): { value: T; recognised: Recognised } {
  const { bytes, encoding } = readBounded(path, expected);
  const text = textFrom(path, bytes);
  refuseLongLines(text);
  const { layout, delimiter, at, first } = layoutOf(text, recogniser);
  const spelling = spellingOf(text, delimiter, layout, at + layout.headerRows);
  const reader = layout.begin(spelling);
  // A column without a name may be what every line ends with; the first one may number the rows.
  const unnamed = layout.header.flatMap((name, index) => (name === '' && index > 0 ? [index] : []));
  let rows = 0;
  let comments = 0;
  let skip = at + layout.headerRows;
  parseRecords(text, delimiter, (cells, info) => {
    comments = info.comment_lines;
    skip -= 1;
    if (skip >= 0) return;
    const row = new CsvRow(text, layout.header, cells, info.bytes);
    if (!fits(row, layout)) return;
    for (const index of unnamed) if (cells[index] !== '') refuseUnnamed(first, index);
    reader.take(row);
    rows += 1;
  });
  const nextLine = { path, line: first.line + layout.headerRows };
  if (rows === 0) refuseLine(nextLine, 'is missing', `at least one row of ${expected.content}`);
  const { value, told } = reader.finish();
  const preamble = at === 0 ? [] : [`${at} row${at === 1 ? '' : 's'} before the header: left out`];
  const commented =
    comments === 0 ? [] : [`${comments} line${comments === 1 ? '' : 's'} of comment (#): left out`];
  const recognised = {
    path,
    content: `${expected.content}, ${layout.content}`,
    encoding,
    delimiter: delimiterName(delimiter),
    headerLine: first.line,
    decimal: decimalWords(spelling),
    columns: layout.columns,
    rows,
    ...told,
    notes: [...preamble, ...commented, ...told.notes],
  };
  return { value, recognised };
}

function decimalWords({ numbers: { decimal, toldBy } }: Spelling): string {
  const sign = decimal === '.' ? 'point' : 'comma';
  return toldBy === null ? sign : `${sign} (${toldBy})`;
}

type Found<T> = { layout: Layout<T>; delimiter: string; at: number; first: CsvRow };

function layoutOf<T>(text: Text, recogniser: Recogniser<T>): Found<T> {
  const heads = delimitersOf(text).map((delimiter) => ({ delimiter, ...headOf(text, delimiter) }));
  for (const { delimiter, rows } of heads)
    for (const [at, first] of rows.entries()) {
      const layout = recogniser.layoutAt(rows, at);
      if (layout) return { layout, delimiter, at, first };
    }
  const { rows, broken } = heads[0]!;
  if (broken) throw broken;
  if (rows.length === 0) refuseLine({ path: text.path, line: 1 }, 'is empty', 'the names of the columns');
  return recogniser.refuse(rows[0]!);
}

/** The first rows, up to one whose quotes are broken: they may be so only because the delimiter is another. */
function headOf(text: Text, delimiter: string): { rows: CsvRow[]; broken: unknown } {
  const rows: CsvRow[] = [];
  try {
    parseRecords(text, delimiter, (cells, { bytes }) => {
      rows.push(new CsvRow(text, cells, cells, bytes));
      if (rows.length === headRowsMax) throw enough;
    });
    return { rows, broken: null };
  } catch (broken) {
    return { rows, broken };
  }
}

/** Reads as many rows as it takes to tell how numbers and dates are written; mostly one. */
function spellingOf<T>(text: Text, delimiter: string, layout: Layout<T>, before: number): Spelling {
  // Without quotes no value holds the sign that parts values.
  const noCommas = delimiter === ',' && !text.hasQuotes;
  const survey = new SpellingSurvey(delimiter, noCommas ? '.' : null);
  const { header } = layout;
  let skip = before;
  parseRecords(text, delimiter, (cells, info) => {
    skip -= 1;
    if (skip >= 0) return;
    const sighted = (index: number) => () => {
      const row = new CsvRow(text, header, cells, info.bytes);
      return { path: text.path, line: row.line, name: header[index]!, text: cells[index]! };
    };
    for (const index of layout.numbers) survey.number(cells[index] ?? '', sighted(index));
    for (const index of layout.dates) survey.date(cells[index] ?? '', sighted(index));
    if (survey.knowsAll(layout.dates.length > 0)) throw enough;
  });
  return survey.spelling();
}

/** True for a row of as many values as the header, or of more that are empty; refused, or left out, where it has others. */
function fits<T>(row: CsvRow, { header, leavesOut }: Layout<T>): boolean {
  const { cells } = row;
  const count = header.length;
  if (cells.length === count) return true;
  if (cells.length > count && cells.slice(count).every((cell) => cell === '')) return true;
  if (leavesOut?.(row)) return false;
  refuseLine(row, `has ${cells.length} values`, `${count}, as many as the header`);
}

function refuseUnnamed(header: CsvRow, index: number): never {
  refuseLine(header, `has no name for column ${index + 1}`, 'one for each column');
}

/** A column of a data frame's row numbers or dates often has no name. */
export function isUnnamed(name: string): boolean {
  return name === '' || /^(unnamed: ?\d+|index|#)$/i.test(name);
}

/** True where the row after a header begins with a date in the given column. */
export function isDated(row: CsvRow | undefined, column: number): boolean {
  return row !== undefined && looksLikeDate(row.cells[column] ?? '');
}

/** Refuses a header that names a column twice. */
export function refuseTwice(header: CsvRow): void {
  const seen = new Set<string>();
  for (const name of header.cells) {
    if (name !== '' && seen.has(name)) refuseLine(header, `names ${name} twice`, 'each column once');
    seen.add(name);
  }
}
