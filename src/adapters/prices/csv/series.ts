import { createHash } from 'node:crypto';
import type { Session } from '../../../core/calendar/session.ts';
import type { SourceRow } from '../source.ts';
import type { SymbolIndex } from './symbols.ts';

/** A row of a file, and the instant from which it is known; null: from its own date on. */
export type FileRow = SourceRow & { observed: number | null };

/** Rows of one symbol, by session and then by the instant from which they are known, both ascending. */
export type SymbolRows = {
  rows: readonly FileRow[];
  /** the currency the file says its closes are in, as it writes it */
  unit: string | null;
};

/** What a file of prices holds. */
export type Series = {
  /** in capitals, ascending */
  symbols: readonly string[];
  /** the rows of a symbol, however it is spelled; undefined where the file does not have it */
  rowsOf(symbol: string): SymbolRows | undefined;
  /** the newest date any symbol has a row of that is known at `at` */
  through(at: number): Session | null;
};

/** A series over `bySymbol`; `knownFrom` tells dates whose first row is known later than the date itself. */
export function seriesOf(
  bySymbol: SymbolIndex<SymbolRows>,
  dates: readonly Session[],
  knownFrom: ReadonlyMap<Session, number> = new Map(),
): Series {
  return {
    symbols: bySymbol.symbols.toSorted(),
    rowsOf: (symbol) => bySymbol.get(symbol),
    through(at) {
      for (let i = firstAfter(dates, (date) => date, dateOf(at)) - 1; i >= 0; i -= 1)
        if ((knownFrom.get(dates[i]!) ?? Number.NEGATIVE_INFINITY) <= at) return dates[i]!;
      return null;
    },
  };
}

/**
 * The rows known at `at` that bars of `from`..`to` may need, ascending: those of the window, and before it back to one
 * with a price, because events of days without a price wait. Of the rows of a day the newest known one counts; one that
 * has no close though an instant withdraws the day.
 */
export function knownRows({ rows }: SymbolRows, from: Session, to: Session, at: number): FileRow[] {
  const date = dateOf(at);
  const known: FileRow[] = [];
  let index = firstAfter(rows, (row) => row.session, to < date ? to : date) - 1;
  while (index >= 0) {
    const { session } = rows[index]!;
    let newest: FileRow | null = null;
    for (; index >= 0 && rows[index]!.session === session; index -= 1)
      if (newest === null && (rows[index]!.observed ?? Number.NEGATIVE_INFINITY) <= at) newest = rows[index]!;
    if (newest === null || isWithdrawn(newest)) continue;
    known.push(newest);
    if (session < from && newest.close !== null) break;
  }
  return known.reverse();
}

const isWithdrawn = ({ close, observed }: FileRow) => close === null && observed !== null;

/** Changes whenever anything known of a symbol does: an address of its rows, and the newest instant reached. */
export function revisionOf(found: SymbolRows, at: number): string {
  const { address, instants } = contentOf(found);
  const reached = firstAfter(instants, (instant) => instant, at) - 1;
  return reached < 0 ? address : `${address} ${instants[reached]}`;
}

type Content = { address: string; instants: number[] };
const contents = new WeakMap<SymbolRows, Content>();

function contentOf(found: SymbolRows): Content {
  const known = contents.get(found);
  if (known) return known;
  const { rows, unit } = found;
  const hash = createHash('sha256').update(`${unit} ${rows.map((row) => row.session).join(' ')}`);
  const numbers = rows.flatMap((row) => [
    row.close ?? 0,
    row.high ?? 0,
    row.low ?? 0,
    row.volume ?? 0,
    row.dividend,
    row.splitRatio,
    row.observed ?? 0,
  ]);
  const address = hash.update(new Float64Array(numbers)).digest('hex').slice(0, 32);
  const instants = rows.flatMap((row) => (row.observed === null ? [] : [row.observed])).sort((a, b) => a - b);
  const content = { address, instants };
  contents.set(found, content);
  return content;
}

const lastDate = '9999-12-31';

/** The date of an instant, in UTC; the last one there is for an instant without end. */
function dateOf(at: number): Session {
  return at >= Date.parse(`${lastDate}T00:00:00Z`) ? lastDate : new Date(at).toISOString().slice(0, 10);
}

/** Index of the first item whose key is above `limit`; keys ascend. */
function firstAfter<T, Key extends string | number>(
  items: readonly T[],
  keyOf: (item: T) => Key,
  limit: Key,
): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keyOf(items[middle]!) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
