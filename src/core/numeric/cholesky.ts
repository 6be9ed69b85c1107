/**
 * Replaces the lower triangle of a symmetric positive definite matrix (row-major size x size) by its Cholesky factor;
 * false when a pivot is not positive. An infinite diagonal entry pins its unknown to 0 in later solves; so does a pivot
 * at or below `redundantRatio` of its diagonal entry, where a ratio is given.
 */
export function choleskyInPlace(matrix: Float64Array, size: number, redundantRatio?: number): boolean {
  for (let i = 0; i < size; i += 1) {
    const row = i * size;
    let j = 0;
    // Two columns at once: one pass over row i serves both.
    for (; j + 1 < i; j += 2) {
      const a = j * size;
      const b = a + size;
      let first = matrix[row + j]!;
      let second = matrix[row + j + 1]!;
      for (let k = 0; k < j; k += 1) {
        const x = matrix[row + k]!;
        first -= matrix[a + k]! * x;
        second -= matrix[b + k]! * x;
      }
      first /= matrix[a + j]!;
      matrix[row + j] = first;
      matrix[row + j + 1] = (second - matrix[b + j]! * first) / matrix[b + j + 1]!;
    }
    for (; j < i; j += 1) {
      let sum = matrix[row + j]!;
      for (let k = 0; k < j; k += 1) sum -= matrix[j * size + k]! * matrix[row + k]!;
      matrix[row + j] = sum / matrix[j * size + j]!;
    }
    const diagonal = matrix[row + i]!;
    let pivot = diagonal;
    for (let k = 0; k < i; k += 1) pivot -= matrix[row + k]! * matrix[row + k]!;
    if (redundantRatio !== undefined && pivot <= redundantRatio * diagonal) pivot = Number.POSITIVE_INFINITY;
    if (!(pivot > 0)) return false;
    matrix[row + i] = Math.sqrt(pivot);
  }
  return true;
}

/**
 * Solves L L' x = vector in place for its first `size` entries, with the factor `choleskyInPlace` left in the lower
 * triangle; `stride` is the distance between two of its rows.
 */
export function choleskySolve(
  factor: Float64Array,
  size: number,
  vector: Float64Array,
  stride: number = size,
): void {
  for (let i = 0; i < size; i += 1) {
    const row = i * stride;
    let sum = vector[i]!;
    for (let k = 0; k < i; k += 1) sum -= factor[row + k]! * vector[k]!;
    vector[i] = sum / factor[row + i]!;
  }
  for (let i = size - 1; i >= 0; i -= 1) {
    const row = i * stride;
    const value = vector[i]! / factor[row + i]!;
    vector[i] = value;
    for (let k = 0; k < i; k += 1) vector[k]! -= factor[row + k]! * value;
  }
}
