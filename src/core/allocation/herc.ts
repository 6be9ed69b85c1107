import { z } from 'zod';
import { AllocationError } from '../allocation-error.ts';
import { cutTree, gapClusterCount, leavesUnder } from '../clustering/clusters.ts';
import { correlationDistances } from '../clustering/correlation-distance.ts';
import { type LinkageName, linkage, linkageNames } from '../clustering/linkage.ts';
import type { MergeTree } from '../clustering/merge-tree.ts';
import { assetsAtRisk, type Covariance, inverseVolatilities } from '../risk/covariance.ts';
import { checkReturns, type ReturnsMatrix } from '../risk/returns.ts';
import { conditionalDrawdownAtRisk, conditionalValueAtRisk } from '../risk/tail-risk.ts';
import { defineAllocator, needsRiskOnly } from './allocator.ts';

const riskMeasures = ['variance', 'cvar', 'cdar'] as const;
export type RiskMeasure = (typeof riskMeasures)[number];

export type HercOptions = {
  /** Default ward. */
  linkage?: LinkageName | undefined;
  /** Default variance; the others read the returns, 5% tail. */
  riskMeasure?: RiskMeasure | undefined;
  /** Default by the gap statistic, at most 10. */
  clusterCount?: number | undefined;
};

/**
 * Hierarchical equal risk contribution (Raffinot 2018): cut the tree of sqrt((1 - rho) / 2) into clusters, share the
 * weight down the tree by the other side's summed cluster risk, and inside a cluster by 1 / risk. Flat assets get 0.
 * Raises `all-flat`, `bad-input` or (for the tail measures) `not-finite`.
 */
function hierarchicalEqualRisk(
  covariance: Covariance,
  returns: ReturnsMatrix,
  options: HercOptions = {},
): number[] {
  const inverse = inverseVolatilities(covariance);
  const live = assetsAtRisk(inverse);
  const measure = options.riskMeasure ?? 'variance';
  if (measure !== 'variance') checkReturns(returns);
  const weights = new Array<number>(covariance.size).fill(0);
  if (live.length === 1) {
    weights[live[0]!] = 1;
    return weights;
  }
  const distances = correlationDistances(covariance, live, inverse);
  const tree = linkage(options.linkage ?? 'ward', distances);
  const count = options.clusterCount ?? gapClusterCount(tree, distances);
  checkCount(count, live.length);
  const clusters = membersOf(cutTree(tree, count), count).map((members) => {
    const assets = members.map((leaf) => live[leaf]!);
    return weighCluster(assets, measure, covariance, returns);
  });
  const shares = shareDownTree(tree, count, clusters);
  clusters.forEach(({ assets, inner }, c) => {
    assets.forEach((asset, k) => {
      weights[asset] = shares[c]! * inner[k]!;
    });
  });
  return weights;
}

function checkCount(count: number, leaves: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= leaves) return;
  throw new AllocationError(
    'bad-input',
    `clusterCount is ${count}, expected a whole number from 1 to ${leaves}.`,
  );
}

function membersOf(labels: Int32Array, count: number): number[][] {
  const members = Array.from({ length: count }, (): number[] => []);
  labels.forEach((cluster, leaf) => {
    members[cluster]!.push(leaf);
  });
  return members;
}

type Cluster = { assets: number[]; inner: number[]; risk: number };

/** Weights inside a cluster by 1 / risk of each asset, and the risk of the cluster so weighted. */
function weighCluster(
  assets: number[],
  measure: RiskMeasure,
  covariance: Covariance,
  returns: ReturnsMatrix,
): Cluster {
  const portfolioRisk = (inner: readonly number[]): number =>
    measure === 'variance'
      ? portfolioVariance(covariance, assets, inner)
      : tailRisk(measure, portfolioReturns(returns, assets, inner));
  const alone = assets.map((asset) =>
    measure === 'variance'
      ? covariance.values[asset * covariance.size + asset]!
      : tailRisk(measure, portfolioReturns(returns, [asset], [1])),
  );
  // An asset that only ever rose has no tail risk; it must not take everything.
  const floor = 1e-6 * alone.reduce((most, risk) => Math.max(most, risk), 0);
  const scores = alone.map((risk) => (floor > 0 ? 1 / Math.max(risk, floor) : 1));
  const sum = scores.reduce((total, score) => total + score, 0);
  const inner = scores.map((score) => score / sum);
  return { assets, inner, risk: Math.max(0, portfolioRisk(inner)) };
}

function tailRisk(measure: RiskMeasure, series: Float64Array): number {
  return measure === 'cvar' ? conditionalValueAtRisk(series) : conditionalDrawdownAtRisk(series);
}

function portfolioVariance(
  { size, values }: Covariance,
  assets: readonly number[],
  inner: readonly number[],
): number {
  let variance = 0;
  for (let a = 0; a < assets.length; a += 1) {
    const row = assets[a]! * size;
    let along = 0;
    for (let b = 0; b < assets.length; b += 1) along += values[row + assets[b]!]! * inner[b]!;
    variance += along * inner[a]!;
  }
  return variance;
}

function portfolioReturns(
  { rows, columns, values }: ReturnsMatrix,
  assets: readonly number[],
  inner: readonly number[],
): Float64Array {
  const out = new Float64Array(rows);
  for (let t = 0; t < rows; t += 1) {
    let sum = 0;
    for (let a = 0; a < assets.length; a += 1) sum += values[t * columns + assets[a]!]! * inner[a]!;
    out[t] = sum;
  }
  return out;
}

/** Share of each cluster: at each of the top merges, either side gets the share of the other side's risk. */
function shareDownTree(tree: MergeTree, count: number, clusters: readonly Cluster[]): number[] {
  const labels = cutTree(tree, count);
  const shares = new Array<number>(count).fill(1);
  for (let node = 2 * tree.size - 2; node > 2 * tree.size - 1 - count; node -= 1) {
    const left = new Set(leavesUnder(tree, tree.left[node - tree.size]!).map((leaf) => labels[leaf]!));
    const right = new Set(leavesUnder(tree, tree.right[node - tree.size]!).map((leaf) => labels[leaf]!));
    const risk = (side: Set<number>): number => [...side].reduce((sum, c) => sum + clusters[c]!.risk, 0);
    const both = risk(left) + risk(right);
    const toLeft = both > 0 ? 1 - risk(left) / both : 0.5;
    for (const c of left) shares[c]! *= toLeft;
    for (const c of right) shares[c]! *= 1 - toLeft;
  }
  return shares;
}

export const herc = defineAllocator({
  name: 'herc',
  title: 'hierarchical equal risk contribution',
  options: z.object({
    riskMeasure: z.enum(riskMeasures).default('variance').describe('of herc: what clusters share'),
    linkage: z.enum(linkageNames).default('ward').describe('of herc: how clusters are merged'),
    clusterCount: z.int().min(1).max(5000).optional().describe('of herc; default: by the gap statistic'),
  }),
  needs: needsRiskOnly,
  weights: ({ moments }, options) => hierarchicalEqualRisk(moments.covariance, moments.returns, options),
});
