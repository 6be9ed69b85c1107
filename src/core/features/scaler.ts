export const scalerKinds = ['min-max', 'standard'] as const;
export type ScalerKind = (typeof scalerKinds)[number];

/**
 * Per-column affine map, scaled = (value - offset) / scale. A flat column has scale 0: every value becomes 0,
 * and scaling back gives the column's constant whatever a network answered.
 */
export type Scaler = { kind: ScalerKind; offset: number[]; scale: number[] };

/** Ranges below this are rounding noise of a flat column (returns, ratios and RSI are all far above it). */
const flatRange = 1e-12;

/** Fits a scaler on rows `from` (included) to `to` (excluded) of a row-major matrix; the fitted rows must be finite. */
export function fitScaler(
  kind: ScalerKind,
  values: Float64Array,
  columns: number,
  from: number,
  to: number,
): Scaler {
  if (to <= from) throw new Error(`a scaler needs at least one row to fit, got rows ${from} to ${to}`);
  const fits = Array.from({ length: columns }, (_, column) =>
    fitColumn(kind, values, columns, column, from, to),
  );
  return { kind, offset: fits.map((fit) => fit.offset), scale: fits.map((fit) => fit.scale) };
}

/** One value of one column into the network's units. */
export function scaleValue(scaler: Scaler, column: number, value: number): number {
  const scale = scaler.scale[column]!;
  return scale === 0 ? 0 : (value - scaler.offset[column]!) / scale;
}

/** The inverse of `scaleValue`. */
export function unscaleValue(scaler: Scaler, column: number, scaled: number): number {
  const scale = scaler.scale[column]!;
  return scale === 0 ? scaler.offset[column]! : scaled * scale + scaler.offset[column]!;
}

function fitColumn(
  kind: ScalerKind,
  values: Float64Array,
  columns: number,
  column: number,
  from: number,
  to: number,
): { offset: number; scale: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let row = from; row < to; row += 1) {
    const value = values[row * columns + column]!;
    if (!Number.isFinite(value))
      throw new Error(`column ${column}, row ${row} is ${value}: cannot fit a scaler`);
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
  }
  const mean = sum / (to - from);
  if (high - low < flatRange) return { offset: mean, scale: 0 };
  if (kind === 'min-max') return { offset: low, scale: high - low };
  let squares = 0;
  for (let row = from; row < to; row += 1) squares += (values[row * columns + column]! - mean) ** 2;
  return { offset: mean, scale: Math.sqrt(squares / (to - from)) };
}
