import { AllocationError } from '../allocation-error.ts';
import type { PricePanel } from '../market/panel.ts';

/** Returns, row-major: `rows` sessions (oldest first) by `columns` assets; NaN where one is missing. */
export type ReturnsMatrix = { rows: number; columns: number; values: Float64Array };

/**
 * Simple total returns L[t] / L[t-1] - 1, those that add up across assets: one row per session after the first, one
 * column per symbol; NaN beside a missing level.
 */
export function simpleReturns(panel: PricePanel): ReturnsMatrix {
  return panelReturns(panel, (now, before) => now / before - 1);
}

/** Log total returns ln(L[t] / L[t-1]), those that add up over time; NaN beside a missing level. */
export function logReturns(panel: PricePanel): ReturnsMatrix {
  return panelReturns(panel, (now, before) => Math.log(now / before));
}

function panelReturns(panel: PricePanel, change: (now: number, before: number) => number): ReturnsMatrix {
  const columns = panel.symbols.length;
  const rows = Math.max(0, panel.sessions.length - 1);
  const values = new Float64Array(rows * columns);
  panel.levels.forEach((levels, column) => {
    for (let row = 0; row < rows; row += 1)
      values[row * columns + column] = change(levels[row + 1]!, levels[row]!);
  });
  return { rows, columns, values };
}

/** The last `count` sessions. Raises `too-few-sessions` when the matrix is shorter. */
export function lastSessions(returns: ReturnsMatrix, count: number): ReturnsMatrix {
  const { rows, columns, values } = returns;
  if (!(count >= 1 && count <= rows))
    throw new AllocationError(
      'too-few-sessions',
      `Wanted the last ${count} sessions of returns, there are ${rows}.`,
    );
  return { rows: count, columns, values: values.slice((rows - count) * columns) };
}

/** Arithmetic mean per session of each asset (length = columns), gaps skipped; NaN for an asset without a return. */
export function meanReturns(returns: ReturnsMatrix): Float64Array {
  const { rows, columns, values } = returns;
  const mean = new Float64Array(columns);
  const count = new Int32Array(columns);
  for (let t = 0; t < rows; t += 1) {
    const row = t * columns;
    for (let i = 0; i < columns; i += 1) {
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
  for (let t = 0; t < rows; t += 1) {
    const row = t * columns;
    for (let i = 0; i < columns; i += 1) {
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
  if (columns < 1 || values.length !== rows * columns)
    throw new AllocationError(
      'bad-input',
      `A returns matrix of ${rows} x ${columns} needs ${rows * columns} values, got ${values.length}.`,
    );
  for (let k = 0; k < values.length; k += 1) {
    if (!Number.isFinite(values[k]!))
      throw new AllocationError(
        'not-finite',
        `The return of asset ${k % columns} in session ${Math.floor(k / columns)} is ${values[k]}; ` +
          'fill or drop gaps before allocating.',
      );
  }
}

/**
 * Lag-1 autocorrelation of a series, sum (x[t] - m)(x[t-1] - m) / sum (x[t] - m)^2 with the mean m of the whole
 * series (Box and Jenkins, 1970); it tells levels, near 1, from returns, near 0. NaN for a flat series, for one of
 * fewer than 3 values, and for one that holds NaN.
 */
export function lag1Autocorrelation(values: Float64Array): number {
  const count = values.length;
  if (count < 3) return Number.NaN;
  // deviations are taken from the first value first, so that a flat series is exactly flat
  const base = values[0]!;
  let mean = 0;
  for (const value of values) mean += (value - base) / count;
  let covariance = 0;
  let variance = 0;
  let previous = 0;
  for (const value of values) {
    const deviation = value - base - mean;
    covariance += deviation * previous;
    variance += deviation * deviation;
    previous = deviation;
  }
  return variance === 0 ? Number.NaN : covariance / variance;
}
