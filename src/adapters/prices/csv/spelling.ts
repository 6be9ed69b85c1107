import { type DayOrder, dayOrderHint } from './dates.ts';
import { decimalHint, type NumberStyle } from './numbers.ts';
import { refuseLine } from './records.ts';

/** How a file writes its numbers and dates: told by all of its columns together. */
export type Spelling = { numbers: NumberStyle; dayOrder: DayOrder | null };

/** A cell that tells something, or would have to be told. */
type Sighting = { path: string; line: number; name: string; text: string };

/**
 * Watches cells until they have told how the file writes: 1,234 alone is a thousand or more than one, 01/02/2024 alone is
 * of January or of February, and another cell decides. `decimal` is given where the file's form leaves no choice.
 */
export class SpellingSurvey {
  #decimal: '.' | ',' | null;
  #decimalBy: string | null = null;
  #order: DayOrder | null = null;
  #undecidedNumber: Sighting | null = null;
  #undecidedDate: Sighting | null = null;
  readonly #delimiter: string;

  constructor(delimiter: string, decimal: '.' | null) {
    this.#delimiter = delimiter;
    this.#decimal = decimal;
  }

  /** Looks at a number; `sighted` says where it stands. */
  number(text: string, sighted: () => Sighting): void {
    if (this.#decimal !== null) return;
    const hint = decimalHint(text);
    if (hint === 'either') this.#undecidedNumber ??= sighted();
    else if (hint !== null) {
      this.#decimal = hint;
      this.#decimalBy = `"${text}" in line ${sighted().line}`;
    }
  }

  date(text: string, sighted: () => Sighting): void {
    if (this.#order !== null) return;
    const hint = dayOrderHint(text);
    if (hint === 'either') this.#undecidedDate ??= sighted();
    else if (hint !== null) this.#order = hint;
  }

  /** True once no further cell can tell more. */
  knowsAll(hasDates: boolean): boolean {
    const knowsOrder = this.#order !== null || !hasDates || this.#undecidedDate === null;
    return this.#decimal !== null && knowsOrder;
  }

  /** How the file writes; refused where nothing in it decides. */
  spelling(): Spelling {
    if (this.#order === null && this.#undecidedDate) refuseOrder(this.#undecidedDate);
    return { numbers: { decimal: this.#decimalOf(), toldBy: this.#decimalBy }, dayOrder: this.#order };
  }

  #decimalOf(): '.' | ',' {
    if (this.#decimal !== null) return this.#decimal;
    const undecided = this.#undecidedNumber;
    if (undecided === null) return '.';
    // Where commas part the values, numbers have points.
    if (this.#delimiter === ',' && undecided.text.includes('.')) return '.';
    return refuseDecimal(undecided);
  }
}

function refuseDecimal(at: Sighting): never {
  const sign = at.text.includes(',') ? 'comma' : 'point';
  refuseLine(
    at,
    `has "${at.text}" in the column ${at.name}, whose ${sign} may be a decimal one or part thousands, and no other number of the file tells which`,
    'decimal points and no sign between thousands, such as 1234.5',
  );
}

function refuseOrder(at: Sighting): never {
  refuseLine(
    at,
    `has "${at.text}" in the column ${at.name}`,
    'a date like 2024-12-31: whether its day or its month comes first, no date of the file tells',
  );
}
