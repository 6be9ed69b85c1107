import { describe, expect, test } from 'vitest';
import { PricePanel } from '../../../src/core/market/panel.ts';
import type { Constrained } from '../../../src/core/policy/constraints.ts';
import { type DecideInput, decide } from '../../../src/core/policy/decide.ts';
import type { PortfolioPolicy } from '../../../src/core/policy/policy.ts';
import type { Universe } from '../../../src/core/policy/universe.ts';
import { scaleToVolatilityTarget } from '../../../src/core/policy/volatility-target.ts';
import { simulatedPanel } from '../forecast/simulated-prices.ts';
import { holdingsOf, inState, sampleInput, sampleLimits, samplePolicy, targetsOf } from './samples.ts';

const symbols = ['VOLATILE', 'STEADY'];
/** 3 and 0.2 % a day, up and down in turns of one and of two sessions: uncorrelated over 40 sessions. */
const panel = new PricePanel(
  simulatedPanel(symbols, 60).sessions,
  symbols,
  [1, 2].map((turn) => {
    let level = 1;
    return Float64Array.from({ length: 60 }, (_, row) => {
      level *= 1 + (turn === 1 ? 0.03 : 0.002) * (Math.floor(row / turn) % 2 === 0 ? 1 : -1);
      return level;
    });
  }),
);
const policy = samplePolicy(symbols, { allocator: 'equal' });
const daily = (weights: readonly number[]) =>
  Math.sqrt((((0.03 * weights[0]!) ** 2 + (0.002 * weights[1]!) ** 2) * 40) / 39);
const yearly = (weights: readonly number[]) => daily(weights) * Math.sqrt(252);

function held(
  weights: readonly number[],
  policyChanges: Partial<PortfolioPolicy> = {},
  changes: Partial<DecideInput> = {},
) {
  const holdings = holdingsOf(weights);
  return decide(
    sampleInput({ ...policy, ...policyChanges }, panel, { holdings, shadowHoldings: holdings, ...changes }),
  );
}
const close = (weights: readonly number[], digits = 9) => weights.map((w) => expect.closeTo(w, digits));

describe('a volatility target', () => {
  test('scales all that is invested, in proportion, down to it, and says so', () => {
    const decision = held([0.5, 0.5], { volatilityTarget: 0.1 });
    const share = 0.1 / yearly([0.5, 0.5]);
    expect(share).toBeLessThan(0.5);
    expect(targetsOf(decision)).toEqual(close([0.5 * share, 0.5 * share]));
    expect(yearly(targetsOf(decision))).toBeCloseTo(0.1, 9);
    expect(decision.cash.target).toBeCloseTo(1 - share, 9);
    expect(decision.exposureRatio).toBe(1); // what the drawdown state allows
    expect(decision.binding).toEqual([
      { kind: 'volatility', name: 'volatility', limit: 0.1, multiplier: null },
    ]);
  });

  test('is annualised by the sessions of the portfolio’s calendar', () => {
    const decision = held([0.5, 0.5], { volatilityTarget: 0.1, sessionsPerYear: 365 });
    const share = 0.1 / (daily([0.5, 0.5]) * Math.sqrt(365));
    expect(targetsOf(decision)).toEqual(close([0.5 * share, 0.5 * share]));
  });

  test('leaves alone what is below it', () => {
    const decision = held([0.5, 0.5], { volatilityTarget: 0.3 });
    expect(targetsOf(decision)).toEqual([0.5, 0.5]);
    expect(decision.binding).toEqual([]);
  });

  test('counts cash that is kept, and adds nothing to a drawdown state that is stricter', () => {
    expect(
      targetsOf(held([0.4, 0.4], { volatilityTarget: yearly([0.4, 0.4]) * 1.0001, cashRatio: 0.2 })),
    ).toEqual(close([0.4, 0.4]));
    const reduced = held(
      [0.5, 0.5],
      { volatilityTarget: yearly([0.3, 0.3]), drawdown: sampleLimits },
      { drawdown: inState('reduced') },
    );
    expect(targetsOf(reduced)).toEqual(close([0.25, 0.25]));
    expect(reduced.binding.map(({ kind }) => kind)).toEqual(['exposure']);
    expect(reduced.shadowTargets).toEqual(close([0.3, 0.3]));
  });

  test('measures the targets, not the proposal: volatile holdings that a cap keeps fall all the same', () => {
    const decision = held([1, 0], { volatilityTarget: 0.1, turnoverOneWayMax: 0.01 });
    expect(decision.fallbackLevel).toBe('full');
    expect(yearly(targetsOf(decision))).toBeLessThanOrEqual(0.1 * (1 + 1e-9));
    expect(yearly(targetsOf(decision))).toBeGreaterThan(0.0999);
  });

  test('measures bounds that push weight into the volatile asset', () => {
    const bounds = { boundsBySymbol: { VOLATILE: { lower: 0.7, upper: 1 } } };
    const decision = held([0.7, 0.3], { ...bounds, volatilityTarget: 0.2 });
    expect(yearly(targetsOf(decision))).toBeCloseTo(0.2, 9);
    expect(targetsOf(decision)[0]! / targetsOf(decision)[1]!).toBeCloseTo(7 / 3, 6);
    expect(decision.lines[0]!.lower).toBeCloseTo(targetsOf(decision)[0]!, 9);
  });

  test('brings a band that would leave a volatile portfolio as it is down to the target', () => {
    const decision = held([0.9, 0.1], { volatilityTarget: 0.2, noTradeBandRatio: 0.6 });
    expect(yearly(targetsOf(decision))).toBeLessThanOrEqual(0.2 * (1 + 1e-9));
  });

  test('invests, on the last good weights, no more than was invested then', () => {
    const stuck = new PricePanel(
      panel.sessions,
      symbols,
      panel.levels.map((column) => column.map(() => column[0]!)),
    );
    const own = { allocator: 'inverse-vol' as const, volatilityTarget: 0.1 };
    const changes = { panel: stuck, previous: { asOf: panel.sessions[50]!, targets: [0.1, 0.3] } };
    const decision = held([0.2, 0.2], own, changes);
    expect(decision.fallbackLevel).toBe('last-good');
    expect(targetsOf(decision)).toEqual(close([0.1, 0.3]));
    expect(decision.binding.map(({ kind }) => kind)).toEqual(['volatility']);
    const without = held([0.2, 0.2], { ...own, volatilityTarget: null }, changes);
    expect(targetsOf(without)).toEqual(close([0.25, 0.75]));
  });

  test('takes no covariance that is no number for a small one', () => {
    const universe = { members: [0, 1] } as Universe;
    const at = (exposure: number) => ({ targets: [exposure, exposure] }) as Constrained;
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const covariance = { size: 2, values: new Float64Array(4).fill(value) };
      expect(() =>
        scaleToVolatilityTarget({ ...policy, volatilityTarget: 0.1 }, universe, covariance, 1, at),
      ).toThrow(`the ex-ante variance is ${value}; expected a number`);
    }
  });
});
