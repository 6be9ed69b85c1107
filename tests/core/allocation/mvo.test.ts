import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { meanVariance } from '../../../src/core/allocation/mvo.ts';
import type { Covariance } from '../../../src/core/risk/covariance.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { meanReturns } from '../../../src/core/risk/returns.ts';
import { worstDifference } from './peers.ts';
import { quadraticForm } from './portfolio-measures.ts';
import { generator, randomReturns, someReturns } from './random-returns.ts';

function sharpe(covariance: Covariance, mean: ArrayLike<number>, weights: readonly number[]): number {
  const reward = weights.reduce((sum, weight, i) => sum + weight * mean[i]!, 0);
  return reward / Math.sqrt(quadraticForm(covariance, weights));
}

describe('max-sharpe', () => {
  test('is not beaten by any other long-only portfolio', () => {
    fc.assert(
      fc.property(someReturns, fc.integer(), (returns, seed) => {
        const covariance = estimateCovariance('sample', returns);
        const mean = Array.from(meanReturns(returns), (value) => value + 0.002);
        if (Math.max(...mean) <= 0) return;
        const { weights } = meanVariance({ objective: 'max-sharpe', covariance, mean });
        const uniform = generator(seed);
        const scores = weights.map(() => uniform() ** 4);
        const sum = scores.reduce((total, score) => total + score, 0);
        const other = scores.map((score) => score / sum);
        const near = weights.map((weight, i) => 0.999 * weight + 0.001 * other[i]!);
        const best = sharpe(covariance, mean, weights);
        expect(best).toBeGreaterThan(sharpe(covariance, mean, other) - 1e-12);
        expect(best).toBeGreaterThan(sharpe(covariance, mean, near) - 1e-12);
      }),
    );
  });

  test('is the utility optimum of the risk aversion it reports, costs and turnover cap included', () => {
    const returns = randomReturns(5, 200, 8);
    const problem = {
      covariance: estimateCovariance('sample', returns),
      mean: Array.from(meanReturns(returns)),
      trading: { current: Array(8).fill(1 / 8), costBps: 10, impactBps: 20, turnoverMax: 0.3 },
    };
    const tangency = meanVariance({ ...problem, objective: 'max-sharpe' });
    const utility = meanVariance({ ...problem, objective: 'utility', riskAversion: tangency.riskAversion });
    expect(worstDifference(tangency.weights, utility.weights)).toBeLessThan(1e-9);
    const turnover = tangency.weights.reduce((sum, weight) => sum + Math.abs(weight - 1 / 8), 0) / 2;
    expect(turnover).toBeLessThan(0.3 + 1e-9);
    const free = meanVariance({ ...problem, objective: 'max-sharpe', trading: undefined });
    expect(turnover).toBeLessThan(
      free.weights.reduce((sum, weight) => sum + Math.abs(weight - 1 / 8), 0) / 2,
    );
  });

  test('says so when every mean is negative (March 2020)', () => {
    const covariance = estimateCovariance('sample', randomReturns(1, 60, 3));
    expect(() => meanVariance({ objective: 'max-sharpe', covariance, mean: [-0.01, -0.02, -0.001] })).toThrow(
      expect.objectContaining({ reason: 'no-positive-mean' }),
    );
  });

  test('gives all to a riskless asset that earns more than the rate', () => {
    const covariance = { size: 2, values: Float64Array.of(1e-4, 0, 0, 0) };
    const { weights } = meanVariance({ objective: 'max-sharpe', covariance, mean: [0.01, 0.001] });
    expect(weights).toEqual([0, 1]);
  });
});

describe('utility', () => {
  test('by hand: two uncorrelated assets', () => {
    // maximise 0.02 w + 0.01 (1 - w) - 2 (0.04 w^2 + 0.01 (1 - w)^2): 0.01 - 0.16 w + 0.04 (1 - w) = 0
    const { weights } = meanVariance({
      objective: 'utility',
      riskAversion: 4,
      covariance: { size: 2, values: Float64Array.of(0.04, 0, 0, 0.01) },
      mean: [0.02, 0.01],
    });
    expect(weights[0]).toBeCloseTo(0.05 / 0.2, 14);
  });

  test('refuses a missing and a NaN mean, and a risk aversion of 0', () => {
    const covariance = { size: 2, values: Float64Array.of(0.04, 0, 0, 0.01) };
    expect(() => meanVariance({ objective: 'utility', covariance })).toThrow(
      /needs 2 mean returns, got none/,
    );
    expect(() => meanVariance({ objective: 'utility', covariance, mean: [1, Number.NaN] })).toThrow(
      /mean of asset 1 is NaN/,
    );
    expect(() => meanVariance({ objective: 'utility', covariance, mean: [1, 1], riskAversion: 0 })).toThrow(
      /riskAversion is 0/,
    );
  });

  test('refuses limits that make no sense', () => {
    const covariance = { size: 2, values: Float64Array.of(0.04, 0, 0, 0.01) };
    const base = { objective: 'min-variance', covariance } as const;
    expect(() => meanVariance({ ...base, trading: { current: [1, 0], costBps: -1 } })).toThrow(
      /costBps of asset 0/,
    );
    expect(() => meanVariance({ ...base, trading: { current: [1] } })).toThrow(/1 entries of current weight/);
    expect(() => meanVariance({ ...base, groups: [{ members: [2], lower: 0, upper: 1 }] })).toThrow(
      /asset 2/,
    );
    expect(() => meanVariance({ ...base, grossExposureMax: -1 })).toThrow(/grossExposureMax is -1/);
    expect(() => meanVariance({ ...base, groups: [{ members: [0], lower: 1, upper: 0 }] })).toThrow(
      expect.objectContaining({ reason: 'infeasible' }),
    );
  });
});
