import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocate } from '../../../src/core/allocation/allocate.ts';
import type { RiskMeasure } from '../../../src/core/allocation/herc.ts';
import { gapClusterCount } from '../../../src/core/clustering/clusters.ts';
import { correlationDistances } from '../../../src/core/clustering/correlation-distance.ts';
import { type LinkageName, linkage } from '../../../src/core/clustering/linkage.ts';
import { inverseVolatilities } from '../../../src/core/risk/covariance.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { conditionalDrawdownAtRisk, conditionalValueAtRisk } from '../../../src/core/risk/tail-risk.ts';
import { worstDifference } from './peers.ts';
import { matrixOf, randomReturns, someReturns } from './random-returns.ts';

type Result = { linkage: LinkageName; riskMeasure: RiskMeasure; clusterCount: number; weights: number[] };

const cases = JSON.parse(
  readFileSync(new URL('../../oracles/allocation/herc.json', import.meta.url), 'utf8'),
) as { returns: number[][]; results: Result[] }[];

describe('herc against riskfolio 7.4 (correlation distance, two-difference gap statistic, 5% tails)', () => {
  for (const { returns: rows, results } of cases) {
    const returns = matrixOf(rows);
    const covariance = estimateCovariance('sample', returns);
    for (const { clusterCount, weights: expected, ...options } of results) {
      test(`${returns.columns} assets, ${options.linkage}, ${options.riskMeasure}: count and weights to 1e-12`, () => {
        const live = Int32Array.from({ length: returns.columns }, (_, i) => i);
        const distances = correlationDistances(covariance, live, inverseVolatilities(covariance));
        expect(gapClusterCount(linkage(options.linkage, distances), distances)).toBe(clusterCount);
        expect(worstDifference(allocate('herc', { returns, covariance }, options), expected)).toBeLessThan(
          1e-12,
        );
      });
    }
  }
});

describe('herc', () => {
  test('is inverse variance in one cluster, and shares by inverse variance between clusters of one', () => {
    const returns = randomReturns(4, 60, 2);
    const covariance = estimateCovariance('sample', returns);
    const [a, , , d] = covariance.values;
    for (const clusterCount of [1, 2]) {
      expect(allocate('herc', { returns, covariance }, { clusterCount })[0]).toBeCloseTo(d! / (a! + d!), 14);
    }
  });

  test('gives an asset that never fell no more than its risk floor allows, and no NaN', () => {
    const returns = randomReturns(4, 60, 3);
    for (let t = 0; t < 60; t += 1) returns.values[t * 3] = 0.001 + 1e-5 * (t % 7);
    const covariance = estimateCovariance('sample', returns);
    for (const riskMeasure of ['cvar', 'cdar'] as const) {
      const weights = allocate('herc', { returns, covariance }, { riskMeasure });
      expect(weights.every((weight) => weight >= 0 && weight <= 1)).toBe(true);
    }
  });

  test('refuses a cluster count that cannot be', () => {
    const returns = randomReturns(4, 60, 3);
    const covariance = estimateCovariance('sample', returns);
    for (const clusterCount of [0, 4, 1.5]) {
      expect(() => allocate('herc', { returns, covariance }, { clusterCount })).toThrow(
        /expected a whole number/,
      );
    }
  });
});

describe('tail risk by hand', () => {
  const returns = Float64Array.of(0.01, -0.05, 0.02, -0.03, 0.01, 0, -0.01, 0.03, 0.01, 0.02);

  test('cvar: mean of the worst fifth', () => {
    expect(conditionalValueAtRisk(returns, 0.2)).toBeCloseTo(0.04, 15);
  });

  test('cvar: the last session counts in part', () => {
    // the worst, and a half of the second worst, over one and a half sessions
    expect(conditionalValueAtRisk(returns, 0.15)).toBeCloseTo((0.05 + 0.015) / 1.5, 15);
  });

  test('cdar: mean of the two deepest drawdowns of the summed returns', () => {
    // sums 0.01 -0.04 -0.02 -0.05 -0.04 -0.04 -0.05 -0.02 -0.01 0.01 under a peak of 0.01
    expect(conditionalDrawdownAtRisk(returns, 0.2)).toBeCloseTo(0.06, 15);
  });

  test('scale with the returns', () => {
    fc.assert(
      fc.property(someReturns, (sample) => {
        const series = sample.values;
        expect(conditionalValueAtRisk(series.map((x) => 2 * x))).toBeCloseTo(
          2 * conditionalValueAtRisk(series),
          12,
        );
        expect(conditionalDrawdownAtRisk(series.map((x) => 2 * x))).toBeCloseTo(
          2 * conditionalDrawdownAtRisk(series),
          12,
        );
      }),
    );
  });
});
