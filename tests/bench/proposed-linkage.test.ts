import fc from 'fast-check';
import { expect, test } from 'vitest';
import { proposedLinkage } from '../../bench/proposed-linkage.ts';
import {
  correlationDistances,
  distancesBetweenRows,
} from '../../src/core/clustering/correlation-distance.ts';
import type { DistanceRows } from '../../src/core/clustering/distance-rows.ts';
import { linkage } from '../../src/core/clustering/linkage.ts';
import { leafOrder } from '../../src/core/clustering/merge-tree.ts';
import { inverseVolatilities } from '../../src/core/risk/covariance.ts';
import { estimateCovariance } from '../../src/core/risk/estimate-covariance.ts';
import type { ReturnsMatrix } from '../../src/core/risk/returns.ts';
import { worstDifference } from '../core/allocation/peers.ts';
import { pickColumns, randomReturns } from '../core/allocation/random-returns.ts';

test('proposed linkage is the same from a rough product that only proposes: float64 decides', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 2, max: 60 }), fc.boolean(), (seed, columns, duplicates) => {
      let returns = randomReturns(seed, 30, columns);
      if (duplicates)
        returns = pickColumns(
          returns,
          Array.from({ length: columns }, (_, i) => i >> 1),
        );
      const distances = assetDistances(returns);
      const plain = linkage('single', distancesBetweenRows(distances));
      const proposed = proposedLinkage(distances, singleProduct);
      // Twins are at a distance of 0, which the plain product knows to half its digits only.
      expect(worstDifference(proposed.height, plain.height)).toBeLessThan(duplicates ? 1e-6 : 1e-12);
      if (!duplicates) expect(Array.from(leafOrder(proposed))).toEqual(Array.from(leafOrder(plain)));
    }),
  );
});

/** Distances of the assets of some returns. */
function assetDistances(returns: ReturnsMatrix): DistanceRows {
  const covariance = estimateCovariance('sample', returns);
  const live = Int32Array.from({ length: covariance.size }, (_, i) => i);
  return correlationDistances(covariance, live, inverseVolatilities(covariance));
}

/** X X' with every operation rounded to single precision, summed in a poor order. */
function singleProduct(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(rows * rows);
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j < rows; j += 1) {
      let sum = 0;
      for (let k = 0; k < columns; k += 1)
        sum = Math.fround(sum + Math.fround(values[i * columns + k]! * values[j * columns + k]!));
      out[i * rows + j] = sum;
    }
  }
  return out;
}
