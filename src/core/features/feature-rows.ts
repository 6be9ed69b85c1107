import { featureValues, warmUpReturns } from './indicators.ts';

/** Features a network may read: all are stationary by kind, so an undifferenced price can never be one. */
export const featureNames = [
  'return1',
  'return2',
  'return3',
  'return4',
  'return5',
  'ewma-volatility',
  'rsi',
  'bollinger-position',
  'bollinger-width',
  'market-slope-20',
  'market-slope-60',
] as const;
export type FeatureName = (typeof featureNames)[number];

/** True when a feature reads the market symbol's levels. */
export function needsMarket(names: readonly FeatureName[]): boolean {
  return names.some((name) => name.startsWith('market-'));
}

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
