/** Distances of `size` points, a row at a time, so that no N x N matrix needs to be kept. */
export type DistanceRows = { size: number; fill: (row: number, out: Float64Array) => void };

/** All distances as one row-major array. */
export function fullMatrix(distances: DistanceRows): Float64Array {
  const { size, fill } = distances;
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) fill(i, out.subarray(i * size, (i + 1) * size));
  return out;
}
