import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { allocate } from '../../../src/core/allocation/allocate.ts';
import { hierarchicalRiskParity } from '../../../src/core/allocation/hrp.ts';
import { inverseVolatilityWeights } from '../../../src/core/allocation/inverse-vol.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { worstDifference } from './peers.ts';
import { matrixOf } from './random-returns.ts';

const oracle = JSON.parse(
  readFileSync(new URL('../../oracles/allocation/hrp_paper.json', import.meta.url), 'utf8'),
) as {
  simulated: { returns: number[][]; weights: number[] }[];
  example: Record<'paper' | 'pypfopt' | 'riskfolio' | 'inverseVariance', number[]> & {
    covariance: number[][];
  };
};

describe("hrp on the paper's own example (10,000 sessions of 10 assets)", () => {
  const { example } = oracle;
  const covariance = { size: 10, values: Float64Array.from(example.covariance.flat()) };

  for (const variant of ['paper', 'pypfopt', 'riskfolio'] as const) {
    test(`variant ${variant} to 1e-12`, () => {
      const weights = hierarchicalRiskParity(covariance, { variant });
      expect(worstDifference(weights, example[variant])).toBeLessThan(1e-12);
    });
  }

  test('variant paper: the weights the paper prints, to their last digit', () => {
    const weights = hierarchicalRiskParity(covariance, { variant: 'paper' });
    expect(weights.map((weight) => Number((100 * weight).toFixed(2)))).toEqual([
      7, 7.59, 10.84, 19.03, 9.72, 10.19, 6.62, 9.1, 7.12, 12.79,
    ]);
  });

  test('inverse variance, for comparison: the paper takes the square of inverse-vol', () => {
    const inverse = inverseVolatilityWeights(covariance).map((weight) => weight ** 2);
    const sum = inverse.reduce((total, weight) => total + weight, 0);
    const shares = inverse.map((weight) => weight / sum);
    expect(worstDifference(shares, example.inverseVariance)).toBeLessThan(1e-12);
  });
});

describe("hrp, variant paper, against the paper's code on other data", () => {
  for (const { returns: rows, weights: expected } of oracle.simulated) {
    test(`${expected.length} assets to 1e-12`, () => {
      const returns = matrixOf(rows);
      const covariance = estimateCovariance('sample', returns);
      const weights = allocate('hrp', { returns, covariance }, { variant: 'paper' });
      expect(worstDifference(weights, expected)).toBeLessThan(1e-12);
    });
  }
});
