import { AllocationError } from '../allocation-error.ts';

/**
 * A corner of the efficient frontier: optimal for the risk tolerance `lambda` (minimise w'Cw / 2 - lambda x mean . w).
 * `crossVariance` is the covariance with the corner before it.
 */
export type TurningPoint = {
  lambda: number;
  weights: Float64Array;
  mean: number;
  variance: number;
  crossVariance: number;
};

/** The whole efficient frontier: between two neighbouring turning points it mixes the two. */
export type CriticalLine = { turningPoints: TurningPoint[] };

/** The portfolio of least variance: the frontier's end. */
export function leastVariance({ turningPoints }: CriticalLine): number[] {
  return Array.from(turningPoints.at(-1)!.weights);
}

/**
 * The portfolio of the greatest (mean - riskFreeRate) / volatility, exact on each segment.
 * Raises `no-positive-mean` when no point of the frontier earns more than the risk-free rate.
 */
export function greatestSharpe({ turningPoints }: CriticalLine, riskFreeRate = 0): number[] {
  let best = Number.NEGATIVE_INFINITY;
  let weights: number[] = [];
  const consider = (from: TurningPoint, to: TurningPoint, share: number): void => {
    const mean = to.mean + share * (from.mean - to.mean) - riskFreeRate;
    const variance =
      share * share * from.variance +
      2 * share * (1 - share) * to.crossVariance +
      (1 - share) ** 2 * to.variance;
    const ratio =
      mean > 0 ? mean / Math.sqrt(Math.max(variance, Number.MIN_VALUE)) : Number.NEGATIVE_INFINITY;
    if (!(ratio > best)) return;
    best = ratio;
    weights = Array.from(to.weights, (weight, i) => weight + share * (from.weights[i]! - weight));
  };
  turningPoints.forEach((to, k) => {
    const from = turningPoints[k - 1];
    if (!from) {
      consider(to, to, 0);
      return;
    }
    const excess = to.mean - riskFreeRate;
    const gain = from.mean - to.mean;
    const cross = to.crossVariance - to.variance;
    const spread = from.variance - 2 * to.crossVariance + to.variance;
    const stationary = (gain * to.variance - excess * cross) / (excess * spread - gain * cross);
    if (stationary > 0 && stationary < 1) consider(from, to, stationary);
    consider(from, to, 0);
  });
  if (weights.length > 0) return weights;
  throw new AllocationError('no-positive-mean', 'No feasible portfolio earns more than the risk-free rate.');
}
