import { CsvError, type InfoRecord, parse } from 'csv-parse/sync';
import { SourceError } from '../source.ts';

/** A file's text, in UTF-8, and what it holds none of, which need not be looked for at every byte. */
export type Text = {
  path: string;
  bytes: Buffer;
  hasQuotes: boolean;
  hasComments: boolean;
  hasReturns: boolean;
};

export function textFrom(path: string, bytes: Buffer): Text {
  const has = (sign: string) => bytes.includes(sign);
  return { path, bytes, hasQuotes: has('"'), hasComments: has('#'), hasReturns: has('\r') };
}

/** How its values are parted. */
export const delimiters = [',', ';', '\t', '|'];

/** Far longer than any row (10,000 symbols make 100 KB), and short enough that its cells fit in memory. */
const lineBytesMax = 1024 ** 2;

/** Thrown by `onRecord` where the rest need not be read. */
export const enough = Symbol('enough');

/**
 * Hands over the records of a text: trimmed, without quotes, without those that are empty or comments (`#`). Throws a
 * SourceError that names the line where its quotes are wrong.
 */
export function parseRecords(
  { path, bytes, hasQuotes, hasComments, hasReturns }: Text,
  delimiter: string,
  onRecord: (cells: string[], info: InfoRecord) => void,
): void {
  try {
    parse(bytes, {
      bom: true,
      comment: hasComments ? '#' : null,
      comment_no_infix: true,
      delimiter,
      // `trim` leaves what stands inside quotes.
      on_record: (cells, info) => {
        onRecord(hasQuotes ? cells.map((cell) => cell.trim()) : cells, info);
        return null;
      },
      quote: hasQuotes ? '"' : null,
      record_delimiter: hasReturns ? ['\n', '\r\n', '\r'] : '\n',
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      trim: true,
    });
  } catch (error) {
    if (error === enough) return;
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

/** Without this a small gzip file of delimiters alone would become a hundred million cells of one row. */
export function refuseLongLines({ path, bytes }: Text): void {
  const lineEnd = bytes.includes('\n') ? '\n' : '\r';
  for (let at = 0, line = 1; at < bytes.length; line += 1) {
    const found = bytes.indexOf(lineEnd, at);
    const end = found < 0 ? bytes.length : found;
    if (end - at > lineBytesMax)
      refuseLine({ path, line }, `is longer than ${lineBytesMax} bytes`, 'a CSV file with one row a line');
    at = end + 1;
  }
}

/**
 * The delimiters, likeliest first: what the first line with anything in it has most of outside quotes, the comma before
 * others where it has none.
 */
export function delimitersOf({ bytes }: Text): string[] {
  const start = bytes.toString('latin1', 0, lineBytesMax).replace(/^(\xef\xbb\xbf|[\r\n]|#.*)+/, '');
  const names = start.split(/[\r\n]/, 1)[0]!.replace(/"[^"]*"/g, '');
  const counts = new Map(delimiters.map((delimiter) => [delimiter, names.split(delimiter).length]));
  return delimiters.toSorted((a, b) => counts.get(b)! - counts.get(a)!);
}

export function lineBreaksIn(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}
