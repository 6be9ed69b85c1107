import { rowMeans } from '../src/core/clustering/correlation-distance.ts';
import { type DistanceRows, fullMatrix } from '../src/core/clustering/distance-rows.ts';
import { linkage } from '../src/core/clustering/linkage.ts';
import { type MergeTree, mergeTree } from '../src/core/clustering/merge-tree.ts';

/**
 * X X' of a row-major rows x columns matrix in single precision (row-major rows x rows). A native one makes the
 * distance of distances of thousands of assets quick; only its speed is trusted, not its digits.
 */
export type MatrixProduct = (values: Float32Array, rows: number, columns: number) => Float32Array;

/** Pairs whose single-precision error is measured, and how many times the worst of them an error may be. */
const sampledPairs = 2000;
const errorMargin = 16;
const singleRounding = 2 ** -24;

type Edges = { from: number[]; to: number[] };

/**
 * Single linkage of the Euclidean distances between the rows of a distance matrix, where a single-precision product
 * proposes and double precision decides: every pair that could be an edge of the minimum spanning tree, given the error
 * the product is seen to have, is measured exactly, and the tree is built from those alone.
 */
export function proposedLinkage(distances: DistanceRows, product: MatrixProduct): MergeTree {
  const { size } = distances;
  const matrix = fullMatrix(distances);
  const mean = rowMeans(matrix, size);
  for (let i = 0; i < size; i += 1) for (let k = 0; k < size; k += 1) matrix[i * size + k]! -= mean[k]!;
  const norm = Float64Array.from({ length: size }, (_, i) => dot(matrix, size, i, i));
  const products = product(Float32Array.from(matrix), size, size);
  const rough = linkage('single', {
    size,
    fill: (row, out) => {
      const start = row * size;
      for (let k = 0; k < size; k += 1)
        out[k] = Math.sqrt(Math.max(0, norm[row]! + norm[k]! - 2 * products[start + k]!));
      out[row] = 0;
    },
  });
  const error =
    2 * productError(matrix, norm, products) * norm.reduce((most, value) => Math.max(most, value), 0);
  const edges = candidates(rough, norm, products, 2 * error);
  return spanningTree(matrix, size, edges);
}

/** The most a product may be off, as a share of the two rows' lengths. */
function productError(matrix: Float64Array, norm: Float64Array, products: Float32Array): number {
  const size = norm.length;
  let worst = 0;
  for (let sample = 0; sample < sampledPairs; sample += 1) {
    // Multiples of two large primes spread the pairs evenly and are the same each time.
    const i = (sample * 7919) % size;
    const j = (sample * 104_729 + 1) % size;
    const length = Math.sqrt(norm[i]! * norm[j]!);
    if (length > 0)
      worst = Math.max(worst, Math.abs(products[i * size + j]! - dot(matrix, size, i, j)) / length);
  }
  return Math.max(errorMargin * worst, 4 * singleRounding);
}

/**
 * Pairs no longer, within the error, than the longest edge between them in the rough tree: an edge of the true tree
 * must be one of them.
 */
function candidates(rough: MergeTree, norm: Float64Array, products: Float32Array, margin: number): Edges {
  const { size } = rough;
  const edges: Edges = { from: [], to: [] };
  const members: number[][] = Array.from({ length: size }, (_, leaf) => [leaf]);
  for (let k = 0; k < size - 1; k += 1) {
    const left = members[rough.left[k]!]!;
    const right = members[rough.right[k]!]!;
    const limit = rough.height[k]! ** 2 + margin;
    for (const i of left) {
      const row = i * size;
      for (const j of right) {
        if (norm[i]! + norm[j]! - 2 * products[row + j]! <= limit) {
          edges.from.push(i);
          edges.to.push(j);
        }
      }
    }
    members.push(left.length > right.length ? append(left, right) : append(right, left));
  }
  return edges;
}

function append(larger: number[], smaller: readonly number[]): number[] {
  for (const leaf of smaller) larger.push(leaf);
  return larger;
}

/** Kruskal's minimum spanning tree of the candidates by their exact distances. */
function spanningTree(matrix: Float64Array, size: number, edges: Edges): MergeTree {
  const exact = Float64Array.from(edges.from, (i, e) =>
    Math.sqrt(squaredDistance(matrix, size, i, edges.to[e]!)),
  );
  const byLength = Array.from(exact.keys()).sort((a, b) => exact[a]! - exact[b]!);
  const cluster = Int32Array.from({ length: size }, (_, i) => i);
  const top = (leaf: number): number => {
    let at = leaf;
    while (cluster[at]! !== at) {
      cluster[at] = cluster[cluster[at]!]!;
      at = cluster[at]!;
    }
    return at;
  };
  const from = new Int32Array(size - 1);
  const to = new Int32Array(size - 1);
  const length = new Float64Array(size - 1);
  let taken = 0;
  for (const e of byLength) {
    const a = top(edges.from[e]!);
    const b = top(edges.to[e]!);
    if (a === b) continue;
    cluster[a] = b;
    from[taken] = edges.from[e]!;
    to[taken] = edges.to[e]!;
    length[taken] = exact[e]!;
    taken += 1;
  }
  return mergeTree(size, from, to, length);
}

function dot(matrix: Float64Array, size: number, i: number, j: number): number {
  let sum = 0;
  for (let k = 0; k < size; k += 1) sum += matrix[i * size + k]! * matrix[j * size + k]!;
  return sum;
}

function squaredDistance(matrix: Float64Array, size: number, i: number, j: number): number {
  let sum = 0;
  for (let k = 0; k < size; k += 1) {
    const difference = matrix[i * size + k]! - matrix[j * size + k]!;
    sum += difference * difference;
  }
  return sum;
}
