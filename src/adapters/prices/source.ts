import { isIsoDate, type Session } from '../../core/calendar/session.ts';
import type { BarNote } from '../../core/market/adjustments.ts';
import type { Bar, PriceBasis } from '../../core/market/bar.ts';

/**
 * Why a source gave no bars:
 * `throttled` asked too often; `consent` it wants a cookie, a log-in or an agreement first;
 * `schema` the answer is not in the agreed form; `delisted` it has nothing any more for this symbol;
 * `unknown-symbol` it does not know it; `network` it cannot be reached; `time-out` it did not answer in time.
 */
export type SourceErrorKind =
  | 'throttled'
  | 'consent'
  | 'schema'
  | 'delisted'
  | 'unknown-symbol'
  | 'network'
  | 'time-out';

export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly kind: SourceErrorKind;
  readonly symbol: string | undefined;
  /** How long the source asks to be left alone, where that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: SourceErrorKind,
    message: string,
    details: { symbol?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.symbol = details.symbol;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** What a source answered for one symbol. */
export type Fetched = {
  bars: Bar[];
  warnings: string[];
  /** major currency (ISO 4217) that closes and dividends of `bars` are in; null where the source does not say */
  currency: string | null;
  /** the unit the source quotes in, such as GBp; null where it does not say */
  unit: string | null;
  /** the source vouches to have told every session up to this one; null where it cannot */
  through: Session | null;
  /** what the source itself makes doubtful of a bar: a day told twice, an adjusted close that disagrees */
  doubts: BarNote[];
  /** changes whenever anything the source knows of this symbol does, were it years ago; null where it cannot tell */
  revision: string | null;
  /** the answer as it came, for the archive; null where there is none */
  raw: string | null;
};

/** An answer without anything in it, to be filled in. */
export const emptyFetched: Readonly<Fetched> = {
  bars: [],
  warnings: [],
  currency: null,
  unit: null,
  through: null,
  doubts: [],
  revision: null,
  raw: null,
};

/** Where daily bars come from. Every failure is a `SourceError`. */
export type PriceSource = {
  readonly name: string;
  readonly basis: PriceBasis;
  /** true where answers are read while the day's bars still change: they are final only once read twice */
  readonly isLive?: boolean;
  /**
   * Final daily bars of the sessions `from`..`to`, both included, ascending; `to` is the last final session. A source
   * that knows what was known when answers as of `at`, epoch milliseconds: the asking task's instant.
   */
  fetchBars(symbol: string, from: Session, to: Session, at: number): Promise<Fetched>;
};

/** A day as a source tells it: perhaps without a price, perhaps with an event. */
export type SourceRow = Omit<Bar, 'symbol' | 'close'> & { close: number | null };

/**
 * The bars of `from`..`to` from rows in ascending order, which should begin some days before `from`.
 * A row without a positive close is no bar; its dividend and split go to the next real bar, in that bar's
 * share units, so that no event is lost.
 */
export function barsFromRows(
  symbol: string,
  basis: PriceBasis,
  rows: readonly SourceRow[],
  from: Session,
  to: Session,
): { bars: Bar[]; warnings: string[] } {
  const bars: Bar[] = [];
  const warnings: string[] = [];
  let dividend = 0;
  let splitRatio = 1;
  let waiting: Session | null = null;
  for (const row of rows) {
    if (row.session > to) break;
    if (basis === 'as-traded') dividend /= row.splitRatio;
    dividend += row.dividend;
    splitRatio *= row.splitRatio;
    if (row.close === null || row.close <= 0) {
      if (dividend !== 0 || splitRatio !== 1) waiting ??= row.session;
      if (row.session >= from) warnings.push(withoutPrice(symbol, row));
      continue;
    }
    if (row.session >= from) {
      if (waiting)
        warnings.push(
          `${symbol}: the event of ${waiting} is carried to ${row.session}, the next session with a price`,
        );
      bars.push({ symbol, session: row.session, close: row.close, dividend, splitRatio, ...rangeOf(row) });
    }
    dividend = 0;
    splitRatio = 1;
    waiting = null;
  }
  if (waiting) warnings.push(`${symbol}: the event of ${waiting} waits for the next session with a price`);
  return { bars, warnings };
}

function rangeOf({ high, low, volume }: SourceRow) {
  return { high, low, volume };
}

function withoutPrice(symbol: string, row: SourceRow): string {
  const found = row.close === null ? 'no close' : `a close of ${row.close}`;
  return `${symbol}: ${row.session} has ${found}, expected a price above 0; the row is left out`;
}

/** A source's guard against a window that cannot be one. */
export function assertWindow(from: Session, to: Session): void {
  for (const date of [from, to])
    if (!isIsoDate(date))
      throw new RangeError(`the window of sessions holds ${date}, expected a date like 2024-12-31`);
  if (from > to) throw new RangeError(`the window of sessions begins on ${from}, after its end ${to}`);
}
