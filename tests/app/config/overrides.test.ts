import fc from 'fast-check';
import { expect, test } from 'vitest';
import { policyOf } from '../../../src/app/config/load.ts';
import { calendarByName } from '../../../src/core/calendar/calendars.ts';
import { boundsOf } from '../../../src/core/policy/policy.ts';
import { tradeCost } from '../../../src/core/portfolio/costs.ts';
import { configWith, type PortfolioInput, portfolioInput } from '../../support/context.ts';

const policyWith = (changes: Partial<PortfolioInput>) =>
  policyOf(configWith([portfolioInput(changes)]).portfolios[0]!, calendarByName('XNYS'));

const costs = { commissionBps: 4, halfSpreadBps: 6, impactBps: 50, averageDailyValue: 1_000_000 };

test('a symbol whose one cost is its own pays the portfolio’s other costs', () => {
  const { costs: model } = policyWith({
    costs: {
      ...costs,
      bySymbol: { BBB: { halfSpreadBps: 1 }, CCC: { impactBps: 0, averageDailyValue: null } },
    },
  });
  expect(model.bySymbol).toEqual({
    BBB: { ...costs, halfSpreadBps: 1 },
    CCC: { ...costs, impactBps: 0, averageDailyValue: null },
  });
  // A tenth of 100,000 is a hundredth of an average day: 4 + 1 + 50 x 0.1 basis points of the tenth.
  expect(tradeCost(model, 'BBB', 0.1)).toBeCloseTo(10 * 0.1 * 1e-4, 15);
});

test('a symbol with an own lower bound keeps the portfolio’s upper bound', () => {
  const policy = policyWith({
    bounds: { lower: 0.1, upper: 0.5 },
    boundsBySymbol: { AAA: { lower: 0.2 }, BBB: { upper: 0.4 }, CCC: {} },
  });
  expect(boundsOf(policy)).toEqual([
    { lower: 0.2, upper: 0.5 },
    { lower: 0.1, upper: 0.4 },
    { lower: 0.1, upper: 0.5 },
  ]);
});

test('an own bound that contradicts the portfolio’s other bound is refused where it stands', () => {
  const contradiction = { bounds: { lower: 0.1, upper: 0.5 }, boundsBySymbol: { AAA: { lower: 0.6 } } };
  expect(() => policyWith(contradiction)).toThrow(
    /expected lower <= upper, got 0.6 and 0.5 \(what it leaves out is as in bounds\)/,
  );
});

test('an own impact needs no average daily value where the portfolio has one, and is refused where it has none', () => {
  const own = { bySymbol: { AAA: { impactBps: 20 } } };
  expect(policyWith({ costs: { ...costs, ...own } }).costs.bySymbol.AAA).toEqual({ ...costs, impactBps: 20 });
  expect(() => policyWith({ costs: own })).toThrow(/averageDailyValue/);
});

test('whatever an entry leaves out is the portfolio’s, whatever it says is its own', () => {
  const value = fc.integer({ min: 0, max: 900 });
  const all = fc.record({
    commissionBps: value,
    halfSpreadBps: value,
    impactBps: value,
    averageDailyValue: fc.integer({ min: 1, max: 1e6 }),
  });
  fc.assert(
    fc.property(all, all, fc.subarray(Object.keys(costs) as (keyof typeof costs)[]), (base, others, kept) => {
      const own = Object.fromEntries(kept.map((field) => [field, others[field]]));
      const { bySymbol } = policyWith({ costs: { ...base, bySymbol: { AAA: own } } }).costs;
      expect(bySymbol.AAA).toEqual({ ...base, ...own });
    }),
    { seed: 9, numRuns: 50 },
  );
});
