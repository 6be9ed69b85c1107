import { choleskyInPlace, choleskySolve } from '../numeric/cholesky.ts';
import { addRow, isFixed, type Kink, type RowLimit, rowProduct } from './interior-limits.ts';
import type { Direction, InteriorState } from './interior-state.ts';

/** The predictor's second-order term, and how much of it to take. */
export type Correction = { predictor: Direction; weight: number };

/** Keeps a singular matrix factorable; it slows the last steps a little and does not move where they end. */
const ridge = 1e-12;

/** A vector over weights and the kink variables t and u. */
type Vector = { weights: Float64Array; trade: Float64Array; gross: Float64Array };

/**
 * The linear system of one interior-point iteration. The kink variables of an asset meet only its own weight, so they
 * are eliminated by hand; what stays is P plus a diagonal, and a small Schur complement for the rows.
 */
export class NewtonSystem {
  readonly factored: boolean;
  readonly #state: InteriorState;
  readonly #factor: Float64Array;
  /** Second derivatives: of t and u alone, and of each with w. */
  readonly #trade: Float64Array;
  readonly #tradeCross: Float64Array;
  readonly #gross: Float64Array;
  readonly #grossCross: Float64Array;
  /** K^-1 row' for each row, and the factor of the rows' Schur complement. */
  readonly #columns: Vector[];
  readonly #schur: Float64Array;

  constructor(state: InteriorState) {
    const { problem, scale } = state;
    const { size, matrix } = problem;
    this.#state = state;
    this.#trade = new Float64Array(size);
    this.#tradeCross = new Float64Array(size);
    this.#gross = new Float64Array(size);
    this.#grossCross = new Float64Array(size);
    this.#factor = new Float64Array(size * size);
    for (let i = 0; i < size; i += 1) {
      for (let k = i * size; k <= i * size + i; k += 1) this.#factor[k] = scale * matrix[k]!;
    }
    const diagonal = this.#diagonal();
    for (let i = 0; i < size; i += 1) this.#factor[i * size + i]! += diagonal[i]! + ridge;
    this.#columns = [];
    this.#schur = new Float64Array(state.rows.length ** 2);
    this.factored = choleskyInPlace(this.#factor, size) && this.#factorRows();
  }

  /** What bounds and kinks add to the diagonal of P; infinite for a fixed weight. */
  #diagonal(): Float64Array {
    const { problem, sides, trade, scale } = this.#state;
    const out = new Float64Array(problem.size);
    for (const kink of ['none', 'trade', 'gross'] as const) {
      const [above, below] = sides.filter((side) => side.kink === kink);
      if (!above || !below) continue;
      for (let i = 0; i < problem.size; i += 1) {
        const high = above.present[i] ? above.dual[i]! / above.slack[i]! : 0;
        const low = below.present[i] ? below.dual[i]! / below.slack[i]! : 0;
        if (kink === 'none') {
          out[i]! += high + low;
          continue;
        }
        const impact = kink === 'trade' ? problem.impact[i]! : 0;
        const curvature = impact > 0 ? (0.75 * scale * impact) / Math.sqrt(trade![i]!) : 0;
        const own = high + low + curvature;
        (kink === 'trade' ? this.#trade : this.#gross)[i] = own;
        (kink === 'trade' ? this.#tradeCross : this.#grossCross)[i] = low - high;
        // (high + low) - (low - high)^2 / own, without the cancellation
        out[i]! += (4 * high * low + (high + low) * curvature) / own;
      }
    }
    for (let i = 0; i < problem.size; i += 1) if (isFixed(problem, i)) out[i] = Number.POSITIVE_INFINITY;
    return out;
  }

  #factorRows(): boolean {
    const { rows } = this.#state;
    const count = rows.length;
    for (let r = 0; r < count; r += 1) {
      const column = this.#zero();
      addRow(rows[r]!, 1, column.weights, part(column, rows[r]!.kink));
      this.#solve(column);
      this.#columns.push(column);
      for (let c = 0; c <= r; c += 1) this.#schur[r * count + c] = product(rows[c]!, column);
      const { equality, slack, dual } = rows[r]!;
      // A trace of the diagonal keeps repeated equalities (a group of all assets) solvable.
      this.#schur[r * count + r]! += equality ? 1e-14 * this.#schur[r * count + r]! : slack / dual;
    }
    return choleskyInPlace(this.#schur, count, 1e-15);
  }

  #zero(): Vector {
    const { size } = this.#state.problem;
    return { weights: new Float64Array(size), trade: new Float64Array(size), gross: new Float64Array(size) };
  }

  /** Solves K x = vector in place, K being the matrix without its rows. */
  #solve(vector: Vector): void {
    const { trade, gross, problem } = this.#state;
    const { weights } = vector;
    for (let i = 0; i < problem.size; i += 1) {
      if (trade) weights[i]! -= (this.#tradeCross[i]! / this.#trade[i]!) * vector.trade[i]!;
      if (gross) weights[i]! -= (this.#grossCross[i]! / this.#gross[i]!) * vector.gross[i]!;
    }
    choleskySolve(this.#factor, problem.size, weights);
    for (let i = 0; i < problem.size; i += 1) {
      if (trade) vector.trade[i] = (vector.trade[i]! - this.#tradeCross[i]! * weights[i]!) / this.#trade[i]!;
      if (gross) vector.gross[i] = (vector.gross[i]! - this.#grossCross[i]! * weights[i]!) / this.#gross[i]!;
    }
  }

  /**
   * The Newton step towards slack x dual = target, with a correction for the curvature when there is one.
   */
  direction(target: number, correction?: Correction): Direction {
    const { state, right, sideGaps } = this.#rightHandSide(target, correction);
    const rowGaps = state.rows.map((row, r) => {
      const step = correction?.predictor.rows[r];
      return row.equality
        ? 0
        : gap(row.slack, row.dual, target) + curvature(correction, step?.slack, step?.dual);
    });
    this.#solve(right);
    const count = state.rows.length;
    const duals = new Float64Array(count);
    state.rows.forEach((row, r) => {
      duals[r] = product(row, right) + row.residual - (row.equality ? 0 : rowGaps[r]! / row.dual);
    });
    choleskySolve(this.#schur, count, duals);
    state.rows.forEach((_, r) => {
      subtract(right, duals[r]!, this.#columns[r]!);
    });
    const sides = state.sides.map((side, k) => {
      const slack = new Float64Array(state.problem.size);
      const dual = new Float64Array(state.problem.size);
      const kink = part(right, side.kink);
      for (let i = 0; i < slack.length; i += 1) {
        if (!side.present[i]) continue;
        slack[i] = -side.residual[i]! - (side.sign * right.weights[i]! - (kink ? kink[i]! : 0));
        dual[i] = -(sideGaps[k]![i]! + side.dual[i]! * slack[i]!) / side.slack[i]!;
      }
      return { slack, dual };
    });
    const rows = state.rows.map((row, r) => ({
      slack: row.equality ? 0 : -row.residual - product(row, right),
      dual: duals[r]!,
    }));
    return { ...right, sides, rows };
  }

  #rightHandSide(target: number, correction?: Correction) {
    const state = this.#state;
    const { size } = state.problem;
    const right: Vector = {
      weights: state.residualWeights.map((value) => -value),
      trade: state.residualTrade.map((value) => -value),
      gross: state.residualGross.map((value) => -value),
    };
    const sideGaps = state.sides.map((side, k) => {
      const gaps = new Float64Array(size);
      const step = correction?.predictor.sides[k];
      const kink = part(right, side.kink);
      for (let i = 0; i < size; i += 1) {
        if (!side.present[i]) continue;
        gaps[i] =
          gap(side.slack[i]!, side.dual[i]!, target) + curvature(correction, step?.slack[i], step?.dual[i]);
        const push = (side.dual[i]! * side.residual[i]! - gaps[i]!) / side.slack[i]!;
        right.weights[i]! -= side.sign * push;
        if (kink) kink[i]! += push;
      }
      return gaps;
    });
    for (let i = 0; i < size; i += 1) if (isFixed(state.problem, i)) right.weights[i] = 0;
    return { state, right, sideGaps };
  }
}

/** slack x dual minus where it should go. */
function gap(slack: number, dual: number, target: number): number {
  return slack * dual - target;
}

/** What a step of slack and dual together adds to their product. */
function curvature(correction: Correction | undefined, slackStep = 0, dualStep = 0): number {
  return correction ? correction.weight * slackStep * dualStep : 0;
}

function part(vector: Vector, kink: Kink): Float64Array | undefined {
  return kink === 'trade' ? vector.trade : kink === 'gross' ? vector.gross : undefined;
}

function product(row: RowLimit, vector: Vector): number {
  return rowProduct(row, vector.weights, part(vector, row.kink));
}

function subtract(vector: Vector, factor: number, other: Vector): void {
  for (const key of ['weights', 'trade', 'gross'] as const) {
    for (let i = 0; i < vector.weights.length; i += 1) vector[key][i]! -= factor * other[key][i]!;
  }
}
