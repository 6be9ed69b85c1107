import { choleskyInPlace, choleskySolve } from './cholesky.ts';
import {
  type ConstrainedQp,
  costSlope,
  type Multipliers,
  objectiveScale,
  quadraticGradient,
  TRADE_MIN,
} from './constrained-qp.ts';
import { type Solution, settle } from './settle.ts';

/** A limit that binds with equality: coefficients . w = bound, with its multiplier so far. */
type BindingRow = {
  dual: number;
  coefficients: Float64Array;
  bound: number;
  store: (multipliers: Multipliers, dual: number) => void;
};

/**
 * Turns an interior-point answer into an exact one: weights at a bound or a kink are put on it, and the binding limits
 * are solved as equations over the other weights. Gives nothing when those equations are singular.
 */
export function polish(problem: ConstrainedQp, rough: Solution): Solution | undefined {
  const weights = rough.weights.slice();
  const { free, signTrade, signWeight } = settle(problem, rough, weights);
  const rows = bindingRows(problem, rough, signTrade, signWeight);
  const multipliers: Multipliers = {
    budget: 0,
    lower: new Float64Array(problem.size),
    upper: new Float64Array(problem.size),
    groups: problem.groups.map(() => ({ lower: 0, upper: 0 })),
    turnover: 0,
    gross: 0,
  };
  for (let pass = 0; pass < PASSES; pass++) {
    const moved = newtonStep(problem, weights, free, signTrade, rows);
    if (moved === undefined) return undefined;
    if (moved < 1e-15) break;
  }
  for (const row of rows) row.store(multipliers, row.dual);
  boundMultipliers(problem, weights, free, signTrade, signWeight, multipliers);
  return { weights, multipliers };
}

/**
 * Impact curves the equations and the ridge of a singular matrix takes a few steps to vanish; otherwise the first pass
 * is exact and the second finds nothing to do.
 */
const PASSES = 30;
const RIDGE = 1e-11;

function bindingRows(
  problem: ConstrainedQp,
  { weights, multipliers }: Solution,
  signTrade: Int8Array,
  signWeight: Int8Array,
): BindingRow[] {
  const { size, current, groups } = problem;
  const scale = objectiveScale(problem);
  const rows: BindingRow[] = [
    {
      coefficients: new Float64Array(size).fill(1),
      bound: problem.budget,
      dual: multipliers.budget,
      store: (out, dual) => {
        out.budget = dual;
      },
    },
  ];
  groups.forEach(({ members, lower, upper }, g) => {
    const net = (multipliers.groups[g]!.upper - multipliers.groups[g]!.lower) / scale;
    const sum = members.reduce((total, i) => total + weights[i]!, 0);
    const bound = net > upper - sum ? upper : -net > sum - lower ? lower : undefined;
    if (bound === undefined) return;
    const coefficients = new Float64Array(size);
    for (const i of members) coefficients[i] = 1;
    rows.push({
      coefficients,
      bound,
      dual: multipliers.groups[g]!.upper - multipliers.groups[g]!.lower,
      store: (out, dual) => {
        out.groups[g] = { upper: Math.max(0, dual), lower: Math.max(0, -dual) };
      },
    });
  });
  if (multipliers.turnover / scale > problem.turnoverMax - traded(weights, current) / 2) {
    rows.push({
      coefficients: Float64Array.from(signTrade, (sign) => sign / 2),
      bound: problem.turnoverMax + current.reduce((sum, held, i) => sum + (signTrade[i]! * held) / 2, 0),
      dual: multipliers.turnover,
      store: (out, dual) => {
        out.turnover = dual;
      },
    });
  }
  if (multipliers.gross / scale > problem.grossMax - traded(weights, new Float64Array(size))) {
    rows.push({
      coefficients: Float64Array.from(signWeight),
      bound: problem.grossMax,
      dual: multipliers.gross,
      store: (out, dual) => {
        out.gross = dual;
      },
    });
  }
  return rows;
}

function traded(weights: Float64Array, current: Float64Array): number {
  return weights.reduce((sum, weight, i) => sum + Math.abs(weight - current[i]!), 0);
}

/**
 * One Newton step of the free weights and the binding rows' multipliers, in place; returns the largest change of a
 * weight, or nothing where the equations are singular.
 */
function newtonStep(
  problem: ConstrainedQp,
  weights: Float64Array,
  free: readonly number[],
  signTrade: Int8Array,
  rows: readonly BindingRow[],
): number | undefined {
  const count = free.length;
  const gradient = quadraticGradient(problem, weights);
  const ridge = RIDGE * objectiveScale(problem);
  const factor = new Float64Array(count * count);
  const step = new Float64Array(count);
  free.forEach((i, a) => {
    for (let b = 0; b <= a; b++) factor[a * count + b] = problem.matrix[i * problem.size + free[b]!]!;
    const size = Math.abs(weights[i]! - problem.current[i]!);
    const curvature = problem.impact[i]! > 0 && size > 0 ? (0.75 * problem.impact[i]!) / Math.sqrt(size) : 0;
    factor[a * count + a]! += curvature + ridge;
    step[a] = -gradient[i]! - signTrade[i]! * costSlope(problem, i, weights[i]! - problem.current[i]!);
    for (const row of rows) step[a]! -= row.dual * row.coefficients[i]!;
  });
  if (!choleskyInPlace(factor, count)) return undefined;
  choleskySolve(factor, count, step);
  const columns = rows.map((row) => {
    const column = Float64Array.from(free, (i) => row.coefficients[i]!);
    choleskySolve(factor, count, column);
    return column;
  });
  const schur = new Float64Array(rows.length ** 2);
  const change = new Float64Array(rows.length);
  rows.forEach((row, r) => {
    const along = (vector: Float64Array): number =>
      free.reduce((sum, i, a) => sum + row.coefficients[i]! * vector[a]!, 0);
    for (let c = 0; c <= r; c++) schur[r * rows.length + c] = along(columns[c]!);
    const reached = row.coefficients.reduce((sum, coefficient, i) => sum + coefficient * weights[i]!, 0);
    change[r] = along(step) + reached - row.bound;
  });
  // A row that no free weight can move, or that repeats another, keeps the multiplier it has.
  if (!choleskyInPlace(schur, rows.length, 1e-12)) return undefined;
  choleskySolve(schur, rows.length, change);
  columns.forEach((column, r) => {
    for (let a = 0; a < count; a++) step[a]! -= change[r]! * column[a]!;
  });
  const length = shortOfKinks(problem, weights, free, step);
  rows.forEach((row, r) => {
    row.dual += length * change[r]!;
  });
  let moved = 0;
  free.forEach((i, a) => {
    weights[i]! += length * step[a]!;
    moved = Math.max(moved, Math.abs(step[a]!));
  });
  return moved;
}

/** How much of a step no trade with impact can take without turning round, its slope being a square root. */
function shortOfKinks(
  problem: ConstrainedQp,
  weights: Float64Array,
  free: readonly number[],
  step: Float64Array,
): number {
  let length = 1;
  free.forEach((i, a) => {
    const trade = weights[i]! - problem.current[i]!;
    if (problem.impact[i]! > 0 && trade * step[a]! < 0) length = Math.min(length, (-0.9 * trade) / step[a]!);
  });
  return length;
}

/** What is left of the gradient at a bound is the bound's multiplier. */
function boundMultipliers(
  problem: ConstrainedQp,
  weights: Float64Array,
  free: readonly number[],
  signTrade: Int8Array,
  signWeight: Int8Array,
  multipliers: Multipliers,
): void {
  const left = quadraticGradient(problem, weights);
  problem.groups.forEach(({ members }, g) => {
    for (const i of members) left[i]! += multipliers.groups[g]!.upper - multipliers.groups[g]!.lower;
  });
  const isFree = new Set(free);
  for (let i = 0; i < problem.size; i++) {
    if (isFree.has(i)) continue;
    const trade = weights[i]! - problem.current[i]!;
    const slope = costSlope(problem, i, trade) + multipliers.turnover / 2;
    const least = left[i]! + multipliers.budget + signTrade[i]! * slope + signWeight[i]! * multipliers.gross;
    // On a kink the slope may be anything between its two sides; a bound answers for the rest only.
    const play = (signTrade[i] === 0 ? slope : 0) + (signWeight[i] === 0 ? multipliers.gross : 0);
    const rest = Math.sign(least) * Math.max(0, Math.abs(least) - play);
    if (weights[i] === problem.lower[i]! && rest > 0) multipliers.lower[i] = rest;
    if (weights[i] === problem.upper[i]! && rest < 0) multipliers.upper[i] = -rest;
  }
}
