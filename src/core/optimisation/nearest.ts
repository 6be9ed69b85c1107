import { type QpSolution, solveQp } from './solve-qp.ts';
import { constrain, type WeightLimits } from './weight-limits.ts';

/**
 * The weights under limits that are nearest to a target, by the sum of squared differences, with the multipliers of the
 * limits that bind. Trading costs, if any, are weighed against the distance by `costWeight` (default 0: limits only).
 * Raises `infeasible`, `no-convergence`, `not-finite` or `bad-input`.
 */
export function nearestWeights(target: readonly number[], limits: WeightLimits, costWeight = 0): QpSolution {
  const size = target.length;
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) matrix[i * size + i] = 1;
  return solveQp(constrain({ size, matrix, linear: Float64Array.from(target) }, limits, costWeight));
}
