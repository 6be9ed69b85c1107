import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gram } from '../../../src/core/numeric/gram.ts';
import { correlations } from '../../../src/core/risk/covariance.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { worstDifference } from '../allocation/peers.ts';
import { matrixOf, pickColumns, randomReturns, someReturns } from '../allocation/random-returns.ts';

const oracle = JSON.parse(
  readFileSync(new URL('../../oracles/allocation/covariances.json', import.meta.url), 'utf8'),
) as Record<
  'returns' | 'sample' | 'ewma' | 'ledoitWolf' | 'pairwiseCovariance' | 'pairwiseCorrelation',
  number[][]
> & {
  gaps: (number | null)[][];
  shrinkage: number;
};

describe('covariances against numpy, pandas and scikit-learn', () => {
  const returns = matrixOf(oracle.returns);

  test('sample: divisor n - 1', () => {
    expect(worstDifference(estimateCovariance('sample', returns).values, oracle.sample.flat())).toBeLessThan(
      1e-17,
    );
  });

  test('ewma: RiskMetrics recursion, 0.94, started from the first session', () => {
    expect(worstDifference(estimateCovariance('ewma', returns).values, oracle.ewma.flat())).toBeLessThan(
      1e-17,
    );
  });

  test('ledoit-wolf: as scikit-learn (constant variance target)', () => {
    const estimate = estimateCovariance('ledoit-wolf', returns);
    expect(estimate.shrinkage).toBeCloseTo(oracle.shrinkage, 13);
    expect(worstDifference(estimate.values, oracle.ledoitWolf.flat())).toBeLessThan(1e-17);
  });

  test('pairwise over gaps: as pandas cov and corr', () => {
    const estimate = estimateCovariance('sample', matrixOf(oracle.gaps), { gaps: 'pairwise' });
    expect(worstDifference(estimate.values, oracle.pairwiseCovariance.flat())).toBeLessThan(1e-17);
    expect(worstDifference(estimate.correlation!, oracle.pairwiseCorrelation.flat())).toBeLessThan(1e-13);
  });
});

describe('covariance estimates', () => {
  test('refuse a gap by session and asset', () => {
    const returns = randomReturns(1, 10, 3);
    returns.values[7] = Number.NaN;
    expect(() => estimateCovariance('sample', returns)).toThrow(/asset 1 in session 2 is NaN/);
    expect(() => estimateCovariance('sample', returns)).toThrow(
      expect.objectContaining({ reason: 'not-finite' }),
    );
  });

  test('refuse one session and a wrong decay', () => {
    const returns = randomReturns(2, 10, 3);
    expect(() => estimateCovariance('ewma', randomReturns(1, 1, 3))).toThrow(/2 sessions/);
    expect(() => estimateCovariance('ewma', returns, { ewmaDecay: 1 })).toThrow(/ewmaDecay is 1/);
  });

  test('give a flat asset no variance and no correlation, never NaN', () => {
    const returns = randomReturns(3, 30, 4);
    for (let t = 0; t < 30; t += 1) returns.values[t * 4 + 2] = 0.001;
    const rho = correlations(estimateCovariance('sample', returns));
    expect(Array.from(rho.subarray(8, 12))).toEqual([0, 0, 1, 0]);
  });

  test('give two equal assets a correlation of exactly 1 wherever they stand', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 2, max: 40 }),
        fc.nat(),
        fc.nat(),
        (seed, columns, a, b) => {
          const from = a % columns;
          const to = b % columns;
          const order = Array.from({ length: columns }, (_, i) => (i === to ? from : i));
          const covariance = estimateCovariance(
            'sample',
            pickColumns(randomReturns(seed, 20, columns), order),
          );
          const { values, size } = covariance;
          expect(values[from * size + to]).toBe(values[from * size + from]);
          expect(correlations(covariance)[from * size + to]).toBeCloseTo(1, 14);
        },
      ),
    );
  });

  test('are symmetric and equal to the plain double loop', () => {
    fc.assert(
      fc.property(someReturns, (returns) => {
        const { rows, columns, values } = returns;
        const products = gram(rows, columns, values);
        for (let i = 0; i < columns; i += 1) {
          for (let j = 0; j < columns; j += 1) {
            let sum = 0;
            for (let t = 0; t < rows; t += 1) sum += values[t * columns + i]! * values[t * columns + j]!;
            expect(products[i * columns + j]).toBe(sum);
          }
        }
      }),
    );
  });
});
