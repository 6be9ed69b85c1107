/**
 * A binary merge tree of `size` leaves: merge k (0 .. size - 2, heights rising) joins `left[k]` and `right[k]` at
 * `height[k]` into node size + k of `count[k]` leaves; the left child has the lower number, as in SciPy.
 */
export type MergeTree = {
  size: number;
  left: Int32Array;
  right: Int32Array;
  height: Float64Array;
  count: Int32Array;
};

/** The merge tree of edges between points, each standing for the cluster its point is in, shortest first. */
export function mergeTree(size: number, from: Int32Array, to: Int32Array, length: Float64Array): MergeTree {
  const edges = size - 1;
  const byLength = Array.from(length.keys()).sort((a, b) => length[a]! - length[b]!);
  const tree: MergeTree = {
    size,
    left: new Int32Array(edges),
    right: new Int32Array(edges),
    height: new Float64Array(edges),
    count: new Int32Array(edges),
  };
  const parent = Int32Array.from({ length: 2 * size - 1 }, (_, i) => i);
  for (let k = 0; k < edges; k += 1) {
    const edge = byLength[k]!;
    const a = root(parent, from[edge]!);
    const b = root(parent, to[edge]!);
    tree.left[k] = Math.min(a, b);
    tree.right[k] = Math.max(a, b);
    tree.height[k] = length[edge]!;
    tree.count[k] = leavesOf(tree, a) + leavesOf(tree, b);
    parent[a] = size + k;
    parent[b] = size + k;
  }
  return tree;
}

/** Leaves under a node of the tree. */
export function leavesOf(tree: MergeTree, node: number): number {
  return node < tree.size ? 1 : tree.count[node - tree.size]!;
}

/** The leaves from left to right: neighbours in this order are neighbours in the tree (quasi-diagonal order). */
export function leafOrder(tree: MergeTree): Int32Array {
  const order = new Int32Array(tree.size);
  const stack = [2 * tree.size - 2];
  let placed = 0;
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (node < tree.size) {
      order[placed] = node;
      placed += 1;
    } else stack.push(tree.right[node - tree.size]!, tree.left[node - tree.size]!);
  }
  return order;
}

function root(parent: Int32Array, node: number): number {
  let top = node;
  while (parent[top]! !== top) top = parent[top]!;
  for (let at = node; at !== top; ) {
    const next = parent[at]!;
    parent[at] = top;
    at = next;
  }
  return top;
}
