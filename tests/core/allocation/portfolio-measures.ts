import type { Covariance } from '../../../src/core/risk/covariance.ts';

/** w'Cw. */
export function quadraticForm({ size, values }: Covariance, weights: readonly number[]): number {
  let variance = 0;
  for (let i = 0; i < size; i += 1)
    for (let j = 0; j < size; j += 1) variance += weights[i]! * weights[j]! * values[i * size + j]!;
  return variance;
}

/** Shares of the variance each weight carries. */
export function riskShares({ size, values }: Covariance, weights: readonly number[]): number[] {
  const parts = weights.map((weight, i) => {
    let along = 0;
    for (let j = 0; j < size; j += 1) along += values[i * size + j]! * weights[j]!;
    return weight * along;
  });
  const total = parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part) => part / total);
}
