import { AllocationError } from '../allocation-error.ts';

/** Simple returns, row-major: `rows` sessions (oldest first) by `columns` assets. */
export type ReturnsMatrix = { rows: number; columns: number; values: Float64Array };

/**
 * Simple returns p[t] / p[t-1] - 1 of a row-major price table (sessions x assets); the result has one row less.
 * Gaps (NaN) stay gaps. Raises `bad-input` when there are fewer than two rows.
 */
export function simpleReturns(prices: ReturnsMatrix): ReturnsMatrix {
  const { rows, columns, values } = prices;
  if (rows < 2)
    throw new AllocationError('bad-input', `Returns need at least 2 rows of prices, got ${rows}.`);
  const out = new Float64Array((rows - 1) * columns);
  for (let k = 0; k < out.length; k++) out[k] = values[k + columns]! / values[k]! - 1;
  return { rows: rows - 1, columns, values: out };
}

/** The last `count` sessions. Raises `too-few-sessions` when the matrix is shorter. */
export function lastSessions(returns: ReturnsMatrix, count: number): ReturnsMatrix {
  const { rows, columns, values } = returns;
  if (!(count >= 1 && count <= rows)) {
    throw new AllocationError(
      'too-few-sessions',
      `Wanted the last ${count} sessions of returns, there are ${rows}.`,
    );
  }
  return { rows: count, columns, values: values.slice((rows - count) * columns) };
}

/** Arithmetic mean per session of each asset (length = columns), gaps skipped; NaN for an asset without a return. */
export function meanReturns(returns: ReturnsMatrix): Float64Array {
  const { rows, columns, values } = returns;
  const mean = new Float64Array(columns);
  const count = new Int32Array(columns);
  for (let t = 0; t < rows; t++) {
    const row = t * columns;
    for (let i = 0; i < columns; i++) {
      if (Number.isNaN(values[row + i]!)) continue;
      mean[i]! += values[row + i]!;
      count[i]! += 1;
    }
  }
  return mean.map((sum, i) => sum / count[i]!);
}

/**
 * Compounded mean per period of each asset: the growth per year that the returns compound to, over `periodsPerYear`,
 * divided by it: PyPortfolioOpt's `mean_historical_return`, per period. Gaps are skipped; NaN for an asset without a
 * return.
 */
export function compoundedMeanReturns(returns: ReturnsMatrix, periodsPerYear: number): Float64Array {
  const { rows, columns, values } = returns;
  const growth = new Float64Array(columns).fill(1);
  const count = new Int32Array(columns);
  for (let t = 0; t < rows; t++) {
    const row = t * columns;
    for (let i = 0; i < columns; i++) {
      if (Number.isNaN(values[row + i]!)) continue;
      growth[i]! *= 1 + values[row + i]!;
      count[i]! += 1;
    }
  }
  return growth.map((factor, i) => (factor ** (periodsPerYear / count[i]!) - 1) / periodsPerYear);
}

/** Raises `bad-input` when the sizes do not fit and `not-finite` (naming session and asset) at the first NaN. */
export function checkReturns(returns: ReturnsMatrix): void {
  const { rows, columns, values } = returns;
  if (columns < 1 || values.length !== rows * columns) {
    throw new AllocationError(
      'bad-input',
      `A returns matrix of ${rows} x ${columns} needs ${rows * columns} values, got ${values.length}.`,
    );
  }
  for (let k = 0; k < values.length; k++) {
    if (!Number.isFinite(values[k]!)) {
      throw new AllocationError(
        'not-finite',
        `The return of asset ${k % columns} in session ${Math.floor(k / columns)} is ${values[k]}; ` +
          'fill or drop gaps before allocating.',
      );
    }
  }
}
