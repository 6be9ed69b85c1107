import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocate } from '../../../src/core/allocation/allocate.ts';
import { meanVariance } from '../../../src/core/allocation/mvo.ts';
import { greatestSharpe, leastVariance } from '../../../src/core/optimisation/frontier.ts';
import type { Covariance } from '../../../src/core/risk/covariance.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { meanReturns } from '../../../src/core/risk/returns.ts';
import { wholeLine } from './critical-line.ts';
import { worstDifference } from './peers.ts';
import { quadraticForm } from './portfolio-measures.ts';
import { pickColumns, randomReturns, someReturns } from './random-returns.ts';

function moments(covariance: Covariance, mean: ArrayLike<number>, weights: readonly number[]) {
  const reward = weights.reduce((sum, weight, i) => sum + weight * mean[i]!, 0);
  const volatility = Math.sqrt(quadraticForm(covariance, weights));
  return { volatility, sharpe: reward / volatility };
}

describe("cla on Bailey and Lopez de Prado's ten assets (weights 0..1)", () => {
  const oracle = JSON.parse(
    readFileSync(new URL('../../oracles/allocation/cla.json', import.meta.url), 'utf8'),
  ) as {
    mean: number[];
    covariance: number[][];
    published: number[][];
    turningPoints: { mean: number; volatility: number; lambda: number; weights: number[] }[];
    maxSharpe: number[];
    minVariance: number[];
  };
  const covariance = { size: 10, values: Float64Array.from(oracle.covariance.flat()) };
  const line = wholeLine(covariance, oracle.mean);
  const { turningPoints } = line;
  const ours = turningPoints.map(({ mean, variance, lambda, weights }) => [
    mean,
    Math.sqrt(variance),
    lambda,
    ...weights,
  ]);

  test('gives the ten published turning points, to their three decimals', () => {
    expect(ours).toHaveLength(10);
    ours.forEach((row, k) => {
      expect(worstDifference(row, oracle.published[k]!)).toBeLessThan(6e-4);
    });
  });

  test("gives PyPortfolioOpt's digits of them, to 1e-11", () => {
    expect(oracle.turningPoints).toHaveLength(10);
    oracle.turningPoints.forEach(({ mean, volatility, lambda, weights }, k) => {
      expect(worstDifference(ours[k]!, [mean, volatility, lambda, ...weights])).toBeLessThan(1e-11);
    });
  });

  test('gives the maximum Sharpe ratio 4.45353 and the least variance', () => {
    const tangency = greatestSharpe(line);
    expect(moments(covariance, oracle.mean, tangency).sharpe).toBeCloseTo(4.45353, 5);
    expect(worstDifference(tangency, oracle.maxSharpe)).toBeLessThan(1e-8);
    expect(worstDifference(leastVariance({ turningPoints }), oracle.minVariance)).toBeLessThan(1e-9);
  });
});

describe('criticalLine', () => {
  test('agrees with the quadratic programme at every turning point and between', () => {
    fc.assert(
      fc.property(someReturns, fc.boolean(), (returns, short) => {
        const covariance = estimateCovariance('sample', returns);
        const mean = Array.from(meanReturns(returns));
        const lower = mean.map(() => (short ? -0.4 : 0));
        const bounds = { lower, upper: mean.map(() => 1) };
        const { turningPoints } = wholeLine(covariance, mean, bounds);
        turningPoints.forEach((point, k) => {
          const before = turningPoints[k - 1];
          if (!before) return;
          expect(point.lambda).toBeLessThan(before.lambda);
          const share = 0.37;
          const lambda = point.lambda + share * (before.lambda - point.lambda);
          const mixed = Array.from(point.weights, (w, i) => w + share * (before.weights[i]! - w));
          const { weights } = meanVariance({
            objective: 'utility',
            riskAversion: 1 / lambda,
            covariance,
            mean,
            bounds,
          });
          expect(worstDifference(mixed, weights)).toBeLessThan(1e-8);
        });
        const least = meanVariance({ objective: 'min-variance', covariance, bounds });
        expect(worstDifference(leastVariance({ turningPoints }), least.weights)).toBeLessThan(1e-8);
      }),
    );
  });

  test('takes equal means, where the frontier is one point', () => {
    const covariance = estimateCovariance('sample', randomReturns(2, 60, 5));
    const { turningPoints } = wholeLine(covariance, [1, 1, 1, 1, 1]);
    expect(turningPoints).toHaveLength(1);
    const least = meanVariance({ objective: 'min-variance', covariance }).weights;
    expect(worstDifference(turningPoints[0]!.weights, least)).toBeLessThan(1e-12);
  });

  test('takes ties at the top, duplicates and fewer sessions than assets', () => {
    const covariance = estimateCovariance('sample', randomReturns(2, 60, 5));
    const tied = wholeLine(covariance, [1, 1, 1, 0, 0]);
    const best = wholeLine(
      { size: 3, values: Float64Array.from([0, 1, 2, 5, 6, 7, 10, 11, 12], (k) => covariance.values[k]!) },
      [1, 1, 1],
    );
    expect(worstDifference(tied.turningPoints[0]!.weights.subarray(0, 3), leastVariance(best))).toBeLessThan(
      1e-9,
    );
    for (const returns of [
      pickColumns(randomReturns(3, 60, 4), [0, 1, 2, 3, 2, 1]),
      randomReturns(4, 12, 30),
    ]) {
      const singular = estimateCovariance('sample', returns);
      const line = wholeLine(singular, Array.from(meanReturns(returns)));
      const least = meanVariance({ objective: 'min-variance', covariance: singular });
      const mean = meanReturns(returns);
      expect(moments(singular, mean, leastVariance(line)).volatility).toBeCloseTo(
        moments(singular, mean, least.weights).volatility,
        7,
      );
    }
  });

  test('refuses bounds without room', () => {
    const covariance = estimateCovariance('sample', randomReturns(2, 60, 3));
    const bounds = { lower: [0, 0, 0], upper: [0.3, 0.3, 0.3] };
    expect(() => wholeLine(covariance, [1, 2, 3], bounds)).toThrow(
      expect.objectContaining({ reason: 'infeasible' }),
    );
  });

  test('refuses utility by name', () => {
    const returns = randomReturns(2, 60, 3);
    const covariance = estimateCovariance('sample', returns);
    expect(() => allocate('cla', { returns, covariance }, { objective: 'utility' })).toThrow(
      /mvo also has utility/,
    );
  });
});
