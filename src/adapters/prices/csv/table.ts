import { CsvError, type InfoRecord, parse } from 'csv-parse/sync';
import { SourceError } from '../source.ts';
import { type FileExpectation, readBounded } from './bounded-file.ts';

/** One row under its header. */
export class CsvRow {
  readonly path: string;
  readonly header: readonly string[];
  readonly cells: readonly string[];
  readonly #bytes: Buffer;
  readonly #end: number;

  /** `end` is the byte of the file the row ends before. */
  constructor(path: string, header: readonly string[], cells: readonly string[], bytes: Buffer, end: number) {
    this.path = path;
    this.header = header;
    this.cells = cells;
    this.#bytes = bytes;
    this.#end = end;
  }

  /** The line of the file it begins on, from 1. Counted when asked for, which is when the row is refused. */
  get line(): number {
    const before = this.#bytes.toString('latin1', 0, this.#end).replace(/(\r\n|\n|\r)$/, '');
    // A quoted value may hold line breaks of its own.
    return 1 + lineBreaksIn(before) - lineBreaksIn(this.cells.join('\t'));
  }
}

/** What is made of a table: each row is handed over as it is read and none is kept, then the whole is asked for. */
export type CsvReader<T> = { take(row: CsvRow): void; finish(): T };

/** Far longer than any row (10,000 symbols make 100 KB), and short enough that its cells fit in memory. */
const lineBytesMax = 1024 ** 2;

const delimiters = [',', ';', '\t'];

/**
 * Reads a table, gzip or not, parted by what its header has most of: comma, semicolon or tab. Values may be quoted
 * and have spaces around them, the file may begin with a byte order mark and end its lines in any way; empty lines,
 * and lines of delimiters alone, are no rows. `begin` is handed the header and says what to make of the rows.
 * Throws a SourceError that names the line of what cannot be read.
 */
export function readTable<T>(
  path: string,
  expected: FileExpectation,
  begin: (header: CsvRow) => CsvReader<T>,
): T {
  const bytes = readBounded(path, expected);
  refuseLongLines(path, bytes);
  let header: CsvRow | undefined;
  let reader: CsvReader<T> | undefined;
  let rows = 0;
  parseRecords(path, bytes, (cells, { bytes: end }) => {
    const row = new CsvRow(path, header?.cells ?? cells, cells, bytes, end);
    if (reader) {
      if (cells.length !== row.header.length)
        refuseLine(row, `has ${cells.length} values`, `${row.header.length}, as many as the header`);
      reader.take(row);
      rows += 1;
    } else {
      refuseNames(row);
      header = row;
      reader = begin(row);
    }
    return null;
  });
  if (!header || !reader) refuseLine({ path, line: 1 }, 'is empty', 'the names of the columns');
  if (rows === 0)
    refuseLine({ path, line: header.line + 1 }, 'is missing', `at least one row of ${expected.content}`);
  return reader.finish();
}

function parseRecords(
  path: string,
  bytes: Buffer,
  onRecord: (cells: string[], info: InfoRecord) => null,
): void {
  const hasQuotes = bytes.includes('"');
  try {
    parse(bytes, {
      bom: true,
      delimiter: delimiterOf(bytes),
      // `trim` leaves what stands inside quotes.
      on_record: (cells, info) => onRecord(hasQuotes ? cells.map((cell) => cell.trim()) : cells, info),
      // What the file does not hold need not be looked for at every byte.
      quote: hasQuotes ? '"' : null,
      record_delimiter: bytes.includes('\r') ? ['\n', '\r\n', '\r'] : '\n',
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      trim: true,
    });
  } catch (error) {
    if (error instanceof CsvError) refuseQuote(path, bytes, error);
    throw error;
  }
}

/** Says that a line of a file is wrong: what was found there, and what was expected. */
export function refuseLine(at: { path: string; line: number }, found: string, expected: string): never {
  throw new SourceError('schema', `${at.path}, line ${at.line} ${found}; expected ${expected}`);
}

/** The parser's own errors: with these options only quotes that open or close amid a value, or never close. */
function refuseQuote(path: string, bytes: Buffer, error: CsvError): never {
  const at = { path, line: 1 + lineBreaksIn(bytes.toString('latin1', 0, error.bytes as number)) };
  if (error.code === 'CSV_QUOTE_NOT_CLOSED')
    refuseLine(at, 'opens a quote that never closes', 'a quote at the end of each quoted value');
  const found = `has a quote amid value ${(error.column as number) + 1}`;
  refuseLine(at, found, 'quotes around the whole value, and "" for a quote in it');
}

function refuseNames(header: CsvRow): void {
  const seen = new Set<string>();
  for (const [index, name] of header.cells.entries()) {
    if (name === '') refuseLine(header, `has no name for column ${index + 1}`, 'one for each column');
    if (seen.has(name)) refuseLine(header, `names ${name} twice`, 'each column once');
    seen.add(name);
  }
}

/** Without this a small gzip file of delimiters alone would become a hundred million cells of one row. */
function refuseLongLines(path: string, bytes: Buffer): void {
  const lineEnd = bytes.includes('\n') ? '\n' : '\r';
  for (let at = 0, line = 1; at < bytes.length; line += 1) {
    const found = bytes.indexOf(lineEnd, at);
    const end = found < 0 ? bytes.length : found;
    if (end - at > lineBytesMax)
      refuseLine({ path, line }, `is longer than ${lineBytesMax} bytes`, 'a CSV file with one row a line');
    at = end + 1;
  }
}

/** The delimiter the first line with anything in it has most of outside quotes; a comma where it has none. */
function delimiterOf(bytes: Buffer): string {
  const start = bytes.toString('latin1', 0, lineBytesMax).replace(/^[\r\n]+/, '');
  const names = start.split(/[\r\n]/, 1)[0]!.replace(/"[^"]*"/g, '');
  const counts = delimiters.map((delimiter) => names.split(delimiter).length);
  return delimiters[counts.indexOf(Math.max(...counts))]!;
}

function lineBreaksIn(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}
