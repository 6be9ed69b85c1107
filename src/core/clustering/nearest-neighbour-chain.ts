import { type MergeTree, mergeTree } from './merge-tree.ts';

/** The linkages whose nearest-neighbour chains end. */
export type ChainLinkageName = 'complete' | 'average' | 'ward';

/**
 * Complete, average or Ward linkage by the nearest-neighbour chain: O(N^2) time (Murtagh 1983).
 * `distances` (row-major size x size) is used up.
 */
export function chainLinkage(name: ChainLinkageName, distances: Float64Array, size: number): MergeTree {
  const edges = size - 1;
  const from = new Int32Array(edges);
  const to = new Int32Array(edges);
  const length = new Float64Array(edges);
  const count = new Int32Array(size).fill(1); // 0: merged into another
  const chain = new Int32Array(size + 1);
  let chained = 0;
  for (let k = 0; k < edges; k += 1) {
    if (chained === 0) {
      chain[0] = count.findIndex((leaves) => leaves > 0);
      chained = 1;
    }
    let end: Nearest;
    for (;;) {
      const tip = chain[chained - 1]!;
      const before = chained > 1 ? chain[chained - 2]! : -1;
      end = nearest(distances, size, count, tip, before);
      if (end.point === before) break;
      chain[chained] = end.point;
      chained += 1;
    }
    const tip = chain[chained - 1]!;
    chained -= 2;
    // The higher place keeps the merged cluster.
    const gone = Math.min(tip, end.point);
    const kept = Math.max(tip, end.point);
    from[k] = gone;
    to[k] = kept;
    length[k] = end.distance;
    update(name, distances, size, count, gone, kept, end.distance);
    count[kept]! += count[gone]!;
    count[gone] = 0;
  }
  return mergeTree(size, from, to, length);
}

type Nearest = { point: number; distance: number };

/** The live cluster nearest to `tip`; `before`, the link the chain came from, wins a tie, so that the chain ends. */
function nearest(
  distances: Float64Array,
  size: number,
  count: Int32Array,
  tip: number,
  before: number,
): Nearest {
  const row = tip * size;
  let point = before;
  let distance = before < 0 ? Number.POSITIVE_INFINITY : distances[row + before]!;
  for (let i = 0; i < size; i += 1) {
    if (distances[row + i]! < distance && i !== tip && count[i]! > 0) {
      distance = distances[row + i]!;
      point = i;
    }
  }
  return { point, distance };
}

/** Distances from the merged cluster to every other, by the Lance-Williams recurrence. */
function update(
  name: ChainLinkageName,
  distances: Float64Array,
  size: number,
  count: Int32Array,
  gone: number,
  kept: number,
  height: number,
): void {
  const goneLeaves = count[gone]!;
  const keptLeaves = count[kept]!;
  const both = goneLeaves + keptLeaves;
  for (let i = 0; i < size; i += 1) {
    const leaves = count[i]!;
    if (leaves === 0 || i === gone || i === kept) continue;
    const toGone = distances[gone * size + i]!;
    const toKept = distances[kept * size + i]!;
    let joined: number;
    if (name === 'complete') joined = Math.max(toGone, toKept);
    else if (name === 'average') joined = (goneLeaves * toGone + keptLeaves * toKept) / both;
    else {
      const share = 1 / (both + leaves);
      joined = Math.sqrt(
        (leaves + goneLeaves) * share * toGone * toGone +
          (leaves + keptLeaves) * share * toKept * toKept -
          leaves * share * height * height,
      );
    }
    distances[kept * size + i] = joined;
    distances[i * size + kept] = joined;
  }
}
