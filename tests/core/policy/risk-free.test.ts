import { expect, test } from 'vitest';
import { decide } from '../../../src/core/policy/decide.ts';
import type { PortfolioPolicy } from '../../../src/core/policy/policy.ts';
import { riskFreePerSession } from '../../../src/core/policy/risk-free.ts';
import { simulatedPanel } from '../forecast/simulated-prices.ts';
import { sampleInput, samplePolicy, targetsOf } from './samples.ts';

const symbols = ['AAA', 'BBB', 'CCC'];
const panel = simulatedPanel([...symbols, 'BILL'], 80);
const policy = samplePolicy(symbols, {
  allocator: 'mvo',
  allocatorOptions: { objective: 'max-sharpe' },
  signalScale: 0,
});
const targets = (changes: Partial<PortfolioPolicy>) =>
  targetsOf(decide(sampleInput({ ...policy, ...changes }, panel.select([...symbols, 'BILL']))));

test('the rate is the policy’s, else what cash earns, by the session', () => {
  const cash = { ratePerYear: 0.04, proxySymbol: null };
  expect(riskFreePerSession(policy, panel)).toBe(0);
  expect(riskFreePerSession({ ...policy, cash }, panel)).toBe(0.04 / 252);
  expect(riskFreePerSession({ ...policy, cash, riskFreeRatePerYear: 0.01 }, panel)).toBe(0.01 / 252);
  const follows = { ...policy, cash: { ratePerYear: 0, proxySymbol: 'BILL' } };
  const levels = panel.column('BILL').slice(-41);
  const growth = levels.at(-1)! / levels[0]!;
  expect(riskFreePerSession(follows, panel)).toBeCloseTo((growth ** (252 / 40) - 1) / 252, 12);
});

test('a tangency is measured from it, unless the allocator has a rate of its own', () => {
  const plain = targets({});
  const high = targets({ riskFreeRatePerYear: -0.1 });
  expect(Math.max(...plain.map((w, i) => Math.abs(w - high[i]!)))).toBeGreaterThan(0.001);
  const own = { objective: 'max-sharpe' as const, riskFreeRate: -0.1 / 252 };
  expect(targets({ allocatorOptions: own })).toEqual(high);
  expect(targets({ allocatorOptions: { ...own, riskFreeRate: 0 }, riskFreeRatePerYear: -0.1 })).toEqual(
    plain,
  );
});

test('a panel without the symbol that cash follows is refused', () => {
  const follows = { ...policy, cash: { ratePerYear: 0, proxySymbol: 'BILL' } };
  expect(() => decide(sampleInput(follows, panel.select(symbols)))).toThrow(/no BILL; expected/);
});
