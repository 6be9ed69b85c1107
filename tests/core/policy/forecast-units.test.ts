import { expect, test } from 'vitest';
import { allocate } from '../../../src/core/allocation/allocate.ts';
import type { ForecastResult } from '../../../src/core/forecast/forecast-result.ts';
import { decide } from '../../../src/core/policy/decide.ts';
import type { PortfolioPolicy } from '../../../src/core/policy/policy.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { compoundedMeanReturns, simpleReturns } from '../../../src/core/risk/returns.ts';
import { simulatedPanel } from '../forecast/simulated-prices.ts';
import { sampleInput, samplePolicy, targetsOf } from './samples.ts';

const symbols = ['U', 'V', 'W'];
const panel = simulatedPanel(symbols, 120);
/** mean log returns large enough for simple ones to be told apart: exp(0.06) - 1 = 0.0618 */
const values = [0.04, 0.05, 0.06];
const forecastFor = (order: readonly string[]): ForecastResult => ({
  forecast: {
    asOf: panel.lastSession,
    symbols: [...order],
    horizonSessions: 21,
    modelIds: {},
    mean: { values: order.map((symbol) => values[symbols.indexOf(symbol)]!), unit: 'log-return-per-session' },
  },
  trainedOn: panel.lastSession,
  reason: null,
});
const free = { commissionBps: 0, halfSpreadBps: 0, impactBps: 0, averageDailyValue: null };
const policyOf = (changes: Partial<PortfolioPolicy>) =>
  samplePolicy(symbols, { costs: { base: free, bySymbol: {}, portfolioValue: 1 }, ...changes });
const decided = (changes: Partial<PortfolioPolicy>, order = symbols) => {
  const decision = decide(sampleInput(policyOf(changes), panel, { forecastResult: forecastFor(order) }));
  expect(decision.fallbackLevel).toBe('full');
  return decision;
};

test.each(['mvo', 'cla'] as const)(
  '%s blends the forecast with history as simple returns, not as logs',
  (allocator) => {
    const allocatorOptions = { objective: 'max-sharpe' as const };
    const targets = targetsOf(decided({ allocator, allocatorOptions, signalScale: 0.5 }));
    const returns = simpleReturns(panel.last(41));
    const covariance = estimateCovariance('sample', returns);
    const history = compoundedMeanReturns(returns, 252);
    const weightsBy = (forecast: (log: number) => number) =>
      allocate(
        allocator,
        { returns, covariance, mean: values.map((log, i) => 0.5 * forecast(log) + 0.5 * history[i]!) },
        allocatorOptions,
      );
    const distance = (others: readonly number[]) =>
      Math.max(...targets.map((target, i) => Math.abs(target - others[i]!)));
    expect(distance(weightsBy(Math.expm1))).toBeLessThan(1e-9);
    expect(distance(weightsBy((log) => log))).toBeGreaterThan(1e-4);
  },
);

test('a signal allocator takes the means as the model gave them', () => {
  const sum = values.reduce((total, value) => total + value, 0);
  const targets = targetsOf(decided({ allocator: 'signal', signalScale: 1 }));
  targets.forEach((target, i) => {
    expect(target).toBeCloseTo(values[i]! / sum, 12);
  });
});

test("a decision does not depend on the order of the forecast's symbols, nor on others in it", () => {
  const inOrder = decided({});
  expect(decided({}, ['W', 'U', 'V'])).toEqual(inOrder);
  expect(inOrder.lines.map(({ forecast }) => forecast)).toEqual(values);
});
