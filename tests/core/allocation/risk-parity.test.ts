import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { riskParityWeights } from '../../../src/core/allocation/risk-parity.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { worstDifference } from './peers.ts';
import { riskShares } from './portfolio-measures.ts';
import { generator, randomReturns, someReturns } from './random-returns.ts';

describe('risk-parity', () => {
  test('meets any budgets', () => {
    fc.assert(
      fc.property(someReturns, fc.integer(), (returns, seed) => {
        const covariance = estimateCovariance('sample', returns);
        const uniform = generator(seed);
        const scores = Array.from({ length: returns.columns }, () => 0.05 + uniform());
        const sum = scores.reduce((total, score) => total + score, 0);
        const budgets = scores.map((score) => score / sum);
        const weights = riskParityWeights(covariance, { budgets });
        expect(worstDifference(riskShares(covariance, weights), budgets)).toBeLessThan(1e-12);
      }),
    );
  });

  test('by hand: two assets, whatever their correlation, by 1 / sigma', () => {
    for (const rho of [-0.9, 0, 0.5, 0.999]) {
      const covariance = { size: 2, values: Float64Array.of(1, 2 * rho, 2 * rho, 4) };
      expect(worstDifference(riskParityWeights(covariance), [2 / 3, 1 / 3])).toBeLessThan(1e-12);
    }
  });

  test('says so where assets hedge each other perfectly', () => {
    const covariance = { size: 2, values: Float64Array.of(1, -1, -1, 1) };
    expect(() => riskParityWeights(covariance)).toThrow(
      expect.objectContaining({ reason: 'no-convergence' }),
    );
  });

  test('refuses budgets that are not positive or not one per asset', () => {
    const covariance = estimateCovariance('sample', randomReturns(1, 30, 3));
    expect(() => riskParityWeights(covariance, { budgets: [1, 0, 1] })).toThrow(/budget of asset 1 is 0/);
    expect(() => riskParityWeights(covariance, { budgets: [1, 1] })).toThrow(/2 risk budgets, expected 3/);
  });
});
