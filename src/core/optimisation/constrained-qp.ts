import type { BoundedQp } from './bounded-qp.ts';

/** lower <= sum of the members' weights <= upper. */
export type GroupLimit = { members: readonly number[]; lower: number; upper: number };

/**
 * A `BoundedQp` with trading terms and limits:
 * minimise w'Pw / 2 - q'w + sum proportional_i |w_i - current_i| + impact_i |w_i - current_i|^1.5.
 * `turnoverMax` limits the one-way turnover sum |w - current| / 2, `grossExposureMax` limits sum |w|.
 */
export type ConstrainedQp = BoundedQp & {
  current: Float64Array;
  proportional: Float64Array;
  impact: Float64Array;
  turnoverMax: number;
  grossExposureMax: number;
  groups: readonly GroupLimit[];
};

/**
 * Lagrange multipliers, in units of the objective per unit of the limit. All but `budget` are >= 0 and positive only
 * where their limit binds: `lower` and `upper` per asset, one pair per group.
 */
export type Multipliers = {
  budget: number;
  lower: Float64Array;
  upper: Float64Array;
  groups: { lower: number; upper: number }[];
  turnover: number;
  gross: number;
};

/** Whether trades (costs or a turnover cap) and the gross limit play a part. */
export function hasTrading(problem: ConstrainedQp): boolean {
  return (
    Number.isFinite(problem.turnoverMax) ||
    problem.proportional.some((cost) => cost > 0) ||
    problem.impact.some((cost) => cost > 0)
  );
}

export function hasGross(problem: ConstrainedQp): boolean {
  return Number.isFinite(problem.grossExposureMax);
}

/** A trade this small is none: costs may have any slope up to the one they have here. */
export const tradeMin = 1e-12;

/** Slope of the trading costs of an asset at a trade of some size, the turnover cap's multiplier aside. */
export function costSlope(problem: ConstrainedQp, asset: number, trade: number): number {
  return (
    problem.proportional[asset]! +
    1.5 * problem.impact[asset]! * Math.sqrt(Math.max(tradeMin, Math.abs(trade)))
  );
}

/** P w - q. */
export function quadraticGradient({ size, matrix, linear }: BoundedQp, weights: Float64Array): Float64Array {
  const gradient = new Float64Array(size);
  for (let i = 0; i < size; i += 1) {
    const row = i * size;
    let sum = -linear[i]!;
    for (let j = 0; j < size; j += 1) sum += matrix[row + j]! * weights[j]!;
    gradient[i] = sum;
  }
  return gradient;
}

/** What the objective's unit is worth: the size of its gradient, beside which residuals are measured. */
export function objectiveScale(
  problem: BoundedQp & { proportional?: Float64Array; impact?: Float64Array },
): number {
  const { size, matrix, linear, proportional, impact } = problem;
  let scale = 0;
  for (let i = 0; i < size; i += 1) {
    scale = Math.max(
      scale,
      matrix[i * size + i]!,
      Math.abs(linear[i]!),
      proportional?.[i] ?? 0,
      impact?.[i] ?? 0,
    );
  }
  return scale > 0 ? scale : 1;
}
