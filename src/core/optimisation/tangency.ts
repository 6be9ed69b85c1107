import { AllocationError } from '../allocation-error.ts';
import { falsePosition } from '../numeric/root.ts';
import type { BoundedQpSolution } from './bounded-qp.ts';
import type { ConstrainedQp } from './constrained-qp.ts';
import { nothingEarns, risklessRatio } from './frontier.ts';
import { type QpSolution, solveQp } from './solve-qp.ts';

/** One point of the efficient frontier, by its risk tolerance; `excess` is the mean return less costs and riskless rate. */
export type FrontierPoint = { tolerance: number; solution: QpSolution; excess: number; variance: number };

/** The frontier as a function, with the sizes that its numbers are seen beside. */
type Frontier = {
  at(tolerance: number): FrontierPoint;
  /** a point's weights changed a little, within bounds, its multipliers kept */
  moved(point: FrontierPoint, change: (weight: number, asset: number) => number): FrontierPoint;
  /** the largest variance that weights within the bounds could have, and the largest mean */
  varianceMax: number;
  meanSize: number;
};

/** Relative to the largest mean: what a riskless portfolio must earn more than the riskless rate to be worth anything. */
const earningMin = 1e-9;

/**
 * The point of the frontier where the Sharpe ratio is greatest. `qpAt` is the programme of a risk tolerance, `mean` the
 * mean returns less the riskless rate. There the tolerance = variance / excess return of its own optimum (the tangent
 * through the riskless rate). Raises `no-positive-mean` where nothing feasible earns more than the rate, and
 * `no-convergence`.
 */
export function tangencyOf(qpAt: (tolerance: number) => ConstrainedQp, mean: Float64Array): FrontierPoint {
  const frontier = frontierOf(qpAt, mean);
  const low = frontier.at(0);
  if (low.variance <= risklessRatio * frontier.varianceMax) return beyondRiskless(frontier);
  const guess = low.excess > 0 ? (2 * low.variance) / low.excess : low.variance / frontier.meanSize;
  return tangencyBetween(frontier, ...bracket(frontier, low, guess, 0));
}

/** Refuses at once, without a single programme, where not even the best assets that the bounds allow earn anything. */
function frontierOf(qpAt: (tolerance: number) => ConstrainedQp, mean: Float64Array): Frontier {
  const qp = qpAt(0);
  const best = greatestMean(qp, mean);
  if (!(best > 0)) throw nothingEarns(best);
  let gross = 0;
  let variance = 0;
  for (let i = 0; i < qp.size; i += 1) {
    gross += Math.max(Math.abs(qp.lower[i]!), Math.abs(qp.upper[i]!));
    variance = Math.max(variance, qp.matrix[i * qp.size + i]!);
  }
  const longOnly = qp.lower.every((bound) => bound >= 0);
  const size = longOnly ? qp.budget : gross;
  let start: BoundedQpSolution | undefined;
  return {
    varianceMax: variance * size * size,
    meanSize: mean.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    at(tolerance) {
      const programme = tolerance === 0 ? qp : qpAt(tolerance);
      const solution = solveQp(programme, start);
      start = solution.activeSet;
      return measured(programme, solution, tolerance, mean);
    },
    moved({ solution, tolerance }, change) {
      const weights = solution.weights.map((weight, i) => onBound(qp, i, change(weight, i)));
      return measured(qpAt(tolerance), { ...solution, weights }, tolerance, mean);
    },
  };
}

/** The greatest mean that bounds and budget allow; groups, other limits and costs can only take from it. */
function greatestMean({ size, lower, upper, budget }: ConstrainedQp, mean: Float64Array): number {
  let total = 0;
  let rest = budget;
  for (let i = 0; i < size; i += 1) {
    total += lower[i]! * mean[i]!;
    rest -= lower[i]!;
  }
  for (const i of Array.from(mean.keys()).sort((a, b) => mean[b]! - mean[a]!)) {
    const part = Math.max(0, Math.min(rest, upper[i]! - lower[i]!));
    total += part * mean[i]!;
    rest -= part;
  }
  return total;
}

/** A weight that is a rounding from its bound, or beyond it, is on it. */
function onBound({ lower, upper }: ConstrainedQp, asset: number, weight: number): number {
  if (weight < lower[asset]! + 1e-14) return lower[asset]!;
  return weight > upper[asset]! - 1e-14 ? upper[asset]! : weight;
}

function measured(
  qp: ConstrainedQp,
  solution: QpSolution,
  tolerance: number,
  mean: Float64Array,
): FrontierPoint {
  const { weights } = solution;
  let excess = 0;
  let variance = 0;
  for (let i = 0; i < qp.size; i += 1) {
    const trade = Math.abs(weights[i]! - qp.current[i]!);
    const cost = tolerance > 0 ? (qp.proportional[i]! * trade + qp.impact[i]! * trade ** 1.5) / tolerance : 0;
    excess += mean[i]! * weights[i]! - cost;
    let along = 0;
    if (weights[i] === 0) continue;
    for (let j = 0; j < qp.size; j += 1) along += qp.matrix[i * qp.size + j]! * weights[j]!;
    variance += along * weights[i]!;
  }
  return { tolerance, solution, excess, variance };
}

/** Positive below the tangency's tolerance, negative above; 0 along a line on which a riskless asset dilutes it. */
function tangency({ variance, tolerance, excess }: FrontierPoint): number {
  return variance - tolerance * excess;
}

/** The tolerance grows fourfold until the tangency lies below it. */
function bracket(
  { at, varianceMax, meanSize }: Frontier,
  from: FrontierPoint,
  guess: number,
  rounding: number,
): [FrontierPoint, FrontierPoint] {
  let low = from;
  for (let tolerance = guess; ; tolerance *= 4) {
    const high = at(tolerance);
    if (tangency(high) < -rounding * high.variance) return [low, high];
    // No portfolio earns more than this one and what its variance, at this tolerance, could have kept it from.
    const most = high.excess + varianceMax / (2 * tolerance);
    if (!(most > 1e-12 * meanSize)) throw nothingEarns(high.excess);
    low = high;
  }
}

const stepsMax = 200;

/** The root closed in on by false position (Illinois). */
function tangencyBetween({ at }: Frontier, below: FrontierPoint, above: FrontierPoint): FrontierPoint {
  const sampleOf = (point: FrontierPoint) => ({ at: point.tolerance, value: tangency(point), detail: point });
  const { root } = falsePosition({
    evaluate: (tolerance) => sampleOf(at(tolerance)),
    low: sampleOf(below),
    high: sampleOf(above),
    isRoot: ({ value, detail }, low, high) =>
      Math.abs(value) <= 1e-13 * detail.variance || high.at - low.at <= 1e-13 * high.at,
    stepsMax,
  });
  if (root) return root.detail;
  throw new AllocationError('no-convergence', `The tangency portfolio was not found in ${stepsMax} steps.`);
}

/**
 * Where some feasible portfolio has no risk. If the best of them earns more than the rate, its ratio is beyond all
 * bounds and it is the answer; if it earns just the rate, it dilutes the tangency at no loss, which is then the point
 * where that ends.
 */
function beyondRiskless(frontier: Frontier): FrontierPoint {
  const best = bestRiskless(frontier);
  if (best.excess > earningMin * frontier.meanSize) return best;
  const rounding = 1e-11;
  let [low, high] = bracket(frontier, best, best.tolerance * 4, rounding);
  while (high.tolerance - low.tolerance > 1e-13 * high.tolerance) {
    const tolerance = (low.tolerance + high.tolerance) / 2;
    if (tolerance <= low.tolerance || tolerance >= high.tolerance) break;
    const middle = frontier.at(tolerance);
    if (tangency(middle) < -rounding * middle.variance) high = middle;
    else low = middle;
  }
  return low;
}

/**
 * The riskless portfolio that earns most: where the frontier ends as tolerance falls to 0. Weights are piecewise linear
 * in the tolerance, so two points of the last piece tell its end.
 */
function bestRiskless({ at, moved, varianceMax, meanSize }: Frontier): FrontierPoint {
  let tolerance = (varianceMax > 0 ? 1e-3 * varianceMax : 1) / meanSize;
  for (let step = 0; step < 20; step += 1) {
    const further = at(tolerance).solution.weights;
    const nearer = at(tolerance / 2);
    const end = moved(nearer, (weight, i) => 2 * weight - further[i]!);
    if (end.variance <= risklessRatio * varianceMax) return end;
    tolerance /= 8;
  }
  throw new AllocationError(
    'no-convergence',
    'Some portfolio has no risk at all (a flat asset, assets that hedge each other, or fewer sessions than assets), ' +
      'and the one that earns most was not found: bound the weights more tightly, or read more sessions.',
  );
}
