import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutTree } from '../../../src/core/clustering/clusters.ts';
import { correlationDistances } from '../../../src/core/clustering/correlation-distance.ts';
import type { DistanceRows } from '../../../src/core/clustering/distance-rows.ts';
import { nearestLeafOrder } from '../../../src/core/clustering/leaf-order.ts';
import { type LinkageName, linkage, linkageNames } from '../../../src/core/clustering/linkage.ts';
import { leafOrder } from '../../../src/core/clustering/merge-tree.ts';
import { inverseVolatilities } from '../../../src/core/risk/covariance.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { worstDifference } from '../allocation/peers.ts';
import { permutation, pickColumns, randomReturns } from '../allocation/random-returns.ts';

type Tree = {
  linkage: LinkageName;
  left: number[];
  right: number[];
  height: number[];
  leaves: number[];
  orderedLeaves: number[];
  threeClusters: number[];
};

const cases = JSON.parse(
  readFileSync(new URL('../../oracles/allocation/linkage.json', import.meta.url), 'utf8'),
) as { points: number[][]; grid: boolean; trees: Tree[] }[];

function euclidean(points: readonly number[][]): DistanceRows {
  const fill = (row: number, out: Float64Array): void => {
    points.forEach((point, k) => {
      out[k] = Math.sqrt(point.reduce((sum, x, d) => sum + (x - points[row]![d]!) ** 2, 0));
    });
  };
  return { size: points.length, fill };
}

/** Distances of the assets of some returns. */
function assetDistances(returns: ReturnType<typeof randomReturns>): DistanceRows {
  const covariance = estimateCovariance('sample', returns);
  const live = Int32Array.from({ length: covariance.size }, (_, i) => i);
  return correlationDistances(covariance, live, inverseVolatilities(covariance));
}

describe('linkage against SciPy', () => {
  for (const { points, grid, trees } of cases) {
    for (const expected of trees) {
      test(`${expected.linkage}: ${points.length} points${grid ? ' with ties' : ''}, merges and leaf order`, () => {
        const tree = linkage(expected.linkage, euclidean(points));
        expect(worstDifference(tree.height, expected.height)).toBeLessThan(1e-12);
        expect(Array.from(tree.left)).toEqual(expected.left);
        expect(Array.from(tree.right)).toEqual(expected.right);
        expect(Array.from(leafOrder(tree))).toEqual(expected.leaves);
      });

      test(`${expected.linkage}: ${points.length} points${grid ? ' with ties' : ''}, three clusters`, () => {
        const ours = cutTree(linkage(expected.linkage, euclidean(points)), Math.min(3, points.length));
        // With ties SciPy may find no cut into exactly three.
        if (new Set(expected.threeClusters).size < Math.min(3, points.length)) return;
        const pairs = new Set(Array.from(ours, (label, i) => `${label} ${expected.threeClusters[i]}`));
        expect(pairs.size).toBe(Math.min(3, points.length));
      });

      if (grid) continue; // where distances tie, equally short orders do too
      test(`${expected.linkage}: ${points.length} points, order of leaves as optimal_ordering`, () => {
        const distances = euclidean(points);
        const order = nearestLeafOrder(linkage(expected.linkage, distances), distances);
        expect(Array.from(order)).toEqual(expected.orderedLeaves);
      });
    }
  }
});

describe('linkage', () => {
  test('merges the same assets at the same heights whatever their order', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 2, max: 15 }),
        fc.constantFrom(...linkageNames),
        (seed, columns, name) => {
          const returns = randomReturns(seed, 40, columns);
          const order = permutation(seed, columns);
          const tree = linkage(name, assetDistances(returns));
          const permuted = linkage(name, assetDistances(pickColumns(returns, order)));
          expect(worstDifference(tree.height, permuted.height)).toBeLessThan(1e-12);
          for (let count = 1; count <= columns; count += 1) {
            const labels = cutTree(tree, count);
            const moved = cutTree(permuted, count);
            expect(new Set(order.map((from, k) => `${labels[from]} ${moved[k]}`)).size).toBe(count);
          }
        },
      ),
    );
  });
});
