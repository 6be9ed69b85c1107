import { choleskyInPlace, choleskySolve } from '../numeric/cholesky.ts';
import type { Covariance } from './covariance.ts';
import type { ReturnsMatrix } from './returns.ts';

/** A regressor that adds less of its own variance than this is left to the others. */
const redundantRatio = 1e-3;

/**
 * Covariance of assets whose returns begin at different sessions (NaN before): each is estimated over all the sessions
 * it has, so that a young asset does not cut the window of the others. The oldest have what `estimate` says over theirs;
 * younger ones are added by their regression on the older over the sessions they share, which carries what the older
 * have seen longer (Stambaugh, 1997, "Analyzing investments whose histories differ in length"). Positive semi-definite
 * as the estimates are. One start for all is `estimate` over the sessions since. What `estimate` raises is raised.
 */
export function staggeredCovariance(
  returns: ReturnsMatrix,
  estimate: (returns: ReturnsMatrix) => Covariance,
): Covariance {
  const starts = firstRows(returns);
  const order = [...starts.keys()].sort((a, b) => starts[a]! - starts[b]! || a - b);
  const groups = [...new Set(order.map((asset) => starts[asset]!))];
  if (groups.length < 2) return estimate(part(returns, groups[0] ?? 0, [...starts.keys()]));
  let known: Covariance | null = null;
  for (const start of groups) {
    const assets = order.filter((asset) => starts[asset]! <= start);
    const short = estimate(part(returns, start, assets));
    known = known ? extended(known, short) : short;
  }
  return inOrder(known!, order);
}

/** The row of each asset's first return; the number of rows where it has none. */
function firstRows({ rows, columns, values }: ReturnsMatrix): number[] {
  return Array.from({ length: columns }, (_, asset) => {
    let row = 0;
    while (row < rows && Number.isNaN(values[row * columns + asset]!)) row += 1;
    return row;
  });
}

/** The returns of some assets from `start` on. */
function part(
  { rows, columns, values }: ReturnsMatrix,
  start: number,
  assets: readonly number[],
): ReturnsMatrix {
  const own = new Float64Array((rows - start) * assets.length);
  for (let row = start; row < rows; row += 1)
    assets.forEach((asset, i) => {
      own[(row - start) * assets.length + i] = values[row * columns + asset]!;
    });
  return { rows: rows - start, columns: assets.length, values: own };
}

/**
 * `long` of the first assets, extended to the younger ones that `short`, S, has after them. With B = S_yo S_oo^-1, what
 * the young owe to the old, L_yo = B L_oo and L_yy = S_yy + B (L_oo - S_oo) B'.
 */
function extended(long: Covariance, short: Covariance): Covariance {
  const { size } = short;
  const old = long.size;
  const values = short.values.slice();
  const sampled = new Float64Array(old * old);
  const change = new Float64Array(old * old);
  for (let i = 0; i < old; i += 1)
    for (let j = 0; j < old; j += 1) {
      sampled[i * old + j] = short.values[i * size + j]!;
      change[i * old + j] = long.values[i * old + j]! - short.values[i * size + j]!;
      values[i * size + j] = long.values[i * old + j]!;
    }
  choleskyInPlace(sampled, old, redundantRatio);
  const betas = Array.from({ length: size - old }, (_, y) => {
    const beta = short.values.slice((old + y) * size, (old + y) * size + old);
    choleskySolve(sampled, old, beta);
    return beta;
  });
  betas.forEach((beta, y) => {
    const row = old + y;
    times(long.values, beta).forEach((covariance, i) => {
      values[row * size + i] = values[i * size + row] = covariance;
    });
    const carried = times(change, beta);
    betas.forEach((other, z) => {
      values[row * size + old + z]! += other.reduce((sum, b, i) => sum + b * carried[i]!, 0);
    });
  });
  return { size, values };
}

/** A symmetric matrix, row-major, times a vector. */
function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  const size = vector.length;
  return vector.map((_, i) => {
    let sum = 0;
    for (let j = 0; j < size; j += 1) sum += matrix[i * size + j]! * vector[j]!;
    return sum;
  });
}

/** The covariance of assets that stand in `order`, put back into their own. */
function inOrder({ size, values }: Covariance, order: readonly number[]): Covariance {
  const own = new Float64Array(size * size);
  order.forEach((to, i) => {
    order.forEach((other, j) => {
      own[to * size + other] = values[i * size + j]!;
    });
  });
  return { size, values: own };
}
