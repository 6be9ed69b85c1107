import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { constrain } from '../../../src/core/optimisation/weight-limits.ts';
import { type CostModel, costTerms, tradeCost } from '../../../src/core/portfolio/costs.ts';

describe('one model of costs', () => {
  const model: CostModel = {
    base: { commissionBps: 1, halfSpreadBps: 2, impactBps: 0, averageDailyValue: null },
    bySymbol: {
      THIN: { commissionBps: 2, halfSpreadBps: 8, impactBps: 60, averageDailyValue: 50_000 },
      DEEP: { commissionBps: 0, halfSpreadBps: 0.5, impactBps: 15, averageDailyValue: 1e9 },
    },
    portfolioValue: 250_000,
  };
  const names = ['ANY', 'THIN', 'DEEP'];

  test('gives the optimiser, for every trade, the cost that is charged', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
        (trades) => {
          const terms = names.map((name) => costTerms(model, name));
          const problem = constrain(
            { size: 3, matrix: new Float64Array(9), linear: new Float64Array(3) },
            {
              trading: {
                current: [0, 0, 0],
                costBps: terms.map(({ costBps }) => costBps),
                impactBps: terms.map(({ impactBps }) => impactBps),
              },
            },
            1,
          );
          trades.forEach((trade, i) => {
            const size = Math.abs(trade);
            const weighed = problem.proportional[i]! * size + problem.impact[i]! * size ** 1.5;
            const charged = tradeCost(model, names[i]!, trade);
            expect(Math.abs(weighed - charged)).toBeLessThanOrEqual(1e-15 * Math.max(1, charged));
            expect(tradeCost(model, names[i]!, -trade)).toBe(charged);
          });
        },
      ),
      { numRuns: 200, seed: 44 },
    );
  });

  test('by hand: commission, half spread and the square root of the days a trade takes', () => {
    expect(tradeCost(model, 'ANY', 0.4)).toBeCloseTo(0.4 * 0.0003, 18);
    // a tenth of 250,000 is half of an average day: 10 + 60 x sqrt(1/2) basis points of the tenth
    expect(tradeCost(model, 'THIN', -0.1)).toBeCloseTo(0.1 * (10 + 60 * Math.SQRT1_2) * 1e-4, 18);
    expect(tradeCost(model, 'DEEP', 0)).toBe(0);
  });
});
