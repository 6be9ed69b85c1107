import { choleskyInPlace, choleskySolve } from '../numeric/cholesky.ts';
import { correctPlaces, type Places, setBoundMultipliers, settle } from './active-places.ts';
import { type BindingRow, bindingRows, correctBinding, findBinding } from './binding-rows.ts';
import {
  type ConstrainedQp,
  costSlope,
  type Multipliers,
  objectiveScale,
  quadraticGradient,
} from './constrained-qp.ts';

export type Solution = { weights: Float64Array; multipliers: Multipliers };

/** Corrections of what is on a bound or kink; an interior-point answer needs none or a few. */
const roundsMax = 40;
/**
 * Newton steps in a round: impact curves the equations, and the ridge of a singular matrix takes a few steps to
 * vanish; otherwise the first is exact and the second finds nothing to do.
 */
const stepsMax = 30;
const ridgeRatio = 1e-11;

/**
 * Turns an interior-point answer into an exact one: weights at a bound or a kink are put on it, and the binding limits
 * are solved as equations over the other weights; what then crosses, or is driven off by its gradient, is corrected and
 * solved again. Gives nothing when those equations are singular. The result is not proven here: see `kktResidual`.
 */
export function polish(problem: ConstrainedQp, rough: Solution): Solution | undefined {
  const places = settle(problem, rough.weights, rough.multipliers);
  const binding = findBinding(problem, rough.weights, rough.multipliers);
  const multipliers: Multipliers = {
    ...rough.multipliers,
    lower: new Float64Array(problem.size),
    upper: new Float64Array(problem.size),
    groups: rough.multipliers.groups.map(({ lower, upper }, g) => ({
      lower: binding.groups[g] ? lower : 0,
      upper: binding.groups[g] ? upper : 0,
    })),
    turnover: binding.turnover ? rough.multipliers.turnover : 0,
    gross: binding.gross ? rough.multipliers.gross : 0,
  };
  for (let round = 0; round < roundsMax; round += 1) {
    const rows = bindingRows(problem, binding, places, multipliers);
    if (!solveEquations(problem, places, rows, multipliers)) return undefined;
    const corrected = correctPlaces(problem, places, multipliers);
    if (!correctBinding(problem, binding, places.weights, multipliers) && !corrected) break;
  }
  setBoundMultipliers(problem, places, multipliers);
  return { weights: places.weights, multipliers };
}

/** Newton steps until nothing moves; false where the equations are singular. */
function solveEquations(
  problem: ConstrainedQp,
  places: Places,
  rows: readonly BindingRow[],
  multipliers: Multipliers,
): boolean {
  for (let step = 0; step < stepsMax; step += 1) {
    const moved = newtonStep(problem, places, rows, multipliers);
    if (moved === undefined) return false;
    if (moved < 1e-15) break;
  }
  return true;
}

/**
 * One Newton step of the free weights and the binding rows' multipliers, in place; returns the largest change of a
 * weight, or nothing where the equations are singular.
 */
function newtonStep(
  problem: ConstrainedQp,
  places: Places,
  rows: readonly BindingRow[],
  multipliers: Multipliers,
): number | undefined {
  const { weights } = places;
  const free = Array.from(places.free.keys()).filter((i) => places.free[i] === 1);
  const factor = curvatureOf(problem, weights, free);
  const step = descent(problem, places, free, multipliers);
  if (!choleskyInPlace(factor, free.length)) return undefined;
  choleskySolve(factor, free.length, step);
  const columns = rows.map((row) => {
    const column = Float64Array.from(free, (i) => row.coefficients[i]!);
    choleskySolve(factor, free.length, column);
    return column;
  });
  const schur = new Float64Array(rows.length ** 2);
  const change = new Float64Array(rows.length);
  rows.forEach((row, r) => {
    const along = (vector: Float64Array): number =>
      free.reduce((sum, i, a) => sum + row.coefficients[i]! * vector[a]!, 0);
    for (let c = 0; c <= r; c += 1) schur[r * rows.length + c] = along(columns[c]!);
    const reached = row.coefficients.reduce((sum, coefficient, i) => sum + coefficient * weights[i]!, 0);
    change[r] = along(step) + reached - row.bound;
  });
  // A row that no free weight can move, or that repeats another, keeps the multiplier it has.
  if (!choleskyInPlace(schur, rows.length, 1e-12)) return undefined;
  choleskySolve(schur, rows.length, change);
  columns.forEach((column, r) => {
    for (let a = 0; a < step.length; a += 1) step[a]! -= change[r]! * column[a]!;
  });
  const length = shortOfKinks(problem, weights, free, step);
  rows.forEach((row, r) => {
    row.add(length * change[r]!);
  });
  let moved = 0;
  free.forEach((i, a) => {
    weights[i]! += length * step[a]!;
    moved = Math.max(moved, Math.abs(step[a]!));
  });
  return moved;
}

/** Second derivatives over the free weights: P, and impact where there is a trade. */
function curvatureOf(problem: ConstrainedQp, weights: Float64Array, free: readonly number[]): Float64Array {
  const count = free.length;
  const out = new Float64Array(count * count);
  const ridge = ridgeRatio * objectiveScale(problem);
  free.forEach((i, a) => {
    for (let b = 0; b <= a; b += 1) out[a * count + b] = problem.matrix[i * problem.size + free[b]!]!;
    const trade = Math.abs(weights[i]! - problem.current[i]!);
    const impact = problem.impact[i]! > 0 && trade > 0 ? (0.75 * problem.impact[i]!) / Math.sqrt(trade) : 0;
    out[a * count + a]! += impact + ridge;
  });
  return out;
}

/** Minus the gradient of the Lagrangian over the free weights. */
function descent(
  problem: ConstrainedQp,
  { weights, tradeSign, weightSign }: Places,
  free: readonly number[],
  multipliers: Multipliers,
): Float64Array {
  const left = quadraticGradient(problem, weights);
  problem.groups.forEach(({ members }, g) => {
    for (const i of members) left[i]! += multipliers.groups[g]!.upper - multipliers.groups[g]!.lower;
  });
  return Float64Array.from(free, (i) => {
    const slope = costSlope(problem, i, weights[i]! - problem.current[i]!) + multipliers.turnover / 2;
    return -(left[i]! + multipliers.budget + tradeSign[i]! * slope + weightSign[i]! * multipliers.gross);
  });
}

/** How much of a step no trade with impact can take without turning round, its slope being a square root. */
function shortOfKinks(
  { current, impact }: ConstrainedQp,
  weights: Float64Array,
  free: readonly number[],
  step: Float64Array,
): number {
  let length = 1;
  free.forEach((i, a) => {
    const trade = weights[i]! - current[i]!;
    if (impact[i]! > 0 && trade * step[a]! < 0) length = Math.min(length, (-0.9 * trade) / step[a]!);
  });
  return length;
}
