import { choleskyInPlace, choleskySolve } from './cholesky.ts';
import { type ConstrainedQp, type Multipliers, objectiveScale, quadraticGradient } from './constrained-qp.ts';

export type Solution = { weights: Float64Array; multipliers: Multipliers };

/** A limit that binds with equality: coefficients . w = bound. */
type BindingRow = {
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
  // Impact makes the equations slightly curved; without it the first pass is exact and the second removes rounding.
  for (let pass = 0; pass < 4; pass++) {
    const duals = newtonStep(problem, weights, free, signTrade, rows);
    if (!duals) return undefined;
    rows.forEach((row, r) => {
      row.store(multipliers, duals[r]!);
    });
  }
  boundMultipliers(problem, weights, free, signTrade, signWeight, multipliers);
  return { weights, multipliers };
}

/** Puts weights on the bounds and kinks they have all but reached; signs say on which side of a kink the others are. */
function settle(problem: ConstrainedQp, { multipliers }: Solution, weights: Float64Array) {
  const { size, lower, upper, current, proportional, impact } = problem;
  const scale = objectiveScale(problem);
  const smooth = quadraticGradient(problem, weights);
  problem.groups.forEach(({ members }, g) => {
    for (const i of members) smooth[i]! += multipliers.groups[g]!.upper - multipliers.groups[g]!.lower;
  });
  const signTrade = new Int8Array(size);
  const signWeight = new Int8Array(size);
  const free: number[] = [];
  for (let i = 0; i < size; i++) {
    const low = multipliers.lower[i]! / scale;
    const high = multipliers.upper[i]! / scale;
    const left = smooth[i]! + multipliers.budget + multipliers.upper[i]! - multipliers.lower[i]!;
    const trade = weights[i]! - current[i]!;
    const tradeSlope =
      proportional[i]! + 1.5 * impact[i]! * Math.sqrt(Math.abs(trade)) + multipliers.turnover / 2;
    if (upper[i]! - lower[i]! < 1e-12) weights[i] = lower[i]!;
    else if (low > weights[i]! - lower[i]!) weights[i] = lower[i]!;
    else if (high > upper[i]! - weights[i]!) weights[i] = upper[i]!;
    else {
      const kink = kinkUnder(
        current[i]!,
        weights[i]!,
        left / scale,
        tradeSlope / scale,
        multipliers.gross / scale,
      );
      if (kink === undefined) free.push(i);
      else weights[i] = kink;
    }
    signTrade[i] = Math.sign(weights[i]! - current[i]!);
    signWeight[i] = Math.sign(weights[i]!);
  }
  return { free, signTrade, signWeight };
}

/**
 * The kink (the current weight, or 0) a weight belongs on, if any: the rest of the gradient is then well inside the
 * kink's two slopes, while the weight is all but there.
 */
function kinkUnder(
  current: number,
  weight: number,
  left: number,
  tradeSlope: number,
  grossSlope: number,
): number | undefined {
  const toCurrent = Math.abs(weight - current);
  if (toCurrent < NEAR) {
    const play = tradeSlope + (current === 0 ? grossSlope : 0);
    const rest = left + (current === 0 ? 0 : Math.sign(current) * grossSlope);
    if (play - Math.abs(rest) > toCurrent) return current;
  }
  const rest = left - Math.sign(current) * tradeSlope;
  return Math.abs(weight) < NEAR && grossSlope - Math.abs(rest) > Math.abs(weight) ? 0 : undefined;
}

/** An interior-point answer is far nearer than this to the kink it belongs on. */
const NEAR = 1e-4;

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
      store: (out, dual) => {
        out.groups[g] = { upper: Math.max(0, dual), lower: Math.max(0, -dual) };
      },
    });
  });
  if (multipliers.turnover / scale > problem.turnoverMax - traded(weights, current) / 2) {
    rows.push({
      coefficients: Float64Array.from(signTrade, (sign) => sign / 2),
      bound: problem.turnoverMax + current.reduce((sum, held, i) => sum + (signTrade[i]! * held) / 2, 0),
      store: (out, dual) => {
        out.turnover = dual;
      },
    });
  }
  if (multipliers.gross / scale > problem.grossMax - traded(weights, new Float64Array(size))) {
    rows.push({
      coefficients: Float64Array.from(signWeight),
      bound: problem.grossMax,
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

/** Slope of the trading costs of one asset off its kink. */
function costSlope(problem: ConstrainedQp, asset: number, weight: number, sign: number): number {
  const size = Math.abs(weight - problem.current[asset]!);
  return sign * (problem.proportional[asset]! + 1.5 * problem.impact[asset]! * Math.sqrt(size));
}

/** One Newton step of the free weights (in place) under the binding rows; returns the rows' multipliers. */
function newtonStep(
  problem: ConstrainedQp,
  weights: Float64Array,
  free: readonly number[],
  signTrade: Int8Array,
  rows: readonly BindingRow[],
): Float64Array | undefined {
  const count = free.length;
  const gradient = quadraticGradient(problem, weights);
  const factor = new Float64Array(count * count);
  const step = new Float64Array(count);
  free.forEach((i, a) => {
    for (let b = 0; b <= a; b++) factor[a * count + b] = problem.matrix[i * problem.size + free[b]!]!;
    const size = Math.abs(weights[i]! - problem.current[i]!);
    const curvature = problem.impact[i]! > 0 && size > 0 ? (0.75 * problem.impact[i]!) / Math.sqrt(size) : 0;
    factor[a * count + a]! += curvature + 1e-13 * factor[a * count + a]!;
    step[a] = -gradient[i]! - costSlope(problem, i, weights[i]!, signTrade[i]!);
  });
  if (!choleskyInPlace(factor, count)) return undefined;
  choleskySolve(factor, count, step);
  const columns = rows.map((row) => {
    const column = Float64Array.from(free, (i) => row.coefficients[i]!);
    choleskySolve(factor, count, column);
    return column;
  });
  const schur = new Float64Array(rows.length ** 2);
  const duals = new Float64Array(rows.length);
  rows.forEach((row, r) => {
    const along = (vector: Float64Array): number =>
      free.reduce((sum, i, a) => sum + row.coefficients[i]! * vector[a]!, 0);
    for (let c = 0; c <= r; c++) schur[r * rows.length + c] = along(columns[c]!);
    const reached = row.coefficients.reduce((sum, coefficient, i) => sum + coefficient * weights[i]!, 0);
    duals[r] = along(step) + reached - row.bound;
  });
  // A row that no free weight can move, or that repeats another, has no say.
  if (!choleskyInPlace(schur, rows.length, 1e-12)) return undefined;
  choleskySolve(schur, rows.length, duals);
  free.forEach((i, a) => {
    let change = step[a]!;
    for (let r = 0; r < rows.length; r++) change -= duals[r]! * columns[r]![a]!;
    weights[i]! += change;
  });
  return duals;
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
    const slope = problem.proportional[i]! + multipliers.turnover / 2;
    let least = left[i]! + multipliers.budget + costSlope(problem, i, weights[i]!, signTrade[i]!);
    least += (signTrade[i]! * multipliers.turnover) / 2 + signWeight[i]! * multipliers.gross;
    // On a kink the slope may be anything between its two sides; a bound answers for the rest only.
    const play = (signTrade[i] === 0 ? slope : 0) + (signWeight[i] === 0 ? multipliers.gross : 0);
    const rest = Math.sign(least) * Math.max(0, Math.abs(least) - play);
    if (weights[i] === problem.lower[i]! && rest > 0) multipliers.lower[i] = rest;
    if (weights[i] === problem.upper[i]! && rest < 0) multipliers.upper[i] = -rest;
  }
}
