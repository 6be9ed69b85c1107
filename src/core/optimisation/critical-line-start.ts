import { lowerPlace, upperPlace } from './bound-place.ts';
import { solveBoundedQp } from './bounded-qp.ts';

/** Weights with what is on which bound and what is free between them. */
export type Corner = { weights: Float64Array; place: Int8Array; free: number[] };

/**
 * The greatest mean that bounds allow for weights that sum to 1; where means tie, the least variance among it. Nothing
 * where that is not found. Means that tie but for rounding are told apart like any others.
 */
export function greatestMean(
  matrix: Float64Array,
  mean: Float64Array,
  lower: Float64Array,
  upper: Float64Array,
): Corner | undefined {
  const order = Array.from(mean.keys()).sort((a, b) => mean[b]! - mean[a]! || a - b);
  let rest = 1 - lower.reduce((sum, bound) => sum + bound, 0);
  let marginal = order[0]!;
  for (const i of order) {
    const room = upper[i]! - lower[i]!;
    if (room <= 0) continue;
    marginal = i;
    if (room >= rest) break;
    rest -= room;
  }
  const level = mean[marginal]!;
  const weights = lower.map((bound, i) => (mean[i]! > level ? upper[i]! : bound));
  const place = Int8Array.from(mean, (value) => (value > level ? upperPlace : lowerPlace));
  const tied = order.filter((i) => mean[i] === level);
  return settleTie(matrix, { weights, place, free: [] }, tied, lower, upper);
}

/** Least variance among assets of one mean, the others being where they are; frees those strictly inside. */
function settleTie(
  matrix: Float64Array,
  { weights, place, free }: Corner,
  tied: readonly number[],
  lower: Float64Array,
  upper: Float64Array,
): Corner | undefined {
  const size = weights.length;
  for (const i of tied) weights[i] = 0;
  const held = Array.from(weights.keys()).filter((j) => weights[j] !== 0);
  const solution = solveBoundedQp({
    size: tied.length,
    matrix: tied.length === size ? matrix : among(matrix, size, tied),
    linear: Float64Array.from(
      tied,
      (i) => -held.reduce((sum, j) => sum + weights[j]! * matrix[i * size + j]!, 0),
    ),
    lower: Float64Array.from(tied, (i) => lower[i]!),
    upper: Float64Array.from(tied, (i) => upper[i]!),
    budget: 1 - weights.reduce((sum, weight) => sum + weight, 0),
  });
  if (!solution) return undefined;
  tied.forEach((i, a) => {
    weights[i] = solution.weights[a]!;
    place[i] = solution.weights[a]! >= upper[i]! ? upperPlace : lowerPlace;
  });
  free.push(...Array.from(solution.free, (a) => tied[a]!));
  for (const i of tied) if (!free.includes(i)) weights[i] = place[i] === lowerPlace ? lower[i]! : upper[i]!;
  return { weights, place, free };
}

function among(matrix: Float64Array, size: number, assets: readonly number[]): Float64Array {
  const out = new Float64Array(assets.length ** 2);
  assets.forEach((i, a) => {
    assets.forEach((j, b) => {
      out[a * assets.length + b] = matrix[i * size + j]!;
    });
  });
  return out;
}
