import { isIsoDate, type Session } from '../../../core/calendar/session.ts';
import { readDate } from './dates.ts';
import { decimalHint, plainNumber, readNumber } from './numbers.ts';
import { refuseLine } from './records.ts';
import type { Spelling } from './spelling.ts';
import type { CsvRow } from './table.ts';

/** The text of one cell; empty where the table has no such column (`index` below 0) or the row ends before it. */
export function textOf(row: CsvRow, index: number): string {
  return index < 0 ? '' : (row.cells[index] ?? '');
}

export function refuseCell(row: CsvRow, index: number, expected: string): never {
  refuseLine(row, `has "${row.cells[index] ?? ''}" in the column ${row.header[index]}`, expected);
}

const none = 'or nothing where there is none';

const ratioPattern = /^([\d.,]+)\s*(?::|\/|-?\s*for\s*-?)\s*([\d.,]+)$/i;
const instantPattern = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i;

/** Reads the cells of one table, whose spelling is known. */
export class Cells {
  readonly #spelling: Spelling;
  /** Rows have few days among them, so each is read once. */
  readonly #sessions = new Map<string, Session>();
  #currency: string | null = null;

  constructor(spelling: Spelling) {
    this.#spelling = spelling;
  }

  /** The sign or code that numbers have beside them, where any has; it is one throughout the file. */
  get currency(): string | null {
    return this.#currency;
  }

  /** How the first date was written, and what it is; null where none was read. */
  get dateExample(): string | null {
    const [first] = this.#sessions;
    return first === undefined
      ? null
      : first[0] === first[1]
        ? first[0]
        : `${first[0]}, which is ${first[1]}`;
  }

  date(row: CsvRow, index: number): Session {
    const text = textOf(row, index);
    const known = this.#sessions.get(text);
    if (known !== undefined) return known;
    const found = readDate(text, this.#spelling.dayOrder);
    if ('wrong' in found)
      refuseCell(row, index, `a date like 2024-12-31${found.wrong === null ? '' : `: ${found.wrong}`}`);
    this.#sessions.set(text, found.session);
    return found.session;
  }

  /** A number of either sign; null for a cell that says there is none. */
  number(row: CsvRow, index: number, expected = 'a number'): number | null {
    const plain = plainNumber(textOf(row, index), this.#spelling.numbers.decimal);
    if (plain !== undefined) return plain;
    const { value, isPercent } = this.#written(row, index, expected);
    if (isPercent) refuseCell(row, index, expected);
    return value;
  }

  /** A number that may be per cent; null for a cell that says there is none. */
  share(row: CsvRow, index: number): { value: number | null; isPercent: boolean } {
    return this.#written(row, index, 'a number');
  }

  /** A number not below 0, such as a dividend; null where there is none. */
  amount(row: CsvRow, index: number): number | null {
    const expected = `a number not below 0, ${none}`;
    const number = this.number(row, index, expected);
    if (number !== null && number < 0) refuseCell(row, index, expected);
    return number;
  }

  /** A number above 0, such as a price; null where there is none. */
  price(row: CsvRow, index: number): number | null {
    const number = this.amount(row, index);
    if (number === 0) refuseCell(row, index, `a number above 0, ${none}`);
    return number;
  }

  /** New shares for one old share, written as 4, 4:1, 4/1 or 4-for-1; 1 where there is no split, which 0 means too. */
  splitRatio(row: CsvRow, index: number): number {
    const text = textOf(row, index);
    // Nearly every day.
    if (text === '' || text === '0' || text === '0.0' || text === '1.0') return 1;
    const expected = `the new shares for an old one, such as 4 or 4:1, ${none}`;
    const parts = ratioPattern.exec(text);
    if (!parts) {
      const ratio = this.number(row, index, expected);
      if (ratio !== null && ratio < 0) refuseCell(row, index, expected);
      return ratio === null || ratio === 0 ? 1 : ratio;
    }
    const [shares = null, old = null] = parts
      .slice(1)
      .map((part) => readNumber(part, this.#spelling.numbers)?.value ?? null);
    if (shares === null || old === null || !(shares > 0 && old > 0)) refuseCell(row, index, expected);
    return shares / old;
  }

  /** An instant in epoch milliseconds; null where the cell is empty. */
  instant(row: CsvRow, index: number): number | null {
    const text = textOf(row, index);
    if (text === '') return null;
    const isInstant = instantPattern.test(text) && isIsoDate(text.slice(0, 10));
    const at = isInstant ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
    if (Number.isNaN(at))
      refuseCell(row, index, 'an instant with its zone like 2024-12-31T22:15:00Z, or nothing');
    return at;
  }

  #written(row: CsvRow, index: number, expected: string) {
    const text = textOf(row, index);
    const { numbers } = this.#spelling;
    const found = readNumber(text, numbers);
    if (!found) refuseCell(row, index, expected + otherStyle(text, this.#spelling));
    if (found.currency !== null) {
      this.#currency ??= found.currency;
      if (found.currency !== this.#currency)
        refuseCell(row, index, `one currency throughout: numbers before it have ${this.#currency}`);
    }
    return found;
  }
}

/** Says so where a number is of the other decimal sign than the file's. */
function otherStyle(text: string, { numbers: { decimal, toldBy } }: Spelling): string {
  const hint = decimalHint(text);
  if (toldBy === null || hint === null || hint === 'either' || hint === decimal) return '';
  return `, with a decimal ${decimal === '.' ? 'point' : 'comma'} as ${toldBy} has`;
}
