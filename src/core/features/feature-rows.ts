import { featureValues, warmUpReturns } from './indicators.ts';
import type { FeatureName } from './names.ts';

/** Returns before and into a row that the features read at it: 1 for the daily return alone, else the common warm-up. */
export function returnsRead(names: readonly FeatureName[]): number {
  return names.every((name) => name === 'return1') ? 1 : warmUpReturns;
}

/**
 * Feature rows first .. last (indices into the columns, both included) of one asset, row-major [rows, names].
 * `levels` and `market` are columns of one panel; a row reads nothing after itself.
 */
export function featureRows(
  names: readonly FeatureName[],
  levels: Float64Array,
  market: Float64Array | null,
  first: number,
  last: number,
): Float64Array {
  return sideBySide(names.map((name) => featureValues(name, levels, market, first, last)));
}

/** Columns of equal length as one row-major matrix. */
export function sideBySide(columns: readonly Float64Array[]): Float64Array {
  const width = columns.length;
  const matrix = new Float64Array(width * columns[0]!.length);
  columns.forEach((values, column) => {
    values.forEach((value, row) => {
      matrix[row * width + column] = value;
    });
  });
  return matrix;
}
