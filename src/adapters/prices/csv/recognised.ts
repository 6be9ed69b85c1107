import type { Session } from '../../../core/calendar/session.ts';

/** How a file was read: all that had to be told from the file itself. */
export type Recognised = {
  path: string;
  /** such as prices, wide */
  content: string;
  encoding: string;
  delimiter: string;
  /** from 1 */
  headerLine: number;
  decimal: string;
  /** how the first one is written and read; null where the file has none */
  dates: string | null;
  /** a sign or a code that stands by its numbers; null where none does */
  currency: string | null;
  columns: { name: string; meaning: string }[];
  rows: number;
  symbols: string[];
  first: Session | null;
  last: Session | null;
  /** what was skipped, changed or taken for something, and why */
  notes: string[];
  /** what may make a number wrong */
  warnings: string[];
};

const delimiterNames: Record<string, string> = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'pipe' };

/** The name of a delimiter. */
export const delimiterName = (delimiter: string): string => delimiterNames[delimiter] ?? delimiter;

const namedMax = 12;

/** What was recognised, a line each, to be printed. */
export function recognisedLines(found: Recognised): string[] {
  const rest = found.symbols.length - namedMax;
  const named = found.symbols.slice(0, namedMax).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
  const span = found.first === null ? '' : `, ${found.first} to ${found.last}`;
  return [
    `${found.path}: ${found.content}`,
    `  text      ${found.encoding}, parted by ${found.delimiter}, decimal ${found.decimal}`,
    ...(found.dates === null ? [] : [`  dates     as ${found.dates}`]),
    ...(found.currency === null ? [] : [`  currency  ${found.currency} beside numbers`]),
    `  header    line ${found.headerLine}`,
    ...found.columns.map(
      ({ name, meaning }) => `  column    ${name === '' ? '(no name)' : name}: ${meaning}`,
    ),
    `  symbols   ${found.symbols.length}: ${named}`,
    `  rows      ${found.rows}${span}`,
    ...shortLines(found),
  ];
}

/** What a reader must know of how a file was read; nothing where all was plain. */
export function shortLines({ notes, warnings }: Recognised): string[] {
  return [
    ...notes.map((note) => `  note      ${note}`),
    ...warnings.map((warning) => `  warning   ${warning}`),
  ];
}
