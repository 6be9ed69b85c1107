import type { DistanceRows } from './distance-rows.ts';
import { leafOrder, leavesOf, type MergeTree } from './merge-tree.ts';

/**
 * The leaf order of SciPy's `optimal_ordering`, which riskfolio and skfolio rely on: nodes are turned so that
 * neighbours in the order are near each other (after Bar-Joseph, Gifford and Jaakkola 2001). Each node decides by its
 * own shortest path how its children turn, and a turn mirrors all that is below; SciPy does not trace the paths back
 * from the root, so the sum of distances is often, but not always, the least. O(N^3) time at worst, O(N^2) memory.
 */
export function nearestLeafOrder(tree: MergeTree, distances: DistanceRows): Int32Array {
  const { size } = tree;
  const leaves = leafOrder(tree);
  const ranges = placeRanges(tree, leaves);
  const distance = arranged(distances, leaves);
  // Path lengths are single precision, as in SciPy, so that its ties are ours.
  const path = new Float32Array(size * size);
  const turn = new Uint8Array(2 * size - 1);
  for (let node = size; node < 2 * size - 1; node += 1) {
    const left = tree.left[node - size]!;
    const right = tree.right[node - size]!;
    shortestPaths(path, distance, size, ranges, left, right);
    const best = shortestEnds(path, size, ranges[left]!, ranges[right]!);
    // The path leaves from the outer half of each child; where that is the inner one, the child turns.
    turn[left] = left >= size && best.first >= ranges[left]!.middle ? 1 : 0;
    turn[right] = right >= size && best.last < ranges[right]!.middle ? 1 : 0;
  }
  return turnedLeaves(tree, turn);
}

/** The places of a node's leaves in the plain order, and where its right child's begin. */
type Range = { start: number; middle: number; end: number };

function placeRanges(tree: MergeTree, leaves: Int32Array): Range[] {
  const { size } = tree;
  const ranges = new Array<Range>(2 * size - 1);
  leaves.forEach((leaf, place) => {
    ranges[leaf] = { start: place, middle: place, end: place + 1 };
  });
  for (let node = size; node < 2 * size - 1; node += 1) {
    const { start } = ranges[tree.left[node - size]!]!;
    const middle = ranges[tree.right[node - size]!]!.start;
    ranges[node] = { start, middle, end: start + leavesOf(tree, node) };
  }
  return ranges;
}

/** Distances between places, row-major. */
function arranged(distances: DistanceRows, leaves: Int32Array): Float64Array {
  const size = leaves.length;
  const out = new Float64Array(size * size);
  const row = new Float64Array(size);
  for (let place = 0; place < size; place += 1) {
    distances.fill(leaves[place]!, row);
    for (let other = 0; other < size; other += 1) out[place * size + other] = row[leaves[other]!]!;
  }
  return out;
}

/** Least length of a path through all leaves of both children, from each leaf of the left to each of the right. */
function shortestPaths(
  path: Float32Array,
  distance: Float64Array,
  size: number,
  ranges: readonly Range[],
  left: number,
  right: number,
): void {
  const { start, end } = ranges[left]!;
  const { start: farStart, end: farEnd } = ranges[right]!;
  const across = new Float64Array(size);
  for (let u = start; u < end; u += 1) {
    // From u through the left child and over to each leaf of the right one.
    across.fill(Number.POSITIVE_INFINITY, farStart, farEnd);
    const inner = otherEnds(ranges[left]!, u);
    for (let m = inner.start; m < inner.end; m += 1) {
      const soFar = path[u * size + m]!;
      const row = m * size;
      for (let k = farStart; k < farEnd; k += 1) {
        const length = soFar + distance[row + k]!;
        if (length < across[k]!) across[k] = length;
      }
    }
    for (let w = farStart; w < farEnd; w += 1) {
      const outer = otherEnds(ranges[right]!, w);
      const row = w * size;
      let shortest = Number.POSITIVE_INFINITY;
      for (let k = outer.start; k < outer.end; k += 1) {
        const length = across[k]! + path[row + k]!;
        if (length < shortest) shortest = length;
      }
      path[u * size + w] = shortest;
      path[row + u] = shortest;
    }
  }
}

/** Where a path may end that starts at `place`: in the other child, or on the spot in a leaf. */
function otherEnds({ start, middle, end }: Range, place: number): { start: number; end: number } {
  if (end - start === 1) return { start, end };
  return place < middle ? { start: middle, end } : { start, end: middle };
}

function shortestEnds(
  path: Float32Array,
  size: number,
  left: Range,
  right: Range,
): { first: number; last: number } {
  let best = { first: left.start, last: right.start };
  for (let u = left.start; u < left.end; u += 1) {
    for (let w = right.start; w < right.end; w += 1) {
      if (path[u * size + w]! < path[best.first * size + best.last]!) best = { first: u, last: w };
    }
  }
  return best;
}

/** The leaves from left to right when a turned node mirrors everything below it. */
function turnedLeaves(tree: MergeTree, turn: Uint8Array): Int32Array {
  const { size } = tree;
  const order = new Int32Array(size);
  const stack = [{ node: 2 * size - 2, turned: false }];
  let placed = 0;
  while (stack.length > 0) {
    const { node, turned } = stack.pop()!;
    if (node < size) {
      order[placed] = node;
      placed += 1;
      continue;
    }
    const left = tree.left[node - size]!;
    const right = tree.right[node - size]!;
    const [first, second] = turned ? [right, left] : [left, right];
    stack.push({ node: second, turned: turned !== (turn[second] === 1) });
    stack.push({ node: first, turned: turned !== (turn[first] === 1) });
  }
  return order;
}
