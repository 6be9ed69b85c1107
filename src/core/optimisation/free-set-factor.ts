import { choleskySolve } from '../numeric/cholesky.ts';

/** A pivot below this share of the variance is rounding: the asset is a combination of the others. */
const pivotRatioMin = 1e-11;

/**
 * Cholesky factor of the rows and columns of a symmetric matrix that belong to a changing set of "free" assets.
 * Adding or removing one asset of k costs O(k^2). The matrix is row-major size x size and is never changed.
 */
export class FreeSetFactor {
  readonly #matrix: Float64Array;
  readonly #size: number;
  readonly #ridge: number;
  readonly #shift: number;
  readonly #largest: number;
  #stride = 16;
  #lower = new Float64Array(16 * 16);
  #count = 0;
  /** Free assets in the factor's order. */
  readonly assets: Int32Array;

  /**
   * `ridge` is a share of each diagonal entry (and of 1% of the largest) added to it, for singular matrices; `shift` is
   * added to every entry (see `budgetShift`).
   */
  constructor(matrix: Float64Array, size: number, ridge = 0, shift = 0) {
    this.#matrix = matrix;
    this.#size = size;
    this.#ridge = ridge;
    this.#shift = shift;
    this.#largest = largestDiagonal(matrix, size);
    this.assets = new Int32Array(size);
  }

  /** Whether `exchange` keeps the sum of the weights, as only a shift makes it. */
  get isShifted(): boolean {
    return this.#shift > 0;
  }

  get count(): number {
    return this.#count;
  }

  /** Adds an asset; false, and nothing changed, when it is a combination of the free ones (a vanishing pivot). */
  add(asset: number): boolean {
    const k = this.#count;
    if (k === this.#stride) this.#grow();
    const stride = this.#stride;
    const lower = this.#lower;
    const source = asset * this.#size;
    const row = k * stride;
    for (let i = 0; i < k; i += 1) {
      let sum = this.#matrix[source + this.assets[i]!]! + this.#shift;
      const other = i * stride;
      for (let j = 0; j < i; j += 1) sum -= lower[other + j]! * lower[row + j]!;
      lower[row + i] = sum / lower[other + i]!;
    }
    const entry = this.#matrix[source + asset]! + this.#shift;
    const diagonal = entry + this.#ridge * (entry + 0.01 * this.#largest);
    let pivot = diagonal;
    for (let j = 0; j < k; j += 1) pivot -= lower[row + j]! * lower[row + j]!;
    if (!(pivot > diagonal * pivotRatioMin)) return false;
    lower[row + k] = Math.sqrt(pivot);
    this.assets[k] = asset;
    this.#count += 1;
    return true;
  }

  /** Removes the asset at a position of `assets`, by Givens rotations of the rows below it. */
  removeAt(position: number): void {
    const stride = this.#stride;
    const lower = this.#lower;
    const last = this.#count - 1;
    for (let i = position; i < last; i += 1) {
      this.assets[i] = this.assets[i + 1]!;
      lower.copyWithin(i * stride, (i + 1) * stride, (i + 1) * stride + i + 2);
    }
    this.#count = last;
    for (let c = position; c < last; c += 1) {
      const a = lower[c * stride + c]!;
      const b = lower[c * stride + c + 1]!;
      const radius = Math.hypot(a, b);
      const cosine = a / radius;
      const sine = b / radius;
      lower[c * stride + c] = radius;
      for (let i = c + 1; i < last; i += 1) {
        const at = i * stride + c;
        const x = lower[at]!;
        const y = lower[at + 1]!;
        lower[at] = cosine * x + sine * y;
        lower[at + 1] = cosine * y - sine * x;
      }
    }
  }

  /** Solves in place for the first `count` entries of `vector`. */
  solve(vector: Float64Array): void {
    choleskySolve(this.#lower, this.#count, vector, this.#stride);
  }

  /** The direction that raises a refused asset by 1 and takes it from the free ones, in their order: without risk. */
  exchange(asset: number): Float64Array {
    const source = asset * this.#size;
    const direction = new Float64Array(this.#count);
    for (let k = 0; k < this.#count; k += 1)
      direction[k] = -(this.#matrix[source + this.assets[k]!]! + this.#shift);
    this.solve(direction);
    return direction;
  }

  #grow(): void {
    const stride = Math.min(this.#size, this.#stride * 2);
    const lower = new Float64Array(stride * stride);
    for (let i = 0; i < this.#count; i += 1)
      lower.set(this.#lower.subarray(i * this.#stride, i * this.#stride + i + 1), i * stride);
    this.#stride = stride;
    this.#lower = lower;
  }
}

/**
 * A shift for weights of one sum, the smallest positive variance: added to every covariance it changes nothing of the
 * problem, yet one asset or mix without risk no longer makes the matrix singular.
 */
export function budgetShift(matrix: Float64Array, size: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < size; i += 1) {
    const variance = matrix[i * size + i]!;
    if (variance > 0) least = Math.min(least, variance);
  }
  return Number.isFinite(least) ? least : 1;
}

function largestDiagonal(matrix: Float64Array, size: number): number {
  let largest = 0;
  for (let i = 0; i < size; i += 1) largest = Math.max(largest, matrix[i * size + i]!);
  return largest;
}
