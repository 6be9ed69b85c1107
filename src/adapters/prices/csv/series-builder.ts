import type { Session } from '../../../core/calendar/session.ts';
import { refuseLine } from './records.ts';
import { type FileRow, type Series, type SymbolRows, seriesOf } from './series.ts';
import { SymbolIndex } from './symbols.ts';
import type { CsvRow } from './table.ts';

type Entry = { symbol: string; rows: Map<string, FileRow>; unit: string | null | undefined };

/** Gathers the rows of symbols in any order, and refuses those that contradict one another. */
export class SeriesBuilder {
  readonly #byText = new Map<string, Entry>();
  readonly #index = new SymbolIndex<Entry>();
  #repeats = 0;
  #capitals: string[] = [];

  /** Takes one row of a symbol, which is spelled as the file does; `unit` is its currency, null where none is told. */
  add(at: CsvRow, text: string, row: FileRow, unit: string | null): void {
    const entry = this.#entryOf(at, text);
    const { session, observed } = row;
    const key = observed === null ? session : `${session} ${observed}`;
    const known = entry.rows.get(key);
    if (known) {
      if (!isSame(known, row))
        refuseLine(at, `repeats ${entry.symbol} on ${session}`, 'one row a day, or the same values in each');
      this.#repeats += 1;
      return;
    }
    if (entry.unit === undefined) entry.unit = unit;
    else if (entry.unit !== unit)
      refuseLine(
        at,
        `has ${entry.symbol} in ${unit ?? 'no currency'}, and an earlier one in ${entry.unit ?? 'none'}`,
        'one currency for a symbol',
      );
    entry.rows.set(key, row);
  }

  #entryOf(at: CsvRow, text: string): Entry {
    const known = this.#byText.get(text);
    if (known) return known;
    const symbol = text.toUpperCase();
    const clash = this.#index.clashOf(symbol);
    if (clash)
      refuseLine(at, `has ${text} beside ${clash}, which is the same symbol`, 'one spelling of each symbol');
    const entry = this.#index.get(symbol) ?? { symbol, rows: new Map(), unit: undefined };
    if (symbol !== text) this.#capitals.push(text);
    this.#byText.set(text, entry);
    this.#index.set(symbol, entry);
    return entry;
  }

  /** All rows; `unit` is the currency of symbols whose rows tell none. */
  finish(unit: string | null): {
    series: Series;
    first: Session | null;
    last: Session | null;
    notes: string[];
  } {
    const bySymbol = new SymbolIndex<SymbolRows>();
    const knownFrom = new Map<Session, number>();
    for (const symbol of this.#index.symbols) {
      const entry = this.#index.get(symbol)!;
      const rows = [...entry.rows.values()].sort(byKnowledge);
      bySymbol.set(symbol, { rows, unit: entry.unit ?? unit });
      for (const { session, observed } of rows) {
        const from = observed ?? Number.NEGATIVE_INFINITY;
        if (from < (knownFrom.get(session) ?? Number.POSITIVE_INFINITY)) knownFrom.set(session, from);
      }
    }
    const dates = [...knownFrom.keys()].sort();
    return {
      series: seriesOf(bySymbol, dates, knownFrom),
      first: dates[0] ?? null,
      last: dates.at(-1) ?? null,
      notes: [...inCapitals(this.#capitals), ...repeated(this.#repeats)],
    };
  }
}

/** Says which symbols are taken in capitals. */
export function inCapitals(texts: readonly string[]): string[] {
  if (texts.length === 0) return [];
  const named = texts.slice(0, 5).map((text) => `${text} as ${text.toUpperCase()}`);
  return [`taken in capitals: ${named.join(', ')}${texts.length > 5 ? ` and ${texts.length - 5} more` : ''}`];
}

export function repeated(count: number): string[] {
  return count === 0 ? [] : [`rows that repeat another with the same values, left out: ${count}`];
}

function isSame(a: FileRow, b: FileRow): boolean {
  return (
    a.close === b.close &&
    a.dividend === b.dividend &&
    a.splitRatio === b.splitRatio &&
    a.high === b.high &&
    a.low === b.low &&
    a.volume === b.volume
  );
}

function byKnowledge(a: FileRow, b: FileRow): number {
  if (a.session !== b.session) return a.session < b.session ? -1 : 1;
  return (a.observed ?? Number.NEGATIVE_INFINITY) - (b.observed ?? Number.NEGATIVE_INFINITY);
}
