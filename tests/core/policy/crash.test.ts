import { describe, expect, test } from 'vitest';
import type { AllocatorName } from '../../../src/core/allocation/allocators.ts';
import { allocatorNames } from '../../../src/core/allocation/allocators.ts';
import type { ForecastResult } from '../../../src/core/forecast/forecast-result.ts';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { type DecideInput, decide } from '../../../src/core/policy/decide.ts';
import type { Decision } from '../../../src/core/policy/decision.ts';
import type { PortfolioPolicy } from '../../../src/core/policy/policy.ts';
import { bundledPanel } from '../../support/bundled-prices.ts';
import { worstDifference } from '../allocation/peers.ts';
import { simulatedPanel } from '../forecast/simulated-prices.ts';
import { holdingsOf, sampleInput, samplePolicy, targetsOf } from './samples.ts';

const sum = (values: readonly number[]) => values.reduce((s, v) => s + v, 0);

function expectSound(decision: Decision): void {
  const targets = targetsOf(decision);
  expect([...targets, decision.cash.target].every((w) => Number.isFinite(w) && w >= -1e-9)).toBe(true);
  expect(sum(targets) + decision.cash.target).toBeCloseTo(1, 12);
}

describe('March 2020 on four bundled stocks', () => {
  const symbols = ['BAC', 'JNJ', 'MSFT', 'XOM'];
  const panel = bundledPanel(symbols);
  const dates = panel.sessions;
  const held = holdingsOf([0.22, 0.31, 0.27, 0.18]);

  function on(asOf: string, policyChanges: Partial<PortfolioPolicy>, changes: Partial<DecideInput> = {}) {
    const policy = samplePolicy(symbols, {
      covarianceLookbackSessions: 504,
      modelExpirySessions: 126,
      quality: { fillSessionsMax: 5, missingRatioMax: 0.05, historySessionsMin: 504 },
      signalScale: 1,
      ...policyChanges,
    });
    const cut = panel.upTo(asOf);
    expect(cut.lastSession).toBe(asOf);
    const decision = decide(
      sampleInput(policy, cut, {
        forecastResult: fallen(cut),
        holdings: held,
        shadowHoldings: held,
        previous: { asOf: '2020-02-28', targets: [0.25, 0.3, 0.25, 0.2] },
        ...changes,
      }),
    );
    expectSound(decision);
    return decision;
  }

  /** The mean of the ten sessions to 20 March as a forecast: below 0 for all four. */
  function fallen(cut: PricePanel): ForecastResult {
    const last = cut.sessions.length - 1;
    const bottom = dates.indexOf('2020-03-20');
    const values = panel.levels.map((levels) => Math.log(levels[bottom]! / levels[bottom - 10]!) / 10);
    expect(Math.max(...values)).toBeLessThan(0);
    return {
      forecast: {
        asOf: cut.lastSession,
        symbols,
        horizonSessions: 21,
        modelIds: { 'mean-return': 'naive:last' },
        mean: { values, unit: 'log-return-per-session' },
      },
      trainedOn: cut.sessions[last - 40]!,
      reason: null,
    };
  }

  test.each([
    ['signal', 'equal'],
    ['signal-inverse-vol', 'inverse-vol'],
  ] as const)(
    '%s: an all-negative forecast is one, and gives the weights of %s on the first fallback level',
    (allocator, base) => {
      const decision = on('2020-03-20', { allocator });
      expect(decision.fallbackLevel).toBe('full');
      expect(decision.fallbackReason).toBeNull();
      expect(decision.lines.every((line) => line.forecast! < 0)).toBe(true);
      const expected = targetsOf(on('2020-03-20', { allocator: base }));
      targetsOf(decision).forEach((weight, i) => {
        expect(weight).toBeCloseTo(expected[i]!, 12);
      });
    },
  );

  test.each(['mvo', 'cla'] as const)(
    '%s: without a greatest Sharpe ratio it takes the least variance, whatever was decided before, and says so',
    (allocator) => {
      const limits = {
        allocator,
        covarianceLookbackSessions: 10,
        quality: { fillSessionsMax: 5, missingRatioMax: 0.05, historySessionsMin: 30 },
      };
      const least = on('2020-03-20', { ...limits, allocatorOptions: { objective: 'min-variance' } });
      expect(least.fallbackReason).toBeNull();
      for (const previous of [null, { asOf: '2020-01-31', targets: [0.25, 0.3, 0.25, 0.2] }]) {
        // By the forecast, and by the history of ten sessions: both are below 0.
        for (const signalScale of [1, 0]) {
          const allocatorOptions = { objective: 'max-sharpe' as const };
          const decision = on('2020-03-20', { ...limits, allocatorOptions, signalScale }, { previous });
          expect(decision.fallbackLevel).toBe('full');
          expect(decision.fallbackReason).toMatch(
            /^full: No feasible portfolio earns more than the risk-free/,
          );
          expect(decision.fallbackAttempts.map(({ outcome }) => outcome)).toContain('least-variance');
          expect(worstDifference(targetsOf(decision), targetsOf(least))).toBeLessThan(1e-9);
          expect(sum(targetsOf(decision))).toBeCloseTo(1, 9);
        }
      }
    },
  );

  test.each(allocatorNames)(
    '%s: every session of the crash is decided on the first fallback level, within the turnover cap',
    (allocator) => {
      for (const asOf of dates.filter((date) => date >= '2020-02-20' && date <= '2020-04-03')) {
        const decision = on(asOf, { allocator, turnoverOneWayMax: 0.2 });
        expect([asOf, decision.fallbackLevel]).toEqual([asOf, 'full']);
        expect(decision.turnoverOneWay).toBeLessThanOrEqual(0.2 + 1e-9);
      }
    },
  );
});

describe('estimates that are no numbers', () => {
  const symbols = ['AAA', 'BBB', 'CCC'];
  const panel = simulatedPanel(symbols, 120);
  const last = panel.sessions.length - 1;
  const held = holdingsOf([0.5, 0.2, 0.2]);

  /** The last level of BBB so high that its return, or the square of that, is beyond any number. */
  const exploded = (factor: number) =>
    new PricePanel(
      panel.sessions,
      symbols,
      panel.levels.map((column, i) =>
        i === 1 ? column.map((level, row) => (row === last ? level * factor : level * 1e-10)) : column,
      ),
    );
  const at = (allocator: AllocatorName, changed: PricePanel, changes: Partial<PortfolioPolicy> = {}) =>
    decide(
      sampleInput(samplePolicy(symbols, { allocator, signalScale: 0, ...changes }), changed, {
        holdings: held,
        shadowHoldings: held,
        previous: { asOf: panel.sessions[99]!, targets: [0.6, 0.3, 0.1] },
      }),
    );

  test.each(allocatorNames)(
    '%s: an infinite return or covariance takes the one of the decision before',
    (allocator) => {
      for (const factor of [1e305, 1e200]) {
        const decision = at(allocator, exploded(factor));
        expectSound(decision);
        expect(decision.fallbackLevel).toBe('previous-covariance');
        expect(decision.fallbackReason).toMatch(/^full: .*(finite|NaN|Infinity)/);
        const then = decide(
          sampleInput(samplePolicy(symbols, { allocator, signalScale: 0 }), panel.upTo(panel.sessions[99]!), {
            holdings: held,
            shadowHoldings: held,
          }),
        );
        targetsOf(then).forEach((weight, i) => {
          expect(targetsOf(decision)[i]).toBeCloseTo(weight, 9);
        });
      }
    },
  );

  test('a volatility that cannot be measured is not taken for a small one', () => {
    for (const factor of [1e305, 1e200]) {
      const decision = at('equal', exploded(factor), { volatilityTarget: 0.05 });
      expect(decision.fallbackLevel).toBe('previous-covariance');
      expect(sum(targetsOf(decision))).toBeLessThan(0.9);
    }
  });

  test('limits that contradict each other end on `hold`, each fallback level with its reason', () => {
    const groups = [
      { name: 'most', symbols: ['AAA', 'BBB'], lower: 0, upper: 0.3 },
      { name: 'rest', symbols: ['CCC'], lower: 0, upper: 0.5 },
    ];
    for (const allocator of ['mvo', 'hrp'] as const) {
      const decision = at(allocator, panel, { groups });
      expect(decision.fallbackLevel).toBe('hold');
      expect(decision.fallbackReason).toMatch(/^full: .*; previous-covariance: .*; last-good: /);
      expect(decision.fallbackReason).toContain('No weights meet all bounds, groups and limits together');
      expect(targetsOf(decision)).toEqual(held.weights);
    }
  });

  test('a group of a symbol that is not there ends on `hold`, and is not thrown', () => {
    const decision = at('mvo', panel, { groups: [{ name: 'lost', symbols: ['ZZZ'], lower: 0, upper: 0.5 }] });
    expect(decision.fallbackLevel).toBe('hold');
  });

  test('a group whose assets are all dropped asks for nothing that is not there', () => {
    const gone = new PricePanel(
      panel.sessions,
      symbols,
      panel.levels.map((column, i) =>
        i === 2 ? column.map((level, row) => (row > 100 ? Number.NaN : level)) : column,
      ),
    );
    const groups = [{ name: 'gone', symbols: ['CCC'], lower: 0, upper: 0.5 }];
    for (const allocator of ['mvo', 'hrp'] as const) {
      const decision = at(allocator, gone, { groups });
      expect(decision.fallbackLevel).toBe('full');
      expect(targetsOf(decision)[2]).toBe(0);
    }
  });
});

describe('a turnover cap that limits overrule', () => {
  const symbols = ['AAA', 'BBB', 'CCC'];
  const panel = simulatedPanel(symbols, 80);
  const at = (held: readonly number[], changes: Partial<PortfolioPolicy>) =>
    decide(
      sampleInput(samplePolicy(symbols, { allocator: 'mvo', turnoverOneWayMax: 0.01, ...changes }), panel, {
        holdings: holdingsOf(held),
        shadowHoldings: holdingsOf(held),
      }),
    );

  test('is decided on the first fallback level, with the forced trades only', () => {
    for (const allocator of ['mvo', 'hrp'] as const) {
      const decision = at([0.9, 0.1, 0], { allocator, bounds: { lower: 0, upper: 0.5 } });
      expect(decision.fallbackLevel).toBe('full');
      expect(targetsOf(decision)).toEqual([0.5, 0.1, 0].map((w) => expect.closeTo(w, 12)));
      expect(decision.binding.find(({ kind }) => kind === 'turnover')).toEqual({
        kind: 'turnover',
        name: 'one-way turnover',
        limit: 0.01,
        multiplier: null,
      });
    }
  });

  test('sells a group to its limit and buys nothing for the money', () => {
    const groups = [{ name: 'two', symbols: ['AAA', 'BBB'], lower: 0, upper: 0.6 }];
    for (const allocator of ['mvo', 'hrp'] as const) {
      const decision = at([0.5, 0.3, 0.1], { allocator, groups });
      expect(decision.fallbackLevel).toBe('full');
      expect(targetsOf(decision)).toEqual([0.4, 0.2, 0.1].map((w) => expect.closeTo(w, 9)));
      expect(decision.turnoverOneWay).toBeCloseTo(0.1, 9);
    }
  });
});
