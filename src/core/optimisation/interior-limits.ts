import { type ConstrainedQp, hasGross, hasTrading } from './constrained-qp.ts';

/** The variable a kink adds: t >= |w - current| or u >= |w|. */
export type Kink = 'none' | 'trade' | 'gross';

/** One limit per asset, sign x w - (t or u or nothing) + slack = bound, with its dual >= 0. */
export type SideLimit = {
  sign: 1 | -1;
  kink: Kink;
  bound: Float64Array;
  /** Assets that have it. */
  present: Uint8Array;
  slack: Float64Array;
  dual: Float64Array;
  residual: Float64Array;
};

/** One limit over all assets: coefficients . w, or sum t, or sum u; an equality has no slack. */
export type RowLimit = {
  kink: Kink;
  coefficients: Float64Array | undefined;
  bound: number;
  equality: boolean;
  slack: number;
  dual: number;
  residual: number;
};

/** Bounds closer than this leave nothing to choose. */
const fixedWidth = 1e-12;

export function isFixed(problem: ConstrainedQp, asset: number): boolean {
  return problem.upper[asset]! - problem.lower[asset]! < fixedWidth;
}

/** Upper and lower bounds first, then the pairs of limits that stand for |w - current| and |w|. */
export function sideLimits(problem: ConstrainedQp): SideLimit[] {
  const { size, lower, upper, current } = problem;
  const bounded = Uint8Array.from({ length: size }, (_, i) => (isFixed(problem, i) ? 0 : 1));
  const every = new Uint8Array(size).fill(1);
  const zero = new Float64Array(size);
  const sides = [side(1, 'none', upper, bounded), side(-1, 'none', negated(lower), bounded)];
  if (hasTrading(problem))
    sides.push(side(1, 'trade', current, every), side(-1, 'trade', negated(current), every));
  if (hasGross(problem)) sides.push(side(1, 'gross', zero, every), side(-1, 'gross', zero, every));
  return sides;
}

function side(sign: 1 | -1, kink: Kink, bound: Float64Array, wanted: Uint8Array): SideLimit {
  const size = bound.length;
  return {
    sign,
    kink,
    bound,
    present: wanted.map((flag, i) => (flag && Number.isFinite(bound[i]!) ? 1 : 0)),
    slack: new Float64Array(size),
    dual: new Float64Array(size),
    residual: new Float64Array(size),
  };
}

function negated(values: Float64Array): Float64Array {
  return values.map((value) => -value);
}

/** Budget, groups, turnover and gross exposure; `place` says which row stands for which limit. */
export function rowLimits(problem: ConstrainedQp): { rows: RowLimit[]; place: RowPlace } {
  const rows: RowLimit[] = [row('none', new Float64Array(problem.size).fill(1), problem.budget, true)];
  const add = (limit: RowLimit): number => rows.push(limit) - 1;
  const groups = problem.groups.map(({ members, lower, upper }) => {
    const coefficients = new Float64Array(problem.size);
    for (const i of members) coefficients[i] = 1;
    if (upper - lower < fixedWidth) return { equal: add(row('none', coefficients, upper, true)) };
    return {
      upper: Number.isFinite(upper) ? add(row('none', coefficients, upper, false)) : undefined,
      lower: Number.isFinite(lower) ? add(row('none', negated(coefficients), -lower, false)) : undefined,
    };
  });
  const turnover = Number.isFinite(problem.turnoverMax)
    ? add(row('trade', undefined, 2 * problem.turnoverMax, false))
    : undefined;
  const gross = hasGross(problem) ? add(row('gross', undefined, problem.grossExposureMax, false)) : undefined;
  return { rows, place: { groups, turnover, gross } };
}

export type RowPlace = {
  groups: { equal?: number; upper?: number | undefined; lower?: number | undefined }[];
  turnover: number | undefined;
  gross: number | undefined;
};

function row(kink: Kink, coefficients: Float64Array | undefined, bound: number, equality: boolean): RowLimit {
  return { kink, coefficients, bound, equality, slack: 0, dual: 0, residual: 0 };
}

/** The row's left-hand side for some weights and kink variables. */
export function rowProduct(row: RowLimit, weights: Float64Array, kink: Float64Array | undefined): number {
  const { coefficients } = row;
  let sum = 0;
  if (coefficients) for (let i = 0; i < weights.length; i += 1) sum += coefficients[i]! * weights[i]!;
  else for (const value of kink!) sum += value;
  return sum;
}

/** Adds factor x row to a vector over weights and kink variables. */
export function addRow(
  row: RowLimit,
  factor: number,
  weights: Float64Array,
  kink: Float64Array | undefined,
): void {
  const { coefficients } = row;
  if (coefficients) for (let i = 0; i < weights.length; i += 1) weights[i]! += factor * coefficients[i]!;
  else for (let i = 0; i < kink!.length; i += 1) kink![i]! += factor;
}
