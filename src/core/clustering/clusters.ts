import type { DistanceRows } from './distance-rows.ts';
import { leavesOf, type MergeTree } from './merge-tree.ts';

/** Cluster of each leaf (0 .. count - 1) when the tree is cut into `count` clusters. */
export function cutTree(tree: MergeTree, count: number): Int32Array {
  const { size } = tree;
  const label = new Int32Array(2 * size - 1).fill(-1);
  let next = 0;
  // From the root down: a node made by one of the last count - 1 merges is split, any other is a cluster.
  for (let node = 2 * size - 2; node >= 0; node -= 1) {
    const split = node > 2 * size - 1 - count;
    if (label[node]! < 0 && !split) {
      label[node] = next;
      next += 1;
    }
    if (node < size || split) continue;
    label[tree.left[node - size]!] = label[node]!;
    label[tree.right[node - size]!] = label[node]!;
  }
  return label.subarray(0, size);
}

/**
 * The number of clusters by the gap statistic in its two-difference form (Yue, Wang and Wei 2008), as riskfolio has it:
 * with W(k) the sum over k clusters of the standard deviation of their inner distances, the k that maximises
 * W(k + 2) + W(k) - 2 W(k + 1), among 2 .. min(countMax, sqrt(N)); 1 where there are too few leaves to tell.
 */
export function gapClusterCount(tree: MergeTree, distances: DistanceRows, countMax = 10): number {
  const highest = Math.min(tree.size, Math.floor(Math.min(countMax, Math.sqrt(tree.size))) + 2);
  if (highest < 4) return 1;
  const spread = innerSpreads(tree, distances, highest);
  let best = 1;
  let widest = Number.NEGATIVE_INFINITY;
  for (let k = 2; k + 2 <= highest; k += 1) {
    const gap = spread[k + 2]! + spread[k]! - 2 * spread[k + 1]!;
    if (gap > widest) {
      widest = gap;
      best = k;
    }
  }
  return best;
}

/** Number, sum and sum of squares of the distances inside a cluster or between two. */
type DistanceSums = { pairs: number; sum: number; squares: number };

/** W(k) for k = 1 .. highest, in an array with that index. */
function innerSpreads(tree: MergeTree, distances: DistanceRows, highest: number): Float64Array {
  const { size } = tree;
  const sums = clusterSums(cutTree(tree, highest), distances, highest);
  const labels = cutTree(tree, highest);
  // Which of the finest clusters each node of the tree holds, found from its leaves upwards.
  const holder = new Map<number, number>();
  for (let leaf = 0; leaf < size; leaf += 1) holder.set(leaf, labels[leaf]!);
  for (let node = size; node <= 2 * size - 1 - highest; node += 1)
    holder.set(node, holder.get(tree.left[node - size]!)!);
  const live = new Set(labels);
  const spreads = new Float64Array(highest + 1);
  spreads[highest] = totalSpread(sums, live);
  for (let k = highest - 1; k >= 1; k -= 1) {
    const node = 2 * size - 1 - k;
    const kept = holder.get(tree.left[node - size]!)!;
    const gone = holder.get(tree.right[node - size]!)!;
    join(sums, live, kept, gone);
    live.delete(gone);
    holder.set(node, kept);
    spreads[k] = totalSpread(sums, live);
  }
  return spreads;
}

/** Sums of the distances of every two clusters, and within each, in one pass over the distances. */
function clusterSums(labels: Int32Array, distances: DistanceRows, count: number): DistanceSums[][] {
  const sums = Array.from({ length: count }, () =>
    Array.from({ length: count }, () => ({ pairs: 0, sum: 0, squares: 0 })),
  );
  const row = new Float64Array(distances.size);
  const sum = new Float64Array(count);
  const squares = new Float64Array(count);
  const pairs = new Float64Array(count);
  for (let i = 0; i < distances.size; i += 1) {
    distances.fill(i, row);
    sum.fill(0);
    squares.fill(0);
    pairs.fill(0);
    for (let j = 0; j < i; j += 1) {
      const to = labels[j]!;
      sum[to]! += row[j]!;
      squares[to]! += row[j]! * row[j]!;
      pairs[to]! += 1;
    }
    const from = sums[labels[i]!]!;
    for (let c = 0; c < count; c += 1)
      addSums(from[c]!, { pairs: pairs[c]!, sum: sum[c]!, squares: squares[c]! });
  }
  return sums;
}

function addSums(to: DistanceSums, from: DistanceSums): void {
  to.pairs += from.pairs;
  to.sum += from.sum;
  to.squares += from.squares;
}

/** Makes `kept` the union of two clusters: distances between them become inner ones. */
function join(sums: DistanceSums[][], live: ReadonlySet<number>, kept: number, gone: number): void {
  const inner = sums[kept]![kept]!;
  for (const part of [sums[gone]![gone]!, sums[kept]![gone]!, sums[gone]![kept]!]) addSums(inner, part);
  for (const other of live) {
    if (other === kept || other === gone) continue;
    addSums(sums[kept]![other]!, sums[gone]![other]!);
    addSums(sums[other]![kept]!, sums[other]![gone]!);
  }
}

function totalSpread(sums: DistanceSums[][], live: ReadonlySet<number>): number {
  let total = 0;
  for (const cluster of live) {
    const { pairs, sum, squares } = sums[cluster]![cluster]!;
    if (pairs > 1) total += Math.sqrt(Math.max(0, squares / pairs - (sum / pairs) ** 2));
  }
  return total;
}

/** Leaves under a node, as a list. */
export function leavesUnder(tree: MergeTree, node: number): number[] {
  const leaves: number[] = [];
  const stack = [node];
  while (stack.length > 0) {
    const top = stack.pop()!;
    if (leavesOf(tree, top) === 1) leaves.push(top);
    else stack.push(tree.left[top - tree.size]!, tree.right[top - tree.size]!);
  }
  return leaves;
}
