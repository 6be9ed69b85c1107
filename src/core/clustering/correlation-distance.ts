import { gram } from '../numeric/gram.ts';
import type { Covariance } from '../risk/covariance.ts';
import { type DistanceRows, fullMatrix } from './distance-rows.ts';

/**
 * Rows of d = sqrt((1 - rho) / 2) between the assets listed in `live`; `inverse` is 1 / sigma of every asset.
 * Computed from the covariance as they are read.
 */
export function correlationDistances(
  covariance: Covariance,
  live: Int32Array,
  inverse: Float64Array,
): DistanceRows {
  const { size, values, correlation } = covariance;
  const fill = (row: number, out: Float64Array): void => {
    const asset = live[row]!;
    const start = asset * size;
    const scale = inverse[asset]!;
    for (let k = 0; k < live.length; k += 1) {
      const other = live[k]!;
      const rho = correlation
        ? correlation[start + other]!
        : values[start + other]! * (scale * inverse[other]!);
      out[k] = Math.sqrt(Math.min(1, Math.max(0, (1 - rho) / 2)));
    }
    out[row] = 0;
  };
  return { size: live.length, fill };
}

/** Euclidean distances between the rows of a distance matrix: the paper's "distance of distances". O(N^3). */
export function distancesBetweenRows(distances: DistanceRows): DistanceRows {
  const { size } = distances;
  const matrix = fullMatrix(distances);
  const mean = rowMeans(matrix, size);
  // The mean column is taken from every column, and the matrix being symmetric its columns are its rows.
  for (let i = 0; i < size; i += 1) for (let k = 0; k < size; k += 1) matrix[i * size + k]! -= mean[i]!;
  const products = gram(size, size, matrix);
  const fill = (row: number, out: Float64Array): void => {
    const own = products[row * size + row]!;
    for (let k = 0; k < size; k += 1)
      out[k] = Math.sqrt(Math.max(0, own + products[k * size + k]! - 2 * products[row * size + k]!));
    out[row] = 0;
  };
  return { size, fill };
}

/**
 * Mean of each row of a symmetric matrix, which is its mean row: taken from every row, it leaves the distances between
 * them, and far fewer digits cancel in their products.
 */
export function rowMeans(matrix: Float64Array, size: number): Float64Array {
  const mean = new Float64Array(size);
  for (let i = 0; i < size; i += 1) {
    for (let k = 0; k < size; k += 1) mean[i]! += matrix[i * size + k]!;
    mean[i]! /= size;
  }
  return mean;
}
