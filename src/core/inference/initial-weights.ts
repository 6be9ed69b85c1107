import { createRandom, type Random } from '../numeric/random.ts';
import { sizeOf, viewWeights, type WeightShape } from './weights.ts';

/**
 * Fresh weights as one flat vector: Glorot uniform for matrices (Glorot and Bengio, 2010), orthonormal rows for the
 * recurrent part (Saxe et al., 2014), forget bias 1 (Jozefowicz et al., 2015), the rest of the biases 0.
 * `outputBias` [outputs] starts the dense bias at the targets' mean, so that training starts from the historical mean.
 */
export function initialWeights(
  shapes: readonly WeightShape[],
  seed: number,
  outputBias: readonly number[],
): Float32Array {
  const random = createRandom(seed, 1);
  const flat = new Float32Array(shapes.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  for (const { name, shape, values } of viewWeights(flat, shapes)) {
    const [rows, columns] = shape as [number, number];
    if (name === 'dense/bias') values.set(outputBias);
    else if (name === 'dense/kernel') fillGlorot(random, values, rows, columns);
    else if (name.endsWith('/bias')) values.fill(1, rows / 4, rows / 2);
    else {
      const units = columns / 4;
      const split = (rows - units) * columns;
      fillGlorot(random, values.subarray(0, split), rows - units, columns);
      fillOrthonormal(random, values.subarray(split), units, columns);
    }
  }
  return flat;
}

function fillGlorot(random: Random, values: Float32Array, rows: number, columns: number): void {
  const limit = Math.sqrt(6 / (rows + columns));
  for (let index = 0; index < values.length; index += 1) values[index] = limit * (2 * random.uniform() - 1);
}

/** Rows drawn from the normal distribution and made orthonormal by modified Gram-Schmidt; rows <= columns. */
function fillOrthonormal(random: Random, values: Float32Array, rows: number, columns: number): void {
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
