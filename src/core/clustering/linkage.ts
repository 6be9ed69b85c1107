import { type DistanceRows, fullMatrix } from './distance-rows.ts';
import { type MergeTree, mergeTree } from './merge-tree.ts';
import { type ChainLinkageName, chainLinkage } from './nearest-neighbour-chain.ts';

export type LinkageName = 'single' | ChainLinkageName;

export const linkageNames: readonly LinkageName[] = ['single', 'complete', 'average', 'ward'];

/** Hierarchical clustering of the points, with SciPy's order of merges and children. */
export function linkage(name: LinkageName, distances: DistanceRows): MergeTree {
  if (name === 'single') return singleLinkage(distances);
  return chainLinkage(name, fullMatrix(distances), distances.size);
}

/** Single linkage by Prim's minimum spanning tree: O(N^2) time, O(N) memory (Sibson 1973; Gower and Ross 1969). */
function singleLinkage(distances: DistanceRows): MergeTree {
  const { size, fill } = distances;
  const edges = size - 1;
  const from = new Int32Array(edges);
  const to = new Int32Array(edges);
  const length = new Float64Array(edges);
  const row = new Float64Array(size);
  const waiting = Int32Array.from({ length: edges }, (_, i) => i + 1);
  const nearest = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
  let current = 0;
  for (let k = 0; k < edges; k += 1) {
    fill(current, row);
    const left = edges - k;
    let best = 0;
    let bestLength = Number.POSITIVE_INFINITY;
    for (let at = 0; at < left; at += 1) {
      const point = waiting[at]!;
      let distance = row[point]!;
      if (distance < nearest[point]!) nearest[point] = distance;
      else distance = nearest[point]!;
      if (distance < bestLength) {
        bestLength = distance;
        best = at;
      }
    }
    from[k] = current;
    current = waiting[best]!;
    to[k] = current;
    length[k] = bestLength;
    waiting.copyWithin(best, best + 1, left); // the rest stays in order, which settles ties as SciPy does
  }
  return mergeTree(size, from, to, length);
}
