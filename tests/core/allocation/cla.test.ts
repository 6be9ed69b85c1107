import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate } from '../../../src/core/allocation/allocate.ts';
import { criticalLine } from '../../../src/core/allocation/cla.ts';
import { meanVariance } from '../../../src/core/allocation/mvo.ts';
import { greatestSharpe, leastVariance } from '../../../src/core/optimisation/frontier.ts';
import type { Covariance } from '../../../src/core/risk/covariance.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { compoundedMeanReturns, meanReturns } from '../../../src/core/risk/returns.ts';
import { describeWithReference, referenceData } from '../../support/reference-data.ts';
import { peerCase, peerPortfolios, worstDifference } from './peers.ts';
import { pickColumns, randomReturns, someReturns } from './random-returns.ts';
import { numericMatrix, priceReturns, readTable, widePrices } from './reference-tables.ts';

function moments({ size, values }: Covariance, mean: ArrayLike<number>, weights: readonly number[]) {
  let variance = 0;
  let reward = 0;
  for (let i = 0; i < size; i++) {
    reward += weights[i]! * mean[i]!;
    for (let j = 0; j < size; j++) variance += weights[i]! * weights[j]! * values[i * size + j]!;
  }
  return { mean: reward, volatility: Math.sqrt(variance), sharpe: reward / Math.sqrt(variance) };
}

describeWithReference("cla on Bailey and Lopez de Prado's ten assets (weights 0..1)", () => {
  const data = numericMatrix('reference/cla/CLA_Data.csv');
  const mean = Array.from(data.values.subarray(0, 10));
  const covariance = { size: 10, values: data.values.slice(30) };
  const { turningPoints } = criticalLine(covariance, mean);

  it('gives the ten published turning points, to their three decimals', () => {
    const { rows } = readTable('reference/cla/published_turning_points.csv');
    const ours = turningPoints.map((point) => [
      point.mean,
      Math.sqrt(point.variance),
      point.lambda,
      ...point.weights,
    ]);
    expect(ours).toHaveLength(rows.length);
    ours.forEach((row, k) => {
      expect(worstDifference(row, rows[k]!.map(Number))).toBeLessThan(6e-4);
    });
  });

  it("gives PyPortfolioOpt's ten digits of them", () => {
    const rows = readTable('reference/cla/turning_points_pypfopt.csv').rows.slice(1); // its first repeats the start
    turningPoints.forEach((point, k) => {
      expect(worstDifference(point.weights, rows[k]!.slice(3).map(Number))).toBeLessThan(1e-9);
      expect(point.mean).toBeCloseTo(Number(rows[k]![0]), 8);
      expect(Math.sqrt(point.variance)).toBeCloseTo(Number(rows[k]![1]), 9);
      expect(Math.abs(point.lambda / (Number(rows[k]![2]) || 1) - (point.lambda > 0 ? 1 : 0))).toBeLessThan(
        1e-9,
      );
    });
  });

  it('gives the maximum Sharpe ratio 4.45353 and the least variance', () => {
    const { rows } = readTable('reference/cla/max_sharpe_min_variance_pypfopt.csv');
    const tangency = greatestSharpe({ turningPoints });
    expect(moments(covariance, mean, tangency).sharpe).toBeCloseTo(4.45353, 5);
    expect(
      worstDifference(
        tangency,
        rows.map((row) => Number(row[1])),
      ),
    ).toBeLessThan(1e-8);
    expect(
      worstDifference(
        leastVariance({ turningPoints }),
        rows.map((row) => Number(row[2])),
      ),
    ).toBeLessThan(1e-9);
  });
});

describeWithReference('cla against PyPortfolioOpt, four universes and fourteen years', () => {
  it('cla_minvol_long: sample covariance, to 1e-8', () => {
    const portfolios = peerPortfolios('cla_minvol_long', 'pyportfolioopt');
    expect(portfolios).toHaveLength(83);
    for (const portfolio of portfolios) {
      const { expected, label, ...input } = peerCase(portfolio);
      expect(worstDifference(allocate('cla', input), expected), label).toBeLessThan(1e-8);
    }
  });

  it('cla_maxsharpe_rf0_long: compounded yearly mean, to 1e-6 where theirs is the optimum, better where not', () => {
    const beaten: string[] = [];
    const portfolios = peerPortfolios('cla_maxsharpe_rf0_long', 'pyportfolioopt');
    for (const portfolio of portfolios) {
      const { expected, label, ...input } = peerCase(portfolio);
      const mean = compoundedMeanReturns(input.returns);
      if (Math.max(...mean) <= 0) {
        expect(label).toBe('core4 2018-12-31 252'); // theirs is then the least bad asset
        expect(() => allocate('cla', input, { objective: 'max-sharpe' })).toThrow(/risk-free rate/);
        continue;
      }
      const weights = allocate('cla', input, { objective: 'max-sharpe' });
      if (worstDifference(weights, expected) < 1e-6) continue;
      // Their golden section misses the best segment of some frontiers.
      const ours = moments(input.covariance, mean, weights).sharpe;
      expect(ours, label).toBeGreaterThan(moments(input.covariance, mean, expected).sharpe + 1e-8);
      beaten.push(label);
    }
    expect(portfolios).toHaveLength(83);
    expect(beaten).toHaveLength(11);
  });

  it("their own tests' portfolios of 20 stocks with gaps (pairwise covariance, risk-free 2% in the ratio only)", () => {
    const { symbols, prices } = widePrices('reference/pypfopt/stock_prices.csv.gz');
    const returns = priceReturns(prices);
    const covariance = estimateCovariance('sample', returns, { gaps: 'pairwise' });
    const mean = Array.from(compoundedMeanReturns(returns));
    const tests = JSON.parse(
      readFileSync(referenceData('reference/pypfopt/expected_values.json'), 'utf8'),
    ).test_cla;
    const expected = (name: string): number[] =>
      tests.find((one: { test: string }) => one.test === name).expected;
    const annual = (weights: number[]): number[] => {
      const { mean: reward, volatility } = moments(covariance, mean, weights);
      const yearly = volatility * Math.sqrt(252);
      return [reward * 252, yearly, (reward * 252 - 0.02) / yearly];
    };
    const short = { lower: symbols.map(() => -1), upper: symbols.map(() => 1) };
    const long = criticalLine(covariance, mean);
    // Their golden section stops at 1e-9 of a segment.
    for (const [weights, name] of [
      [greatestSharpe(long), 'test_cla_max_sharpe_long_only'],
      [greatestSharpe(criticalLine(covariance, mean, short)), 'test_cla_max_sharpe_short'],
      [leastVariance(long), 'test_cla_min_volatility'],
    ] as const) {
      expect(worstDifference(annual(weights), expected(name)), name).toBeLessThan(1e-6);
    }
  });
});

describe('criticalLine', () => {
  it('agrees with the quadratic programme at every turning point and between', () => {
    fc.assert(
      fc.property(someReturns, fc.boolean(), (returns, short) => {
        const covariance = estimateCovariance('sample', returns);
        const mean = Array.from(meanReturns(returns));
        const lower = mean.map(() => (short ? -0.4 : 0));
        const bounds = { lower, upper: mean.map(() => 1) };
        const { turningPoints } = criticalLine(covariance, mean, bounds);
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

  it('takes equal means, where the frontier is one point', () => {
    const covariance = estimateCovariance('sample', randomReturns(2, 60, 5));
    const { turningPoints } = criticalLine(covariance, [1, 1, 1, 1, 1]);
    expect(turningPoints).toHaveLength(1);
    const least = meanVariance({ objective: 'min-variance', covariance }).weights;
    expect(worstDifference(turningPoints[0]!.weights, least)).toBeLessThan(1e-12);
  });

  it('takes ties at the top, duplicates and fewer sessions than assets', () => {
    const covariance = estimateCovariance('sample', randomReturns(2, 60, 5));
    const tied = criticalLine(covariance, [1, 1, 1, 0, 0]);
    const best = criticalLine(
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
      const line = criticalLine(singular, Array.from(meanReturns(returns)));
      const least = meanVariance({ objective: 'min-variance', covariance: singular });
      const mean = meanReturns(returns);
      expect(moments(singular, mean, leastVariance(line)).volatility).toBeCloseTo(
        moments(singular, mean, least.weights).volatility,
        7,
      );
    }
  });

  it('refuses bounds without room', () => {
    const covariance = estimateCovariance('sample', randomReturns(2, 60, 3));
    const bounds = { lower: [0, 0, 0], upper: [0.3, 0.3, 0.3] };
    expect(() => criticalLine(covariance, [1, 2, 3], bounds)).toThrow(
      expect.objectContaining({ reason: 'infeasible' }),
    );
  });

  it('refuses utility by name', () => {
    const returns = randomReturns(2, 60, 3);
    const covariance = estimateCovariance('sample', returns);
    expect(() => allocate('cla', { returns, covariance }, { objective: 'utility' })).toThrow(
      /mvo also has utility/,
    );
  });
});
