import { expect, test } from 'vitest';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { decide } from '../../../src/core/policy/decide.ts';
import { simulatedPanel } from '../forecast/simulated-prices.ts';
import { sampleInput, samplePolicy, targetsOf } from './samples.ts';

const symbols = ['AAA', 'BBB', 'CCC'];
const whole = simulatedPanel(symbols, 80, 12);
/** CCC begins 26 sessions before the end. */
const panel = new PricePanel(
  whole.sessions,
  symbols,
  whole.levels.map((column, i) => column.map((level, row) => (i === 2 && row < 54 ? Number.NaN : level))),
);
const policy = samplePolicy(symbols, {
  allocator: 'inverse-vol',
  quality: { fillSessionsMax: 3, missingRatioMax: 0.05, historySessionsMin: 20 },
});

function volatility(symbol: string, sessions: number): number {
  const levels = whole.column(symbol).slice(-sessions - 1);
  const returns = Array.from({ length: sessions }, (_, i) => levels[i + 1]! / levels[i]! - 1);
  const mean = returns.reduce((s, r) => s + r, 0) / sessions;
  return Math.sqrt(returns.reduce((s, r) => s + (r - mean) ** 2, 0) / (sessions - 1));
}

test('a young asset leaves the others their whole covariance window, and is noted', () => {
  const decision = decide(sampleInput(policy, panel));
  const [a, b, c] = targetsOf(decision);
  expect(decision.fallbackLevel).toBe('full');
  expect(a! / b!).toBeCloseTo(volatility('BBB', 40) / volatility('AAA', 40), 10);
  expect(a! / b!).not.toBeCloseTo(volatility('BBB', 25) / volatility('AAA', 25), 2);
  expect(c).toBeGreaterThan(0);
  expect(decision.quality).toEqual([
    {
      symbol: 'CCC',
      kind: 'shortened',
      sessions: 25,
      firstSession: panel.sessions[54],
      lastSession: panel.lastSession,
      reason:
        '25 of the 40 returns of the covariance window; what is before is inferred from the older assets',
    },
  ]);
});

test('allocators that read expected returns or tails weigh a young asset too', () => {
  for (const changes of [
    { allocator: 'mvo' as const, allocatorOptions: { objective: 'utility' as const } },
    { allocator: 'herc' as const, allocatorOptions: { riskMeasure: 'cvar' as const } },
  ]) {
    const decision = decide(sampleInput({ ...policy, ...changes, signalScale: 0 }, panel));
    expect(decision.fallbackLevel, decision.fallbackReason ?? '').toBe('full');
    expect(targetsOf(decision).reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 12);
  }
});
