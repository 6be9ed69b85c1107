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

/** Relative to the variance, how far apart the two sides of the tangency's condition may be by rounding. */
const tangencyRounding = 1e-12;
/** A share of the largest variance that is rounding, not risk. */
export const risklessRatio = 1e-15;

/**
 * The whole efficient frontier: between two neighbouring turning points it mixes the two. `largestVariance` is any
 * asset's, beside which a variance may be no more than rounding.
 */
export type CriticalLine = { turningPoints: TurningPoint[]; largestVariance: number };

/** The portfolio of least variance: the frontier's end. */
export function leastVariance({ turningPoints }: Pick<CriticalLine, 'turningPoints'>): number[] {
  return Array.from(turningPoints.at(-1)!.weights);
}

/**
 * The portfolio of the greatest (mean - riskFreeRate) / volatility, exact on each segment. Going down the frontier it is
 * where variance = lambda x excess return; where a riskless asset dilutes it without harm, it is the one not diluted.
 * Raises `no-positive-mean` when no point of the frontier earns more than the risk-free rate.
 */
export function greatestSharpe({ turningPoints, largestVariance }: CriticalLine, riskFreeRate = 0): number[] {
  const excess = ({ mean }: TurningPoint): number => mean - riskFreeRate;
  if (!(excess(turningPoints[0]!) > 0)) throw nothingEarns(excess(turningPoints[0]!));
  // A portfolio of no more variance than rounding is riskless: the first of them earns the most.
  const isPast = (point: TurningPoint): boolean =>
    point.variance <= risklessRatio * largestVariance ||
    point.variance - point.lambda * excess(point) >= -tangencyRounding * point.variance;
  const found = turningPoints.findIndex(isPast);
  const to = turningPoints.at(found)!;
  const from = turningPoints[found - 1];
  if (!from) return Array.from(to.weights);
  const gain = from.mean - to.mean;
  const cross = to.crossVariance - to.variance;
  const spread = from.variance - 2 * to.crossVariance + to.variance;
  const stationary = (gain * to.variance - excess(to) * cross) / (excess(to) * spread - gain * cross);
  const share = stationary > 0 ? Math.min(1, stationary) : 0;
  return Array.from(to.weights, (weight, i) => weight + share * (from.weights[i]! - weight));
}

/** The refusal of a Sharpe ratio where even the best that can be had earns too little; `best` is that, per session. */
export function nothingEarns(best: number): AllocationError {
  return new AllocationError(
    'no-positive-mean',
    `No feasible portfolio earns more than the risk-free rate (the best earns ${best.toExponential(2)} a session beside it), ` +
      'so no Sharpe ratio is worth its risk; the objective min-variance needs no mean.',
  );
}
