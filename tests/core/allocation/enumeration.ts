import type { Covariance } from '../../../src/core/risk/covariance.ts';
import { quadraticForm } from './portfolio-measures.ts';

/** Beside the largest variance: what is rounding, not risk. */
export const risklessRatio = 1e-15;

export const largest = ({ size, values }: Covariance) =>
  Math.max(...Array.from({ length: size }, (_, i) => values[i * size + i]!));

/** The long-only portfolio of least variance: of every subset of the assets the one that balances their gradients. */
export function leastVarianceByEnumeration(covariance: Covariance): number[] {
  const fitting = subsets(covariance.size).flatMap((assets) => balanced(covariance, assets));
  return best(fitting, (weights) => -quadraticForm(covariance, weights));
}

/** The long-only portfolio of the greatest mean / volatility, of those with risk; nothing where no mean is above 0. */
export function greatestSharpeByEnumeration(
  covariance: Covariance,
  mean: readonly number[],
): number[] | undefined {
  const fitting = subsets(covariance.size).flatMap((assets) => tangent(covariance, mean, assets));
  return fitting.length === 0 ? undefined : best(fitting, (weights) => sharpe(covariance, mean, weights));
}

/** The long-only portfolio without risk that earns most; nothing where all have risk. */
export function bestRisklessByEnumeration(
  covariance: Covariance,
  mean: readonly number[],
): number[] | undefined {
  const riskless = subsets(covariance.size)
    .flatMap((assets) => balanced(covariance, assets))
    .filter((weights) => quadraticForm(covariance, weights) <= risklessRatio * largest(covariance));
  return riskless.length === 0 ? undefined : best(riskless, (weights) => earned(mean, weights));
}

export const earned = (mean: readonly number[], weights: readonly number[]) =>
  weights.reduce((sum, weight, i) => sum + weight * mean[i]!, 0);

export const sharpe = (covariance: Covariance, mean: readonly number[], weights: readonly number[]) =>
  earned(mean, weights) / Math.sqrt(quadraticForm(covariance, weights));

const best = (candidates: number[][], score: (weights: number[]) => number): number[] =>
  candidates.reduce((found, weights) => (score(weights) > score(found) ? weights : found));

const subsets = (size: number): number[][] =>
  Array.from({ length: 2 ** size - 1 }, (_, k) =>
    Array.from({ length: size }, (_, i) => i).filter((i) => ((k + 1) >> i) & 1),
  );

/** Equal gradients over a subset. To every covariance the least variance is added: weights of one sum do not mind. */
function balanced(covariance: Covariance, assets: number[]): number[][] {
  const { size, values } = covariance;
  const variances = Array.from({ length: size }, (_, i) => values[i * size + i]!).filter((v) => v > 0);
  const shift = variances.length > 0 ? Math.min(...variances) : 1;
  const solution = solve(
    assets.map((i) => assets.map((j) => values[i * size + j]! + shift)),
    assets.map(() => 1),
  );
  return longOnly(size, assets, solution);
}

/** Gradients in proportion to the means over a subset. */
function tangent(covariance: Covariance, mean: readonly number[], assets: number[]): number[][] {
  const { size, values } = covariance;
  const solution = solve(
    assets.map((i) => assets.map((j) => values[i * size + j]!)),
    assets.map((i) => mean[i]!),
  );
  return longOnly(size, assets, solution).filter((weights) => earned(mean, weights) > 0);
}

/** The solution over its sum as weights of all assets; none where one is below 0. */
function longOnly(size: number, assets: number[], solution: number[] | undefined): number[][] {
  if (!solution) return [];
  const sum = solution.reduce((total, x) => total + x, 0);
  const weights = new Array<number>(size).fill(0);
  assets.forEach((i, k) => {
    weights[i] = solution[k]! / sum;
  });
  return weights.every((weight) => weight >= -1e-12) ? [weights] : [];
}

/** Gauss and Jordan with pivots; nothing where the matrix, in units of its diagonal, is singular. */
export function solve(matrix: number[][], right: number[]): number[] | undefined {
  const size = right.length;
  const unit = matrix.map((row, i) => 1 / Math.sqrt(row[i]!));
  if (!unit.every(Number.isFinite)) return undefined;
  const rows = matrix.map((row, i) => [...row.map((v, j) => v * unit[i]! * unit[j]!), right[i]! * unit[i]!]);
  for (let c = 0; c < size; c += 1) {
    let pivot = c;
    for (let r = c; r < size; r += 1) if (Math.abs(rows[r]![c]!) > Math.abs(rows[pivot]![c]!)) pivot = r;
    [rows[c], rows[pivot]] = [rows[pivot]!, rows[c]!];
    if (Math.abs(rows[c]![c]!) < 1e-11) return undefined;
    for (let r = 0; r < size; r += 1) {
      if (r === c) continue;
      const factor = rows[r]![c]! / rows[c]![c]!;
      for (let k = c; k <= size; k += 1) rows[r]![k]! -= factor * rows[c]![k]!;
    }
  }
  return rows.map((row, i) => (row[size]! / row[i]!) * unit[i]!);
}
