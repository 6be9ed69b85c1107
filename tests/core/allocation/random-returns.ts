import fc from 'fast-check';
import type { ReturnsMatrix } from '../../../src/core/risk/returns.ts';

/** Daily returns of `columns` assets with a common factor, from a seed: same seed, same returns. */
export function randomReturns(seed: number, rows: number, columns: number): ReturnsMatrix {
  const uniform = generator(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const beta = Array.from({ length: columns }, () => 0.3 + uniform());
  const noise = Array.from({ length: columns }, () => 0.005 + 0.02 * uniform());
  const values = new Float64Array(rows * columns);
  for (let t = 0; t < rows; t += 1) {
    const market = 0.01 * normal();
    for (let i = 0; i < columns; i += 1)
      values[t * columns + i] = 0.0004 + beta[i]! * market + noise[i]! * normal();
  }
  return { rows, columns, values };
}

/** Mulberry32, uniform on [0, 1). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  };
}

/** Returns of a few assets over enough sessions for a regular covariance. */
export const someReturns = fc
  .record({
    seed: fc.integer(),
    columns: fc.integer({ min: 1, max: 12 }),
    extra: fc.integer({ min: 5, max: 60 }),
  })
  .map(({ seed, columns, extra }) => randomReturns(seed, columns + extra, columns));

/** The same returns with columns rearranged: column k of the result is column `order[k]`. */
export function pickColumns(returns: ReturnsMatrix, order: readonly number[]): ReturnsMatrix {
  const values = new Float64Array(returns.rows * order.length);
  for (let t = 0; t < returns.rows; t += 1) {
    order.forEach((from, k) => {
      values[t * order.length + k] = returns.values[t * returns.columns + from]!;
    });
  }
  return { rows: returns.rows, columns: order.length, values };
}

/** A permutation of 0 .. size - 1 from a seed. */
export function permutation(seed: number, size: number): number[] {
  const uniform = generator(seed);
  const order = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i -= 1) {
    const j = Math.floor(uniform() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Rows of returns as a matrix; a null is a gap. */
export function matrixOf(rows: (number | null)[][]): ReturnsMatrix {
  const values = Float64Array.from(rows.flat().map((value) => value ?? Number.NaN));
  return { rows: rows.length, columns: rows[0]!.length, values };
}
