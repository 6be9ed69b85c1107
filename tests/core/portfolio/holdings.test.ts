import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CostModel, tradeCost } from '../../../src/core/portfolio/costs.ts';
import { drift, emptyHoldings, invested, tradingTo } from '../../../src/core/portfolio/holdings.ts';
import { holdingsOf } from '../policy/samples.ts';

const flat: CostModel = {
  base: { commissionBps: 1, halfSpreadBps: 2, impactBps: 0, averageDailyValue: null },
  bySymbol: {},
  portfolioValue: 1_000_000,
};

describe('drift', () => {
  test('earns simple returns by weight, and nothing on cash', () => {
    const { holdings, earned } = drift({ weights: [0.6, 0.3], cash: 0.1 }, [0.1, -0.05]);
    // 0.66 + 0.285 + 0.1
    expect(earned).toBeCloseTo(0.045, 15);
    expect(holdings.weights[0]).toBeCloseTo(0.66 / 1.045, 15);
    expect(holdings.weights[1]).toBeCloseTo(0.285 / 1.045, 15);
    expect(holdings.cash).toBeCloseTo(0.1 / 1.045, 15);
  });

  test('lets cash earn its own return, and pay it where it is owed', () => {
    const { holdings, earned } = drift({ weights: [0.6, 0.3], cash: 0.1 }, [0.1, -0.05], 0.02);
    expect(earned).toBeCloseTo(0.6 * 0.1 - 0.3 * 0.05 + 0.1 * 0.02, 15);
    expect(holdings.cash).toBeCloseTo(0.102 / (1 + earned), 15);
    expect(drift({ weights: [1.5], cash: -0.5 }, [0], 0.02).earned).toBeCloseTo(-0.01, 15);
  });

  test('is not the sum of weighted log returns', () => {
    const { earned } = drift(holdingsOf([0.5, 0.5]), [1, -0.5]);
    expect(earned).toBe(0.25); // 0.5 ln 2 + 0.5 ln 0.5 is 0
  });

  test('compounds: two sessions are one of the compounded returns', () => {
    const weights = fc.array(fc.double({ min: 0, max: 0.25, noNaN: true }), { minLength: 3, maxLength: 3 });
    const returns = fc.array(fc.double({ min: -0.9, max: 2, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(weights, returns, returns, (w, first, second) => {
        const holdings = holdingsOf(w);
        const once = drift(holdings, first);
        const twice = drift(once.holdings, second);
        const both = drift(
          holdings,
          first.map((r, i) => (1 + r) * (1 + second[i]!) - 1),
        );
        expect((1 + once.earned) * (1 + twice.earned)).toBeCloseTo(1 + both.earned, 10);
        expect(invested(twice.holdings) + twice.holdings.cash).toBeCloseTo(1, 12);
        twice.holdings.weights.forEach((weight, i) => {
          expect(weight).toBeCloseTo(both.holdings.weights[i]!, 12);
        });
      }),
      { seed: 31 },
    );
  });
});

describe('tradingTo', () => {
  test('counts every trade of an asset once, both ways, and cash not at all', () => {
    const trading = tradingTo(holdingsOf([0.5, 0.3]), [0.2, 0.4], ['AAA', 'BBB'], flat);
    expect(trading.turnoverTwoWay).toBeCloseTo(0.4, 15);
    expect(trading.turnoverOneWay).toBeCloseTo(0.2, 15);
    expect(trading.costRatio).toBeCloseTo(0.4 * 0.0003, 15);
    expect(trading.costs).toEqual([expect.closeTo(0.3 * 0.0003, 15), expect.closeTo(0.1 * 0.0003, 15)]);
    expect(tradingTo(emptyHoldings(2), [0.5, 0.5], ['AAA', 'BBB'], flat).turnoverTwoWay).toBe(1);
  });
});

describe('tradeCost', () => {
  const model: CostModel = {
    ...flat,
    bySymbol: {
      THIN: { commissionBps: 2, halfSpreadBps: 8, impactBps: 100, averageDailyValue: 400_000 },
      UNKNOWN: { commissionBps: 2, halfSpreadBps: 8, impactBps: 100, averageDailyValue: null },
    },
  };

  test('is commission, half the spread and the square root of the days traded', () => {
    // 0.1 of a million is a quarter of an average day: 2 + 8 + 100 x 0.5 basis points of 0.1
    expect(tradeCost(model, 'THIN', 0.1)).toBeCloseTo(0.1 * 0.006, 15);
    expect(tradeCost(model, 'THIN', -0.1)).toBe(tradeCost(model, 'THIN', 0.1));
    expect(tradeCost(model, 'THIN', 0.4)).toBeCloseTo(0.4 * 0.011, 15);
    expect(tradeCost({ ...model, portfolioValue: 4_000_000 }, 'THIN', 0.1)).toBeCloseTo(0.1 * 0.011, 15);
    expect(tradeCost(model, 'UNKNOWN', 0.1)).toBeCloseTo(0.1 * 0.001, 15);
    expect(tradeCost(model, 'OTHER', 0.1)).toBeCloseTo(0.1 * 0.0003, 15);
    expect(tradeCost(model, 'THIN', 0)).toBe(0);
  });
});
