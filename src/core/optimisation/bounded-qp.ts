import { AllocationError } from '../allocation-error.ts';
import { freePlace, lowerPlace, upperPlace } from './bound-place.ts';
import { budgetShift, FreeSetFactor } from './free-set-factor.ts';

/**
 * minimise w'Pw / 2 - q'w  subject to  sum w = budget,  lower <= w <= upper,
 * with P positive semi-definite (row-major size x size).
 */
export type BoundedQp = {
  size: number;
  matrix: Float64Array;
  linear: Float64Array;
  lower: Float64Array;
  upper: Float64Array;
  budget: number;
};

/** `gradient` is Pw - q; `budgetMultiplier` is its common value over the free assets. */
export type BoundedQpSolution = {
  weights: Float64Array;
  gradient: Float64Array;
  budgetMultiplier: number;
  free: Int32Array;
  iterations: number;
};

/**
 * Primal active-set method: solve on the free assets, stop at the first bound in the way, free the bound asset whose
 * gradient promises most. Exact up to rounding; work grows with the assets that end up free, not with all of them.
 * `start` is an earlier solution within the same bounds. Gives nothing when it finds no optimum;
 * raises `infeasible`.
 */
export function solveBoundedQp(problem: BoundedQp, start?: BoundedQpSolution): BoundedQpSolution | undefined {
  checkFeasible(problem);
  const { matrix, size } = problem;
  // A matrix may be singular (a flat asset, duplicates, more assets than sessions); one that is all but singular gets a
  // ridge far below the tolerance of the answer.
  return (
    new ActiveSet(problem, new FreeSetFactor(matrix, size), start).run() ??
    new ActiveSet(problem, new FreeSetFactor(matrix, size, 0, budgetShift(matrix, size)), start).run() ??
    new ActiveSet(problem, new FreeSetFactor(matrix, size, 1e-10), start).run()
  );
}

/** Raises `infeasible` when no weights between the bounds have the budget as their sum. */
export function checkFeasible({ lower, upper, budget, size }: Omit<BoundedQp, 'matrix' | 'linear'>): void {
  let least = 0;
  let most = 0;
  for (let i = 0; i < size; i += 1) {
    if (lower[i]! > upper[i]!)
      throw new AllocationError(
        'infeasible',
        `Asset ${i} has a lower bound ${lower[i]} above its upper bound ${upper[i]}.`,
      );
    least += lower[i]!;
    most += upper[i]!;
  }
  if (least > budget + 1e-12 || most < budget - 1e-12)
    throw new AllocationError(
      'infeasible',
      `The bounds let the weights sum to ${least} at least and ${most} at most, expected room for ${budget}.`,
    );
}

/** Relative to the budget's multiplier and the linear term; far above rounding, far below the promised 1e-8. */
const optimalityTolerance = 1e-11;

/** Steps that take out what a ridge left of the gradient. */
const refinementsMax = 20;

/** How far weights can go along a direction, and the position of the asset whose bound stops them; -1 for none. */
export function firstBound(
  { lower, upper }: Pick<BoundedQp, 'lower' | 'upper'>,
  weights: Float64Array,
  assets: Int32Array,
  direction: Float64Array,
  lengthMax = Number.POSITIVE_INFINITY,
): { length: number; blocking: number } {
  let length = lengthMax;
  let blocking = -1;
  for (let k = 0; k < direction.length; k += 1) {
    const i = assets[k]!;
    const along = direction[k]!;
    const room = along < 0 ? lower[i]! - weights[i]! : upper[i]! - weights[i]!;
    if (along !== 0 && room / along < length) {
      length = Math.max(0, room / along);
      blocking = k;
    }
  }
  return { length, blocking };
}

class ActiveSet {
  readonly #problem: BoundedQp;
  readonly #factor: FreeSetFactor;
  readonly #weights: Float64Array;
  readonly #gradient: Float64Array;
  readonly #place: Int8Array;
  readonly #step: Float64Array;
  readonly #ones: Float64Array;
  readonly #linearScale: number;
  #singular = false;

  constructor(problem: BoundedQp, factor: FreeSetFactor, start?: BoundedQpSolution) {
    const { size, linear } = problem;
    this.#problem = problem;
    this.#factor = factor;
    this.#linearScale = linear.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    this.#place = new Int8Array(size);
    this.#step = new Float64Array(size);
    this.#ones = new Float64Array(size);
    this.#weights = start ? start.weights.slice() : new Float64Array(size);
    this.#gradient = new Float64Array(size);
    const free = start ? start.free : Int32Array.of(this.#fillGreedily());
    for (let i = 0; i < size; i += 1) {
      this.#place[i] = this.#weights[i]! >= problem.upper[i]! ? upperPlace : lowerPlace;
      this.#gradient[i] = -linear[i]!;
    }
    for (let i = 0; i < size; i += 1) if (this.#weights[i] !== 0) this.#addToGradient(i, this.#weights[i]!);
    for (const asset of free) if (!this.#release(asset)) this.#singular = true;
  }

  /** Lower bounds, then the budget poured into the best single assets; returns the last one filled. */
  #fillGreedily(): number {
    const { size, matrix, linear, lower, upper, budget } = this.#problem;
    let rest = budget;
    for (let i = 0; i < size; i += 1) {
      this.#weights[i] = lower[i]!;
      rest -= lower[i]!;
    }
    const cost = (i: number): number => matrix[i * size + i]! / 2 - linear[i]!;
    const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => cost(a) - cost(b) || a - b);
    let last = order[0]!;
    for (const i of order) {
      if (upper[i]! <= lower[i]! && rest > 0) continue;
      last = i;
      const part = Math.min(rest, upper[i]! - lower[i]!);
      this.#weights[i] = part < rest ? upper[i]! : lower[i]! + rest;
      rest -= part;
      if (rest <= 0) break;
    }
    return last;
  }

  /** The optimum, or nothing when the matrix proved singular or the iterations ran out. */
  run(): BoundedQpSolution | undefined {
    const iterationsMax = 50 * this.#problem.size + 200;
    let refinements = 0;
    for (let iteration = 1; iteration <= iterationsMax && !this.#singular; iteration += 1) {
      const multiplier = this.#findStep();
      const blocking = this.#move();
      if (blocking >= 0) {
        this.#factor.removeAt(blocking);
        continue;
      }
      const entering = this.#mostPromising(multiplier);
      // A ridge leaves a little of the gradient; another step takes out most of the rest.
      if (entering < 0 && refinements < refinementsMax && this.#uneven(multiplier)) {
        refinements += 1;
        continue;
      }
      if (entering < 0) return this.#solution(multiplier, iteration);
      if (!this.#release(entering) && !this.#exchange(entering)) return undefined;
    }
    return undefined;
  }

  #release(asset: number): boolean {
    if (!this.#factor.add(asset)) return false;
    this.#place[asset] = freePlace;
    return true;
  }

  /** The step to the optimum over the free assets at a constant sum; returns the budget's multiplier there. */
  #findStep(): number {
    const { assets, count } = this.#factor;
    const step = this.#step;
    const ones = this.#ones;
    for (let k = 0; k < count; k += 1) {
      step[k] = this.#gradient[assets[k]!]!;
      ones[k] = 1;
    }
    this.#factor.solve(step);
    this.#factor.solve(ones);
    let stepSum = 0;
    let onesSum = 0;
    for (let k = 0; k < count; k += 1) {
      stepSum += step[k]!;
      onesSum += ones[k]!;
    }
    const multiplier = stepSum / onesSum;
    for (let k = 0; k < count; k += 1) step[k] = multiplier * ones[k]! - step[k]!;
    return multiplier;
  }

  /** Goes along the step up to the first bound; returns the position of the asset that met it, or -1. */
  #move(): number {
    const { assets, count } = this.#factor;
    const step = this.#step.subarray(0, count);
    const { length, blocking } =
      count > 1 ? firstBound(this.#problem, this.#weights, assets, step, 1) : { length: 1, blocking: -1 };
    for (let k = 0; k < count; k += 1) this.#change(assets[k]!, length * step[k]!);
    if (blocking >= 0) this.#pin(assets[blocking]!, step[blocking]! < 0 ? lowerPlace : upperPlace);
    return blocking;
  }

  #addToGradient(asset: number, change: number): void {
    if (change === 0) return;
    const { matrix, size } = this.#problem;
    const gradient = this.#gradient;
    const row = asset * size;
    for (let j = 0; j < size; j += 1) gradient[j]! += change * matrix[row + j]!;
  }

  /**
   * Takes in an asset that is a combination of the free ones: the objective falls in a straight line as it replaces them,
   * until the first of them meets a bound and leaves, or it meets its own other bound.
   */
  #exchange(asset: number): boolean {
    if (!this.#factor.isShifted) return false;
    const { lower, upper } = this.#problem;
    const { assets } = this.#factor;
    const sign = -this.#place[asset]!;
    const direction = this.#factor.exchange(asset).map((along) => sign * along);
    const { length, blocking } = firstBound(this.#problem, this.#weights, assets, direction);
    const own = Math.min(length, upper[asset]! - lower[asset]!);
    for (let k = 0; k < direction.length; k += 1) this.#change(assets[k]!, own * direction[k]!);
    this.#change(asset, own * sign);
    if (own < length || blocking < 0) {
      this.#pin(asset, -this.#place[asset]!);
      return true;
    }
    const leaving = assets[blocking]!;
    this.#factor.removeAt(blocking);
    this.#pin(leaving, direction[blocking]! < 0 ? lowerPlace : upperPlace);
    return this.#release(asset);
  }

  #pin(asset: number, place: number): void {
    this.#place[asset] = place;
    this.#weights[asset] = (place === lowerPlace ? this.#problem.lower : this.#problem.upper)[asset]!;
  }

  #change(asset: number, change: number): void {
    this.#weights[asset]! += change;
    this.#addToGradient(asset, change);
  }

  /** The bound asset whose multiplier has the wrong sign by most, or -1 at the optimum. */
  #mostPromising(multiplier: number): number {
    const { size, lower, upper } = this.#problem;
    let worst = optimalityTolerance * Math.max(Math.abs(multiplier), this.#linearScale);
    let entering = -1;
    for (let j = 0; j < size; j += 1) {
      const place = this.#place[j]!;
      if (place === freePlace || lower[j] === upper[j]) continue;
      const violation = place * (this.#gradient[j]! - multiplier);
      if (violation > worst) {
        worst = violation;
        entering = j;
      }
    }
    return entering;
  }

  /** Whether the gradient differs among the free assets by more than rounding. */
  #uneven(multiplier: number): boolean {
    const { assets, count } = this.#factor;
    const tolerance = optimalityTolerance * Math.max(Math.abs(multiplier), this.#linearScale);
    for (let k = 0; k < count; k += 1)
      if (Math.abs(this.#gradient[assets[k]!]! - multiplier) > tolerance) return true;
    return false;
  }

  /** Rounding collects in the sum, step by step; the largest free weight takes it back. */
  #removeDrift(): void {
    const { assets, count } = this.#factor;
    let largest = assets[0]!;
    for (let k = 1; k < count; k += 1)
      if (this.#weights[assets[k]!]! > this.#weights[largest]!) largest = assets[k]!;
    const sum = this.#weights.reduce((total, weight) => total + weight, 0);
    this.#weights[largest]! += this.#problem.budget - sum;
  }

  #solution(budgetMultiplier: number, iterations: number): BoundedQpSolution {
    this.#removeDrift();
    const free = this.#factor.assets.slice(0, this.#factor.count);
    return { weights: this.#weights, gradient: this.#gradient, budgetMultiplier, free, iterations };
  }
}
