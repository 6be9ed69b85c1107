import type { Random } from '../numeric/random.ts';

/** Glorot uniform (Glorot and Bengio, 2010). */
export function fillGlorot(random: Random, values: Float32Array, rows: number, columns: number): void {
  const limit = Math.sqrt(6 / (rows + columns));
  for (let index = 0; index < values.length; index += 1) values[index] = limit * (2 * random.uniform() - 1);
}

/** Rows drawn from the normal distribution and made orthonormal by modified Gram-Schmidt (Saxe et al., 2014); rows <= columns. */
export function fillOrthonormal(random: Random, values: Float32Array, rows: number, columns: number): void {
  const done: Float64Array[] = [];
  for (let row = 0; row < rows; row += 1) {
    const vector = Float64Array.from({ length: columns }, () => random.normal());
    for (const other of done) {
      const overlap = dot(vector, other);
      for (let column = 0; column < columns; column += 1) vector[column]! -= overlap * other[column]!;
    }
    const length = Math.sqrt(dot(vector, vector));
    for (let column = 0; column < columns; column += 1) vector[column]! /= length;
    done.push(vector);
    values.set(vector, row * columns);
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += a[index]! * b[index]!;
  return sum;
}
