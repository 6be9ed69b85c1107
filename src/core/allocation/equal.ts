/** 1 / N of each of `size` assets. */
export function equalWeights(size: number): number[] {
  return new Array<number>(size).fill(1 / size);
}
