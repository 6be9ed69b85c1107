import type { Covariance } from '../risk/covariance.ts';
import { freePlace, lowerPlace, upperPlace } from './bound-place.ts';
import { firstBound } from './bounded-qp.ts';
import { greatestMean } from './critical-line-start.ts';
import { budgetShift, FreeSetFactor } from './free-set-factor.ts';
import type { TurningPoint } from './frontier.ts';

/** A share of the largest variance that is rounding, not risk. */
const risklessRatio = 1e-15;

/** The most a weight or (relative) gradient may be off at an exact refresh. */
const strayMax = 1e-8;
/** Relative to its terms, a change of gradient that is none: of a duplicate, say. */
const slopeRounding = 1e-14;
/** A share of the risk; below it the rest is computed afresh. */
const riskLeftMin = 1e-2;
/** Steps between exact refreshes. */
const refreshSteps = 32;

/** Something that happens first as risk tolerance falls: a free asset meets a bound, or a bound asset comes free. */
type Event = { lambda: number; asset: number; position: number };

/**
 * The walk along the critical line: from the greatest mean down, one turning point after the other, each where a free
 * asset meets a bound or a bound asset comes free.
 */
export class Walk {
  readonly #size: number;
  readonly #matrix: Float64Array;
  readonly #mean: Float64Array;
  readonly #lower: Float64Array;
  readonly #upper: Float64Array;
  readonly #factor: FreeSetFactor;
  readonly #place: Int8Array;
  readonly #weights: Float64Array;
  /** C w, and the change of it and of the weights per unit of lambda. */
  readonly #risk: Float64Array;
  readonly #riskSlope: Float64Array;
  readonly #slope: Float64Array;
  readonly #ones: Float64Array;
  /**
   * The mean of one free asset, from which the others are told: only differences matter, and those of means that tie
   * but for rounding would drown in the means themselves times a huge lambda.
   */
  #meanLevel = 0;
  /** The largest entry of C w when it was last computed afresh. */
  #riskComputed = 0;
  #points: TurningPoint[] = [];

  constructor(covariance: Covariance, mean: Float64Array, lower: Float64Array, upper: Float64Array) {
    const { size, values } = covariance;
    this.#size = size;
    this.#matrix = values;
    this.#mean = mean;
    this.#lower = lower;
    this.#upper = upper;
    this.#factor = new FreeSetFactor(values, size, 0, budgetShift(values, size));
    this.#place = new Int8Array(size).fill(lowerPlace);
    this.#weights = lower.slice();
    this.#risk = new Float64Array(size);
    this.#riskSlope = new Float64Array(size);
    this.#slope = new Float64Array(size);
    this.#ones = new Float64Array(size);
  }

  /** The turning points, or nothing when the matrix proved singular or the steps ran out. */
  run(): TurningPoint[] | undefined {
    if (!this.#start()) return undefined;
    const stepsMax = 40 * this.#size + 100;
    let lambda = Number.POSITIVE_INFINITY;
    for (let step = 0; step < stepsMax; step += 1) {
      const slopeShift = this.#findSlopes();
      const event = this.#nextEvent(lambda, slopeShift);
      const next = event ? event.lambda : 0;
      if (Number.isFinite(lambda)) this.#advance(next - lambda);
      lambda = next;
      if (step % refreshSteps === refreshSteps - 1 || !event || this.#hasLostRisk()) {
        // A second and third time where the matrix is nearly singular and one correction leaves a rest.
        for (let pass = 0; pass < 3 && (pass === 0 || !this.#isOptimal(lambda)); pass += 1)
          this.#refresh(lambda);
        if (!this.#isOptimal(lambda)) return this.#ended();
      }
      this.#record(lambda);
      if (!event) return this.#points;
      if (!this.#apply(event, lambda)) return this.#ended();
    }
    return undefined;
  }

  #start(): boolean {
    const start = greatestMean(this.#matrix, this.#mean, this.#lower, this.#upper);
    if (!start) return false;
    this.#weights.set(start.weights);
    this.#place.set(start.place);
    this.#computeRisk();
    return start.free.every((asset) => this.#release(asset));
  }

  #pin(asset: number, place: number): void {
    this.#place[asset] = place;
    this.#weights[asset] = place === lowerPlace ? this.#lower[asset]! : this.#upper[asset]!;
  }

  #release(asset: number): boolean {
    if (!this.#factor.add(asset)) return false;
    this.#place[asset] = freePlace;
    return true;
  }

  /** Whether so much of the risk is gone since it was last computed that the rest has lost digits. */
  #hasLostRisk(): boolean {
    return Math.abs(this.#risk[this.#factor.assets[0]!]!) < riskLeftMin * this.#riskComputed;
  }

  #meanBeyond(asset: number): number {
    return this.#mean[asset]! - this.#meanLevel;
  }

  #computeRisk(): void {
    this.#risk.fill(0);
    for (let i = 0; i < this.#size; i += 1)
      addRow(this.#matrix, this.#size, i, this.#weights[i]!, this.#risk);
    this.#riskComputed = 0;
    for (const risk of this.#risk) this.#riskComputed = Math.max(this.#riskComputed, Math.abs(risk));
  }

  /** Weights and C w per unit of lambda on the free set; returns the budget multiplier's own slope. */
  #findSlopes(): number {
    const { assets, count } = this.#factor;
    const slope = this.#slope;
    const ones = this.#ones;
    this.#meanLevel = this.#mean[assets[0]!]!;
    for (let k = 0; k < count; k += 1) {
      slope[k] = this.#meanBeyond(assets[k]!);
      ones[k] = 1;
    }
    this.#factor.solve(slope);
    this.#factor.solve(ones);
    let slopeSum = 0;
    let onesSum = 0;
    for (let k = 0; k < count; k += 1) {
      slopeSum += slope[k]!;
      onesSum += ones[k]!;
    }
    const shift = slopeSum / onesSum;
    this.#riskSlope.fill(0);
    for (let k = 0; k < count; k += 1) {
      slope[k] = count === 1 ? 0 : slope[k]! - shift * ones[k]!;
      addRow(this.#matrix, this.#size, assets[k]!, slope[k]!, this.#riskSlope);
    }
    return -shift;
  }

  /** The first event below `lambda`, or nothing when lambda can fall to 0. */
  #nextEvent(lambda: number, slopeShift: number): Event | undefined {
    const { assets, count } = this.#factor;
    let best: Event = { lambda: 0, asset: -1, position: -1 };
    if (Number.isFinite(lambda)) {
      for (let k = 0; k < count; k += 1) {
        const slope = this.#slope[k]!;
        if (slope === 0) continue;
        const i = assets[k]!;
        const bound = slope > 0 ? this.#lower[i]! : this.#upper[i]!;
        const at = Math.min(lambda, lambda + (bound - this.#weights[i]!) / slope);
        if (at > best.lambda) best = { lambda: at, asset: i, position: k };
      }
    }
    const free = assets[0]!;
    const tolerance = Number.isFinite(lambda) ? lambda : 0;
    const level = this.#risk[free]!;
    for (let j = 0; j < this.#size; j += 1) {
      const place = this.#place[j]!;
      if (place === freePlace || this.#lower[j] === this.#upper[j]) continue;
      // The gradient beyond the budget's multiplier, which must not change sign, is linear in lambda. Where it is 0 is
      // told without lambda times a mean: near a tie lambda is huge, and the difference would be rounding.
      const mean = this.#meanBeyond(j);
      const riskSlope = this.#riskSlope[j]! - slopeShift;
      const slope = riskSlope - mean;
      const terms = Math.abs(this.#riskSlope[j]!) + Math.abs(mean) + Math.abs(slopeShift);
      if (slope * place >= -slopeRounding * terms) continue;
      const at = Math.min(lambda, (tolerance * riskSlope - (this.#risk[j]! - level)) / slope);
      if (at > best.lambda) best = { lambda: at, asset: j, position: -1 };
    }
    return best.asset < 0 ? undefined : best;
  }

  #advance(change: number): void {
    const { assets, count } = this.#factor;
    for (let k = 0; k < count; k += 1) this.#weights[assets[k]!]! += change * this.#slope[k]!;
    for (let j = 0; j < this.#size; j += 1) this.#risk[j]! += change * this.#riskSlope[j]!;
  }

  #apply(event: Event, lambda: number): boolean {
    if (event.position < 0) return this.#release(event.asset) || this.#exchange(event.asset, lambda);
    this.#factor.removeAt(event.position);
    this.#pin(event.asset, this.#slope[event.position]! > 0 ? lowerPlace : upperPlace);
    return true;
  }

  /**
   * Takes in an asset that is a combination of the free ones: it replaces them without a change of risk, at this lambda,
   * until the first of them meets a bound and leaves, or it meets its own other bound.
   */
  #exchange(asset: number, lambda: number): boolean {
    const sign = -this.#place[asset]!;
    const { assets } = this.#factor;
    const direction = this.#factor.exchange(asset).map((along) => sign * along);
    const bounds = { lower: this.#lower, upper: this.#upper };
    const { length, blocking } = firstBound(bounds, this.#weights, assets, direction);
    const own = Math.min(length, this.#upper[asset]! - this.#lower[asset]!);
    for (let k = 0; k < direction.length; k += 1) this.#weights[assets[k]!]! += own * direction[k]!;
    this.#weights[asset]! += own * sign;
    if (own < length || blocking < 0) this.#pin(asset, -this.#place[asset]!);
    else {
      const leaving = assets[blocking]!;
      this.#factor.removeAt(blocking);
      this.#pin(leaving, direction[blocking]! < 0 ? lowerPlace : upperPlace);
      if (!this.#release(asset)) return false;
    }
    this.#computeRisk();
    this.#record(lambda);
    return true;
  }

  /** Takes out the rounding that steps collect: one exact step to the optimum of the free set at this lambda. */
  #refresh(lambda: number): void {
    this.#computeRisk();
    const { assets, count } = this.#factor;
    const correction = new Float64Array(count);
    for (let k = 0; k < count; k += 1)
      correction[k] = this.#risk[assets[k]!]! - lambda * this.#meanBeyond(assets[k]!);
    this.#factor.solve(correction);
    let correctionSum = 0;
    let onesSum = 0;
    for (let k = 0; k < count; k += 1) {
      correctionSum += correction[k]!;
      onesSum += this.#ones[k]!;
    }
    const sum = this.#weights.reduce((total, weight) => total + weight, 0);
    const level = (correctionSum + 1 - sum) / onesSum;
    for (let k = 0; k < count; k += 1) this.#weights[assets[k]!]! += level * this.#ones[k]! - correction[k]!;
    this.#computeRisk();
  }

  /** The turning points so far, if they have come down to a riskless portfolio, below which there is only rounding. */
  #ended(): TurningPoint[] | undefined {
    let largest = 0;
    for (let i = 0; i < this.#size; i += 1) largest = Math.max(largest, this.#matrix[i * this.#size + i]!);
    const last = this.#points.at(-1);
    return last && last.variance <= risklessRatio * largest ? this.#points : undefined;
  }

  /** Whether weights are in bounds and no gradient has the wrong sign: a nearly singular matrix may lead astray. */
  #isOptimal(lambda: number): boolean {
    const free = this.#factor.assets[0]!;
    const level = this.#risk[free]!;
    // Near a riskless portfolio the terms all but cancel; a thousandth of a variance is what they are seen beside.
    let scale = 0;
    for (let j = 0; j < this.#size; j += 1) scale += (1e-3 * this.#matrix[j * this.#size + j]!) / this.#size;
    for (let j = 0; j < this.#size; j += 1)
      scale = Math.max(scale, Math.abs(this.#risk[j]!), Math.abs(lambda * this.#meanBeyond(j)));
    for (let j = 0; j < this.#size; j += 1) {
      const weight = this.#weights[j]!;
      if (weight < this.#lower[j]! - strayMax || weight > this.#upper[j]! + strayMax) return false;
      if (this.#lower[j] === this.#upper[j]) continue;
      const beyond = this.#risk[j]! - lambda * this.#meanBeyond(j) - level;
      const wrong = this.#place[j] === freePlace ? Math.abs(beyond) : this.#place[j]! * beyond;
      if (wrong > strayMax * scale) return false;
    }
    return true;
  }

  #record(lambda: number): void {
    const before = this.#points.at(-1);
    const weights = this.#weights.slice();
    removeDrift(weights);
    let mean = 0;
    let variance = 0;
    let crossVariance = 0;
    let moved = before === undefined;
    for (let i = 0; i < this.#size; i += 1) {
      mean += weights[i]! * this.#mean[i]!;
      variance += weights[i]! * this.#risk[i]!;
      if (before) {
        crossVariance += before.weights[i]! * this.#risk[i]!;
        moved ||= Math.abs(weights[i]! - before.weights[i]!) > 1e-13;
      }
    }
    // Two events at once leave the corner where it is; so does the end, when nothing is free to move.
    if (moved || lambda < before!.lambda)
      this.#points.push({ lambda, weights, mean, variance, crossVariance });
  }
}

function addRow(matrix: Float64Array, size: number, row: number, factor: number, out: Float64Array): void {
  if (factor === 0) return;
  const start = row * size;
  for (let j = 0; j < size; j += 1) out[j]! += factor * matrix[start + j]!;
}

/** Rounding in the sum goes to the largest weight. */
function removeDrift(weights: Float64Array): void {
  let largest = 0;
  let sum = 0;
  for (let i = 0; i < weights.length; i += 1) {
    sum += weights[i]!;
    if (weights[i]! > weights[largest]!) largest = i;
  }
  weights[largest]! += 1 - sum;
}
