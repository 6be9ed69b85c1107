import {
  type ConstrainedQp,
  costSlope,
  type Multipliers,
  objectiveScale,
  quadraticGradient,
  tradeMin,
} from './constrained-qp.ts';

/**
 * How far weights and multipliers are from the Karush-Kuhn-Tucker conditions, which prove an optimum: the largest of
 * the violated limits (in weight), the gradient left over, multipliers of the wrong sign and multiplier x slack (all
 * relative to the size of the objective's gradient). Computed from the problem alone, whatever solved it.
 */
export function kktResidual(problem: ConstrainedQp, weights: Float64Array, multipliers: Multipliers): number {
  const scale = gradientScale(problem, weights);
  const worst = new Worst();
  stationarity(problem, weights, multipliers, (left) => worst.add(left / scale));
  limits(problem, weights, multipliers, (slack, multiplier) => {
    worst.add(-slack);
    worst.add(-multiplier / scale);
    worst.add((multiplier * Math.max(0, slack)) / scale);
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  worst.add(Math.abs(sum - problem.budget));
  return worst.value;
}

class Worst {
  value = 0;
  add(candidate: number): void {
    if (!(candidate <= this.value)) this.value = candidate; // a NaN stays, and is the worst
  }
}

/**
 * A share of the largest variance: where all terms are smaller, as without risk, the rounding of the weights themselves
 * (2e-16 of 1) would look larger than the 1e-8 that is promised.
 */
const roundingFloor = 2e-8;

/** The size of the terms of Pw - q before they cancel: at a tangency, or without risk, what is left may be nothing. */
function gradientScale(problem: ConstrainedQp, weights: Float64Array): number {
  const { size, matrix, linear } = problem;
  let scale = 0;
  for (let i = 0; i < size; i += 1) scale = Math.max(scale, roundingFloor * matrix[i * size + i]!);
  for (let i = 0; i < size; i += 1) {
    let terms = Math.abs(linear[i]!);
    for (let j = 0; j < size; j += 1) terms += Math.abs(matrix[i * size + j]! * weights[j]!);
    scale = Math.max(scale, terms);
  }
  return scale > 0 ? scale : objectiveScale(problem);
}

function stationarity(
  problem: ConstrainedQp,
  weights: Float64Array,
  multipliers: Multipliers,
  report: (left: number) => void,
): void {
  const smooth = quadraticGradient(problem, weights);
  problem.groups.forEach(({ members }, g) => {
    const { lower, upper } = multipliers.groups[g]!;
    for (const i of members) smooth[i]! += upper - lower;
  });
  for (let i = 0; i < problem.size; i += 1) {
    const left = smooth[i]! + multipliers.budget + multipliers.upper[i]! - multipliers.lower[i]!;
    const trade = weights[i]! - problem.current[i]!;
    const byTrade = subgradient(trade, costSlope(problem, i, trade) + multipliers.turnover / 2);
    const byGross = subgradient(weights[i]!, multipliers.gross);
    // Minus `left` must lie between the least and the greatest slope of the kinked terms.
    const least = byTrade.least + byGross.least;
    const greatest = byTrade.greatest + byGross.greatest;
    report(Math.max(0, least + left, -left - greatest));
  }
}

/** Derivatives of slope x |distance|: one off the kink, all between -slope and slope on it. */
function subgradient(distance: number, slope: number): { least: number; greatest: number } {
  if (distance > tradeMin) return { least: slope, greatest: slope };
  if (distance < -tradeMin) return { least: -slope, greatest: -slope };
  return { least: -slope, greatest: slope };
}

function limits(
  problem: ConstrainedQp,
  weights: Float64Array,
  multipliers: Multipliers,
  report: (slack: number, multiplier: number) => void,
): void {
  let traded = 0;
  let gross = 0;
  for (let i = 0; i < problem.size; i += 1) {
    report(weights[i]! - problem.lower[i]!, multipliers.lower[i]!);
    report(problem.upper[i]! - weights[i]!, multipliers.upper[i]!);
    traded += Math.abs(weights[i]! - problem.current[i]!);
    gross += Math.abs(weights[i]!);
  }
  problem.groups.forEach(({ members, lower, upper }, g) => {
    const sum = members.reduce((total, i) => total + weights[i]!, 0);
    if (Number.isFinite(lower)) report(sum - lower, multipliers.groups[g]!.lower);
    if (Number.isFinite(upper)) report(upper - sum, multipliers.groups[g]!.upper);
  });
  if (Number.isFinite(problem.turnoverMax)) report(problem.turnoverMax - traded / 2, multipliers.turnover);
  if (Number.isFinite(problem.grossExposureMax)) report(problem.grossExposureMax - gross, multipliers.gross);
}
