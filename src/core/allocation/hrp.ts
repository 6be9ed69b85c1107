import { z } from 'zod';
import { correlationDistances, distancesBetweenRows } from '../clustering/correlation-distance.ts';
import { nearestLeafOrder } from '../clustering/leaf-order.ts';
import { type LinkageName, linkage, linkageNames } from '../clustering/linkage.ts';
import { leafOrder } from '../clustering/merge-tree.ts';
import { assetsAtRisk, type Covariance, inverseVolatilities } from '../risk/covariance.ts';
import { defineAllocator, needsRiskOnly } from './allocator.ts';

/**
 * What differs between the published hierarchical risk parities: `paper` clusters on the Euclidean distance between
 * columns of the distance matrix (Lopez de Prado 2016), `pypfopt` on the distance itself, and `riskfolio` does as
 * `pypfopt` and puts the leaves in SciPy's "optimal" order.
 */
export const hrpVariants = ['paper', 'pypfopt', 'riskfolio'] as const;
export type HrpVariant = (typeof hrpVariants)[number];

export type HrpOptions = {
  /** Default `pypfopt`. */
  variant?: HrpVariant | undefined;
  /** Default single. */
  linkage?: LinkageName | undefined;
};

/**
 * Hierarchical risk parity (Lopez de Prado 2016): cluster by sqrt((1 - rho) / 2), put the assets in the order of the
 * tree, halve that order again and again, and share each weight by inverse variance. Flat assets get 0.
 * The tree's children are in SciPy's order, which for a pair of leaves is the order of the columns: so, as in every
 * published implementation, reordering the columns may turn a pair round and with it the halves.
 * Raises `all-flat`.
 */
export function hierarchicalRiskParity(covariance: Covariance, options: HrpOptions = {}): number[] {
  const inverse = inverseVolatilities(covariance);
  const live = assetsAtRisk(inverse);
  const weights = new Array<number>(covariance.size).fill(0);
  const order = hrpOrder(covariance, live, inverse, options).map((leaf) => live[leaf]!);
  recursiveBisection(covariance, inverse, order, 1, weights);
  return weights;
}

/** Positions in `live` in quasi-diagonal order. */
function hrpOrder(
  covariance: Covariance,
  live: Int32Array,
  inverse: Float64Array,
  { variant = 'pypfopt', linkage: method = 'single' }: HrpOptions,
): Int32Array {
  if (live.length === 1) return Int32Array.of(0);
  const distances = correlationDistances(covariance, live, inverse);
  if (variant === 'pypfopt') return leafOrder(linkage(method, distances));
  if (variant === 'riskfolio') return nearestLeafOrder(linkage(method, distances), distances);
  return leafOrder(linkage(method, distancesBetweenRows(distances)));
}

/** Gives `weight` to the assets in `order`, halved recursively, each half in proportion to the other's variance. */
export function recursiveBisection(
  covariance: Covariance,
  inverse: Float64Array,
  order: Int32Array,
  weight: number,
  weights: number[],
): void {
  if (order.length === 1) {
    weights[order[0]!] = weight;
    return;
  }
  const half = order.length >> 1;
  const first = order.subarray(0, half);
  const second = order.subarray(half);
  const firstVariance = inverseVarianceRisk(covariance, inverse, first);
  const secondVariance = inverseVarianceRisk(covariance, inverse, second);
  const both = firstVariance + secondVariance;
  // Two perfectly hedged halves have no risk to share by.
  const share = both > 0 ? 1 - firstVariance / both : 0.5;
  recursiveBisection(covariance, inverse, first, weight * share, weights);
  recursiveBisection(covariance, inverse, second, weight * (1 - share), weights);
}

/** Variance of the inverse-variance portfolio of some assets; 0 at least. */
function inverseVarianceRisk(covariance: Covariance, inverse: Float64Array, assets: Int32Array): number {
  const { size, values } = covariance;
  const count = assets.length;
  const score = new Float64Array(count);
  let sum = 0;
  for (let a = 0; a < count; a += 1) {
    score[a] = inverse[assets[a]!]! ** 2;
    sum += score[a]!;
  }
  let diagonal = 0;
  let pairs = 0;
  for (let a = 0; a < count; a += 1) {
    const row = assets[a]! * size;
    let along = 0;
    for (let b = 0; b < a; b += 1) along += values[row + assets[b]!]! * score[b]!;
    pairs += along * score[a]!;
    diagonal += values[row + assets[a]!]! * score[a]! * score[a]!;
  }
  return Math.max(0, (diagonal + 2 * pairs) / (sum * sum));
}

export const hrp = defineAllocator({
  name: 'hrp',
  title: 'hierarchical risk parity',
  options: z.object({
    variant: z.enum(hrpVariants).default('pypfopt').describe('of hrp: whose published order of the tree'),
    linkage: z.enum(linkageNames).default('single').describe('of hrp: how clusters are merged'),
  }),
  needs: needsRiskOnly,
  weights: ({ moments }, options) => hierarchicalRiskParity(moments.covariance, options),
});
