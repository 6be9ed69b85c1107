import {
  type ConstrainedQp,
  hasGross,
  hasTrading,
  type Multipliers,
  quadraticGradient,
} from './constrained-qp.ts';
import {
  addRow,
  isFixed,
  type Kink,
  type RowLimit,
  type RowPlace,
  rowLimits,
  rowProduct,
  type SideLimit,
  sideLimits,
} from './interior-limits.ts';

export type InteriorSolution = { weights: Float64Array; multipliers: Multipliers; iterations: number };

/** A step of everything the interior-point method moves. */
export type Direction = {
  weights: Float64Array;
  trade: Float64Array;
  gross: Float64Array;
  sides: { slack: Float64Array; dual: Float64Array }[];
  rows: { slack: number; dual: number }[];
};

/** Weights, kink variables, slacks and duals of the interior-point method, with their residuals. */
export class InteriorState {
  readonly problem: ConstrainedQp;
  /** The objective is multiplied by this, so that its gradient is of the size of a weight's bound. */
  readonly scale: number;
  readonly sides: SideLimit[];
  readonly rows: RowLimit[];
  readonly weights: Float64Array;
  readonly trade: Float64Array | undefined;
  readonly gross: Float64Array | undefined;
  /** What is left of the objective's gradient, per variable. */
  readonly residualWeights: Float64Array;
  readonly residualTrade: Float64Array;
  readonly residualGross: Float64Array;
  readonly #place: RowPlace;
  readonly #pairs: number;

  constructor(problem: ConstrainedQp, scale: number) {
    const { size, lower, upper, current, budget } = problem;
    this.problem = problem;
    this.scale = scale;
    this.sides = sideLimits(problem);
    const { rows, place } = rowLimits(problem);
    this.rows = rows;
    this.#place = place;
    this.weights = Float64Array.from({ length: size }, (_, i) => {
      if (isFixed(problem, i)) return upper[i]!;
      const margin = 0.1 * Math.min(1, upper[i]! - lower[i]!);
      return Math.min(upper[i]! - margin, Math.max(lower[i]! + margin, budget / size));
    });
    this.trade = hasTrading(problem)
      ? this.weights.map((w, i) => Math.abs(w - current[i]!) + 0.05)
      : undefined;
    this.gross = hasGross(problem) ? this.weights.map((w) => Math.abs(w) + 0.05) : undefined;
    this.residualWeights = new Float64Array(size);
    this.residualTrade = new Float64Array(size);
    this.residualGross = new Float64Array(size);
    this.#pairs = this.#startSlacks();
  }

  /** Slacks as the start leaves them, or a small positive number; returns how many there are. */
  #startSlacks(): number {
    let pairs = 0;
    for (const side of this.sides) {
      for (let i = 0; i < this.problem.size; i += 1) {
        if (!side.present[i]) continue;
        side.slack[i] = Math.max(0.02, side.bound[i]! - this.#sideValue(side, i));
        side.dual[i] = 0.1;
        pairs += 1;
      }
    }
    for (const row of this.rows) {
      if (row.equality) continue;
      row.slack = Math.max(0.02, row.bound - this.rowValue(row));
      row.dual = 0.1;
      pairs += 1;
    }
    return pairs;
  }

  kinkOf(kink: Kink): Float64Array | undefined {
    return kink === 'trade' ? this.trade : kink === 'gross' ? this.gross : undefined;
  }

  #sideValue(side: SideLimit, asset: number): number {
    return side.sign * this.weights[asset]! - (this.kinkOf(side.kink)?.[asset] ?? 0);
  }

  rowValue(row: RowLimit): number {
    return rowProduct(row, this.weights, this.kinkOf(row.kink));
  }

  computeResiduals(): void {
    const { problem, scale, trade } = this;
    const gradient = quadraticGradient(problem, this.weights);
    for (let i = 0; i < problem.size; i += 1) {
      this.residualWeights[i] = scale * gradient[i]!;
      this.residualGross[i] = 0;
      this.residualTrade[i] = trade
        ? scale * (problem.proportional[i]! + 1.5 * problem.impact[i]! * Math.sqrt(trade[i]!))
        : 0;
    }
    for (const side of this.sides) {
      const kink = this.#residualOf(side.kink);
      for (let i = 0; i < problem.size; i += 1) {
        if (!side.present[i]) continue;
        side.residual[i] = this.#sideValue(side, i) + side.slack[i]! - side.bound[i]!;
        this.residualWeights[i]! += side.sign * side.dual[i]!;
        if (kink) kink[i]! -= side.dual[i]!;
      }
    }
    for (const row of this.rows) {
      row.residual = this.rowValue(row) + row.slack - row.bound;
      addRow(row, row.dual, this.residualWeights, this.#residualOf(row.kink));
    }
    // A fixed weight answers to no gradient.
    for (let i = 0; i < problem.size; i += 1) if (isFixed(problem, i)) this.residualWeights[i] = 0;
  }

  #residualOf(kink: Kink): Float64Array | undefined {
    return kink === 'trade' ? this.residualTrade : kink === 'gross' ? this.residualGross : undefined;
  }

  /** The largest violated limit. */
  primalError(): number {
    let worst = 0;
    for (const side of this.sides)
      for (const value of side.residual) worst = Math.max(worst, Math.abs(value));
    for (const row of this.rows) worst = Math.max(worst, Math.abs(row.residual));
    return worst;
  }

  /** The largest residual or product of a slack and its dual; NaN if anything is. */
  error(): number {
    let worst = this.primalError();
    for (const residual of [this.residualWeights, this.residualTrade, this.residualGross]) {
      for (const value of residual) worst = Math.max(worst, Math.abs(value));
    }
    this.#eachPair((slack, dual) => {
      worst = Math.max(worst, slack * dual);
    });
    return worst;
  }

  /** Mean product of slack and dual. */
  complementarity(): number {
    let sum = 0;
    this.#eachPair((slack, dual) => {
      sum += slack * dual;
    });
    return sum / Math.max(1, this.#pairs);
  }

  complementarityAfter(direction: Direction, length: number): number {
    let sum = 0;
    this.#eachPair((slack, dual, slackStep, dualStep) => {
      sum += (slack + length * slackStep) * (dual + length * dualStep);
    }, direction);
    return sum / Math.max(1, this.#pairs);
  }

  /** The longest step up to 1 that keeps slacks and duals from becoming negative. */
  stepLength(direction: Direction): number {
    let length = 1;
    this.#eachPair((slack, dual, slackStep, dualStep) => {
      if (slackStep < 0) length = Math.min(length, -slack / slackStep);
      if (dualStep < 0) length = Math.min(length, -dual / dualStep);
    }, direction);
    return length;
  }

  #eachPair(
    visit: (slack: number, dual: number, slackStep: number, dualStep: number) => void,
    direction?: Direction,
  ): void {
    this.sides.forEach((side, k) => {
      const step = direction?.sides[k];
      for (let i = 0; i < this.problem.size; i += 1) {
        if (side.present[i]) visit(side.slack[i]!, side.dual[i]!, step?.slack[i] ?? 0, step?.dual[i] ?? 0);
      }
    });
    this.rows.forEach((row, k) => {
      const step = direction?.rows[k];
      if (!row.equality) visit(row.slack, row.dual, step?.slack ?? 0, step?.dual ?? 0);
    });
  }

  advance(direction: Direction, length: number): void {
    advanceBy(this.weights, direction.weights, length);
    if (this.trade) advanceBy(this.trade, direction.trade, length);
    if (this.gross) advanceBy(this.gross, direction.gross, length);
    this.sides.forEach((side, k) => {
      advanceBy(side.slack, direction.sides[k]!.slack, length);
      advanceBy(side.dual, direction.sides[k]!.dual, length);
    });
    this.rows.forEach((row, k) => {
      row.slack += length * direction.rows[k]!.slack;
      row.dual += length * direction.rows[k]!.dual;
    });
  }

  /** A copy of the weights with multipliers in the objective's own units. */
  solution(iterations: number): InteriorSolution {
    const { rows, scale } = this;
    const unscaled = (values: Float64Array): Float64Array => values.map((value) => value / scale);
    const dual = (row: number | undefined): number => (row === undefined ? 0 : rows[row]!.dual / scale);
    const multipliers: Multipliers = {
      budget: dual(0),
      upper: unscaled(this.sides[0]!.dual),
      lower: unscaled(this.sides[1]!.dual),
      groups: this.#place.groups.map(({ equal, lower, upper }) =>
        equal === undefined
          ? { lower: dual(lower), upper: dual(upper) }
          : { lower: Math.max(0, -dual(equal)), upper: Math.max(0, dual(equal)) },
      ),
      turnover: 2 * dual(this.#place.turnover),
      gross: dual(this.#place.gross),
    };
    return { weights: this.weights.slice(), multipliers, iterations };
  }
}

function advanceBy(values: Float64Array, step: Float64Array, length: number): void {
  for (let i = 0; i < values.length; i += 1) values[i]! += length * step[i]!;
}
