import { z } from 'zod';
import { AllocationError } from '../allocation-error.ts';
import { choleskyInPlace, choleskySolve } from '../numeric/cholesky.ts';
import { assetsAtRisk, type Covariance, inverseVolatilities } from '../risk/covariance.ts';
import { defineAllocator, needsRiskOnly } from './allocator.ts';

export type RiskParityOptions = {
  /** Share of the risk each asset should carry, positive; default equal. */
  budgets?: readonly number[] | undefined;
};

/**
 * Coordinate descent settles in some tens of sweeps, or it is Newton's turn: at once where so many sweeps do not halve
 * the miss, and where the sweeps would cost more than Newton's steps.
 */
const sweepsToHalve = 100;
const newtonStepsMax = 200;
/** Largest relative miss of a risk contribution. */
const missTolerance = 1e-12;
/** What rounding may leave of it where assets all but hedge each other. */
const missAllowed = 1e-6;
/** Beside the same exposures without correlation less than this share of variance is none: a perfect hedge. */
const hedgedRatio = 1e-9;

/**
 * Equal risk contribution (Maillard, Roncalli and Teiletche 2010): long-only weights of which each carries the same
 * share of the variance, or its share of `budgets`. The convex problem of Spinu (2013) by cyclical coordinate descent
 * (Griveau-Billion, Richard and Roncalli 2013), O(N^2) a sweep; where assets hedge each other that hardly gets on, and
 * Newton's method does the rest, O(N^3) a step. Flat assets get 0.
 * Raises `all-flat`, `bad-input` or `no-convergence`.
 */
export function riskParityWeights(covariance: Covariance, options: RiskParityOptions = {}): number[] {
  const { size } = covariance;
  const inverse = inverseVolatilities(covariance);
  const live = assetsAtRisk(inverse);
  const budgets = liveBudgets(options.budgets, live, size);
  // In units of each asset's own volatility the matrix is a correlation and the start is near the answer.
  const correlation = new Float64Array(live.length ** 2);
  live.forEach((i, a) => {
    live.forEach((j, b) => {
      correlation[a * live.length + b] = covariance.values[i * size + j]! * inverse[i]! * inverse[j]!;
    });
  });
  const exposure = contributeByBudget(correlation, budgets);
  const weights = new Array<number>(size).fill(0);
  let sum = 0;
  live.forEach((i, a) => {
    weights[i] = exposure[a]! * inverse[i]!;
    sum += weights[i]!;
  });
  return weights.map((weight) => weight / sum);
}

function liveBudgets(budgets: readonly number[] | undefined, live: Int32Array, size: number): Float64Array {
  if (!budgets) return new Float64Array(live.length).fill(1 / live.length);
  const bad = budgets.findIndex((budget) => !(budget > 0 && Number.isFinite(budget)));
  if (budgets.length !== size || bad >= 0)
    throw new AllocationError(
      'bad-input',
      bad >= 0
        ? `The risk budget of asset ${bad} is ${budgets[bad]}, expected a positive number.`
        : `There are ${budgets.length} risk budgets, expected ${size}.`,
    );
  const sum = live.reduce((total, i) => total + budgets[i]!, 0);
  return Float64Array.from(live, (i) => budgets[i]! / sum);
}

/** x > 0 with x_i (C x)_i = budget_i for every i: the least of x'Cx / 2 - sum budget_i log x_i, which is convex. */
function contributeByBudget(matrix: Float64Array, budgets: Float64Array): Float64Array {
  const size = budgets.length;
  // As the budgets ask for if all correlations were their mean.
  const total = matrix.reduce((sum, value) => sum + value, 0);
  const exposure = budgets.map((budget) => Math.sqrt(budget * size * (total > 0 ? 1 / total : 1)));
  const isSettled = descend(matrix, budgets, exposure) || newton(matrix, budgets, exposure);
  if (isSettled && !isHedged(exposure)) return exposure;
  throw new AllocationError(
    'no-convergence',
    `The risk contributions of ${size} assets do not settle on their budgets: assets that hedge each other perfectly ` +
      '(or fewer sessions than assets that look as if they did) have no such weights.',
  );
}

/** The variance settles at 1, so exposures that are huge cancel: near a perfect hedge only rounding tells them. */
function isHedged(exposure: Float64Array): boolean {
  return hedgedRatio * exposure.reduce((sum, value) => sum + value * value, 0) > 1;
}

/** Coordinate descent in place; whether it met the budgets. */
function descend(matrix: Float64Array, budgets: Float64Array, exposure: Float64Array): boolean {
  const size = budgets.length;
  const risk = new Float64Array(size);
  let earlier = Number.POSITIVE_INFINITY;
  for (let sweep = 0; sweep < sweepsToHalve + size; sweep += 1) {
    // Built afresh now and then, so that the rounding of many updates does not collect.
    if (sweep % 50 === 0) multiply(matrix, exposure, risk);
    let worst = 0;
    for (let i = 0; i < size; i += 1) {
      const row = i * size;
      const own = matrix[row + i]!;
      const others = risk[i]! - own * exposure[i]!;
      worst = Math.max(worst, Math.abs((exposure[i]! * risk[i]!) / budgets[i]! - 1));
      const root = Math.sqrt(others * others + 4 * own * budgets[i]!);
      // The positive root, by the form that does not cancel.
      const next = others > 0 ? (2 * budgets[i]!) / (others + root) : (root - others) / (2 * own);
      const change = next - exposure[i]!;
      exposure[i] = next;
      for (let j = 0; j < size; j += 1) risk[j]! += change * matrix[row + j]!;
    }
    if (worst < missTolerance) return true;
    if (sweep % sweepsToHalve !== sweepsToHalve - 1) continue;
    if (worst > earlier / 2) return false;
    earlier = worst;
  }
  return false;
}

/**
 * Newton's method in place, damped as self-concordance asks (step 1 / (1 + decrement) until the decrement is small);
 * whether it met the budgets, as far as rounding lets it.
 */
function newton(matrix: Float64Array, budgets: Float64Array, exposure: Float64Array): boolean {
  const size = budgets.length;
  const risk = new Float64Array(size);
  const budgetMin = budgets.reduce((least, budget) => Math.min(least, budget), 1);
  let before = Number.POSITIVE_INFINITY;
  for (let step = 0; step < newtonStepsMax; step += 1) {
    multiply(matrix, exposure, risk);
    const miss = budgets.reduce(
      (worst, budget, i) => Math.max(worst, Math.abs((exposure[i]! * risk[i]!) / budget - 1)),
      0,
    );
    // Near the end every step squares the miss, until rounding is all that is left of it.
    if (miss < missTolerance || (miss < missAllowed && miss >= before / 2)) return true;
    if (isHedged(exposure)) return false;
    before = miss;
    // In units of each exposure the Hessian is x C x + budgets, which no scale spoils.
    const hessian = matrix.map((value, k) => value * exposure[Math.floor(k / size)]! * exposure[k % size]!);
    const change = budgets.map((budget, i) => budget - exposure[i]! * risk[i]!);
    const gradient = change.slice();
    for (let i = 0; i < size; i += 1) hessian[i * size + i]! += budgets[i]!;
    if (!choleskyInPlace(hessian, size)) return false;
    choleskySolve(hessian, size, change);
    const decrement = Math.sqrt(change.reduce((sum, value, i) => sum + value * gradient[i]!, 0) / budgetMin);
    const length = decrement > 0.25 ? 1 / (1 + decrement) : 1;
    for (let i = 0; i < size; i += 1) exposure[i]! *= 1 + length * change[i]!;
  }
  return false;
}

function multiply(matrix: Float64Array, vector: Float64Array, out: Float64Array): void {
  const size = vector.length;
  for (let i = 0; i < size; i += 1) {
    let sum = 0;
    for (let j = 0; j < size; j += 1) sum += matrix[i * size + j]! * vector[j]!;
    out[i] = sum;
  }
}

export const riskParity = defineAllocator({
  name: 'risk-parity',
  title: 'equal risk contribution',
  options: z.object({}),
  needs: needsRiskOnly,
  weights: ({ moments }) => riskParityWeights(moments.covariance),
});
