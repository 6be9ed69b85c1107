import { describe, expect, test } from 'vitest';
import { allocatorNames } from '../../../src/core/allocation/allocators.ts';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import { type ForecastResult, noForecast } from '../../../src/core/forecast/forecast-result.ts';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { type DecideInput, decide, decisionSessions } from '../../../src/core/policy/decide.ts';
import type { PortfolioPolicy } from '../../../src/core/policy/policy.ts';
import { usesForecast } from '../../../src/core/policy/uses-forecast.ts';
import { meanReturns, simpleReturns } from '../../../src/core/risk/returns.ts';
import { simulatedPanel } from '../forecast/simulated-prices.ts';
import {
  holdingsOf,
  inState,
  sampleInput,
  sampleLimits,
  samplePolicy,
  targetsOf,
  trendForecastResult,
} from './samples.ts';

const symbols = ['AAA', 'BBB', 'CCC'];
const panel = simulatedPanel(symbols, 120);
const policy = samplePolicy(symbols);
const held = holdingsOf([0.5, 0.2, 0.2]);

/** A decision after earlier ones, with something held. */
function later(changes: Partial<DecideInput> = {}, policyChanges: Partial<PortfolioPolicy> = {}) {
  const input = sampleInput({ ...policy, ...policyChanges }, panel, {
    holdings: held,
    shadowHoldings: held,
    previous: { asOf: panel.sessions[99]!, targets: [0.6, 0.3, 0.1] },
    ...changes,
  });
  const decision = decide(input);
  const all = [...targetsOf(decision), decision.cash.target];
  expect(all.every(Number.isFinite)).toBe(true);
  expect(all.reduce((s, w) => s + w, 0)).toBeCloseTo(1, 12);
  expect(() => canonicalJson(decision)).not.toThrow();
  return decision;
}

/** The panel with some levels changed: `to(level, row)` of one symbol. */
function changed(symbol: string, to: (level: number, row: number) => number, source = panel): PricePanel {
  const index = source.symbols.indexOf(symbol);
  return new PricePanel(
    source.sessions,
    source.symbols,
    source.levels.map((column, i) => (i === index ? column.map(to) : column)),
  );
}

describe('the first fallback level', () => {
  test('uses the forecast, says so, and gives no reason', () => {
    const decision = later();
    expect(decision.fallbackLevel).toBe('full');
    expect(decision.fallbackReason).toBeNull();
    expect(decision.signalScale).toBe(0.5);
    expect(decision.lines.map((line) => line.forecast)).toEqual(
      trendForecastResult(panel).forecast!.mean!.values,
    );
  });

  test('is full without a forecast where the policy reads none', () => {
    for (const changes of [
      { allocator: 'hrp' as const },
      { signalScale: 0 },
      { allocator: 'mvo' as const },
      { allocator: 'cla' as const },
      {
        allocator: 'mvo' as const,
        allocatorOptions: { objective: 'utility' as const },
        modelExpirySessions: 0,
      },
    ]) {
      expect(usesForecast({ ...policy, ...changes })).toBe(false);
      const decision = later({ forecastResult: noForecast('there is none') }, changes);
      expect(decision.fallbackLevel).toBe('full');
      expect(decision.signalScale).toBe(0);
      expect(decision.lines.every((line) => line.forecast === null)).toBe(true);
    }
  });

  test('means by a forecast where mvo or cla reads one', () => {
    for (const allocator of ['mvo', 'cla'] as const) {
      const own = { allocator, allocatorOptions: { objective: 'max-sharpe' as const }, signalScale: 1 };
      expect(usesForecast({ ...policy, ...own })).toBe(true);
      const forecastResult = trendForecastResult(panel);
      forecastResult.forecast!.mean!.values = [-0.001, 0.002, -0.001];
      const decision = later({ forecastResult }, own);
      expect(decision.fallbackLevel).toBe('full');
      expect(targetsOf(decision)[1]).toBeGreaterThan(0.5);
    }
  });
});

describe('signal off', () => {
  const expectOff = (forecastResult: ForecastResult, reason: RegExp) => {
    const decision = later({ forecastResult });
    expect(decision.fallbackLevel).toBe('signal-off');
    expect(decision.fallbackReason).toMatch(reason);
    expect(decision.signalScale).toBe(0);
    expect(decision.lines.every((line) => line.forecast === null)).toBe(true);
    expect(targetsOf(decision)).toEqual(targetsOf(later({}, { allocator: 'inverse-vol' })));
  };

  test('without a forecast, for the reason forecasting gave', () => {
    expectOff(noForecast('no model has been trained yet'), /^full: no model has been trained yet$/);
    expectOff({ ...trendForecastResult(panel), forecast: null }, /there is no forecast/);
  });

  test('when the model has expired, and not a session earlier', () => {
    const aged = (sessions: number): ForecastResult => ({
      ...trendForecastResult(panel),
      trainedOn: panel.sessions[panel.sessions.length - 1 - sessions]!,
    });
    expect(later({ forecastResult: aged(30) }).fallbackLevel).toBe('full');
    expectOff(aged(31), /31 sessions old and expires after 30/);
  });

  test('when the model has expired longer ago than the weights look back', () => {
    const long = { modelExpirySessions: 100 };
    const count = decisionSessions({ ...policy, ...long });
    const cut = { panel: panel.last(count) };
    const trainedOn = (row: number): ForecastResult => ({
      ...trendForecastResult(panel),
      trainedOn: panel.sessions[row]!,
    });
    expect(later({ ...cut, forecastResult: trainedOn(19) }, long).fallbackLevel).toBe('full');
    expect(later({ ...cut, forecastResult: trainedOn(18) }, long).fallbackLevel).toBe('signal-off');
    expect(later({ ...cut, forecastResult: trainedOn(0) }, long).fallbackLevel).toBe('signal-off');
  });

  test('when the forecast knows none of the assets in use', () => {
    const broken = trendForecastResult(panel);
    broken.forecast!.mean!.values.fill(Number.NaN);
    expectOff(broken, /no finite value for any of AAA, BBB, CCC/);
  });

  test('not for all when one asset has no forecast: it gets the average of the others, and is named', () => {
    const known = trendForecastResult(panel, ['AAA', 'BBB']);
    const average = known.forecast!.mean!.values.reduce((sum, value) => sum + value, 0) / 2;
    const neutral = trendForecastResult(panel);
    neutral.forecast!.mean!.values = [...known.forecast!.mean!.values, average];
    for (const allocator of ['signal', 'signal-inverse-vol'] as const) {
      const decision = later({ forecastResult: known }, { allocator });
      expect(decision.fallbackLevel).toBe('full');
      expect(decision.lines[2]!.forecast).toBeNull();
      expect(decision.quality).toEqual([expect.objectContaining({ symbol: 'CCC', kind: 'unforecast' })]);
      expect(targetsOf(decision)).toEqual(targetsOf(later({ forecastResult: neutral }, { allocator })));
    }
  });

  test("not for all where forecasts are blended with history either: an asset without one keeps its history's mean", () => {
    const blended = { allocator: 'mvo', signalScale: 0.5 } as const;
    const history = meanReturns(simpleReturns(panel.last(policy.covarianceLookbackSessions + 1)))[2]!;
    const neutral = trendForecastResult(panel);
    neutral.forecast!.mean!.values[2] = Math.log1p(history);
    const decision = later({ forecastResult: trendForecastResult(panel, ['AAA', 'BBB']) }, blended);
    const other = later({ forecastResult: neutral }, blended);
    expect(decision.fallbackLevel).toBe('full');
    targetsOf(decision).forEach((target, i) => {
      expect(target).toBeCloseTo(targetsOf(other)[i]!, 9);
    });
  });

  test('not when only an asset left out has no forecast, which then shows as none', () => {
    const broken = trendForecastResult(panel);
    broken.forecast!.mean!.values[1] = Number.NaN;
    const decision = later({
      panel: changed('BBB', (level, row) => (row > 100 ? Number.NaN : level)),
      forecastResult: broken,
    });
    expect(decision.fallbackLevel).toBe('full');
    expect(decision.lines[1]!.forecast).toBeNull();
    expect(decision.lines[0]!.forecast).not.toBeNull();
  });
});

describe('an all-negative forecast', () => {
  test('is a forecast: the signal allocators fall back to their base on the first fallback level', () => {
    for (const [allocator, base] of [
      ['signal', 'equal'],
      ['signal-inverse-vol', 'inverse-vol'],
    ] as const) {
      const forecastResult = trendForecastResult(panel);
      forecastResult.forecast!.mean!.values = [-0.01, -0.002, -0.03];
      const decision = later({ forecastResult }, { allocator });
      expect(decision.fallbackLevel).toBe('full');
      targetsOf(later({}, { allocator: base })).forEach((weight, i) => {
        expect(targetsOf(decision)[i]).toBeCloseTo(weight, 12);
      });
    }
  });

  test.each(['mvo', 'cla'] as const)(
    '%s: has no greatest Sharpe ratio, so the least variance is taken, with history below 0 or not',
    (allocator) => {
      const own = { allocator, allocatorOptions: { objective: 'max-sharpe' as const }, signalScale: 1 };
      const forecastResult = trendForecastResult(panel);
      forecastResult.forecast!.mean!.values = [-0.01, -0.002, -0.03];
      const falling = new PricePanel(
        panel.sessions,
        symbols,
        panel.levels.map((column) => column.map((level, row) => level * Math.exp(-0.02 * row))),
      );
      for (const prices of [panel, falling]) {
        const decision = later({ forecastResult, panel: prices }, own);
        expect(decision.fallbackLevel).toBe('full');
        expect(decision.fallbackReason).toMatch(
          /^full: No feasible portfolio earns more than the risk-free rate .* These are the weights of least variance\.$/,
        );
        const least = later(
          { panel: prices },
          { ...own, allocatorOptions: { objective: 'min-variance' }, signalScale: 0 },
        );
        expect(least.fallbackReason).toBeNull();
        targetsOf(decision).forEach((weight, i) => {
          expect(weight).toBeCloseTo(targetsOf(least)[i]!, 12);
        });
      }
    },
  );
});

describe('the lower fallback levels', () => {
  const flatSince = (start: number) =>
    new PricePanel(
      panel.sessions,
      symbols,
      panel.levels.map((column) => column.map((level, row) => (row >= start ? column[start]! : level))),
    );
  const flat = flatSince(50);

  test('takes the previous covariance where today none can be weighed by', () => {
    const own = { quality: { ...policy.quality, historySessionsMin: 100 } };
    const decision = later(
      { panel: flatSince(79), previous: { asOf: panel.sessions[79]!, targets: [1, 0, 0] } },
      own,
    );
    expect(decision.fallbackLevel).toBe('previous-covariance');
    expect(decision.fallbackReason).toMatch(/full: .*signal-off: /);
    const then = decide(
      sampleInput({ ...policy, signalScale: 0 }, panel.upTo(panel.sessions[79]!), {
        forecastResult: noForecast('none'),
      }),
    );
    targetsOf(then).forEach((weight, i) => {
      expect(targetsOf(decision)[i]).toBeCloseTo(weight, 12);
    });
  });

  test('keeps the last good weights where no covariance can be weighed by', () => {
    const decision = later({ panel: flat });
    expect(decision.fallbackLevel).toBe('last-good');
    expect(targetsOf(decision)).toEqual([0.6, 0.3, 0.1].map((w) => expect.closeTo(w, 12)));
  });

  test('holds where nothing good came before', () => {
    const decision = later({ panel: flat, previous: null });
    expect(decision.fallbackLevel).toBe('hold');
    expect(targetsOf(decision)).toEqual(held.weights);
    expect(decision.turnoverTwoWay).toBe(0);
    expect(decision.shadowTargets).toEqual(held.weights);
  });

  test('does not take the weights of another number of symbols for good', () => {
    const decision = later({
      panel: flat,
      previous: { asOf: panel.sessions[99]!, targets: [0.5, 0.5] },
    });
    expect(decision.fallbackLevel).toBe('hold');
  });

  test('holds where bounds cannot be met, and says which', () => {
    for (const bounds of [
      { lower: 0.4, upper: 1 },
      { lower: 0, upper: 0.3 },
    ]) {
      const decision = later({}, { bounds });
      expect(decision.fallbackLevel).toBe('hold');
      expect(decision.fallbackReason).toMatch(/last-good: bounds allow a sum of weights between/);
      expect(targetsOf(decision)).toEqual(held.weights);
    }
  });

  test('holds where every asset is dropped, and sells even then what a drawdown state forbids', () => {
    const gone = new PricePanel(
      panel.sessions,
      symbols,
      panel.levels.map((column) => column.map((level, row) => (row > 100 ? Number.NaN : level))),
    );
    const decision = later({ panel: gone });
    expect(decision.fallbackLevel).toBe('hold');
    expect(decision.fallbackReason).toContain('no asset has usable prices');
    expect(decision.quality.map((note) => note.kind)).toEqual(['dropped', 'dropped', 'dropped']);
    expect(targetsOf(decision)).toEqual(held.weights);
    const at = (state: 'reduced' | 'halted') =>
      later({ panel: gone, drawdown: inState(state) }, { drawdown: sampleLimits });
    expect(targetsOf(at('reduced')).reduce((s, w) => s + w, 0)).toBeCloseTo(0.5, 12);
    expect(at('reduced').binding.map((b) => b.kind)).toEqual(['exposure']);
    expect(targetsOf(at('halted'))).toEqual([0, 0, 0]);
    expect(at('halted').shadowTargets).toEqual(held.weights);
  });

  test('holds before the first investment too, and lets the next decision be the first', () => {
    const nothing = holdingsOf([0, 0, 0]);
    const first = later({
      panel: flat,
      previous: null,
      holdings: nothing,
      shadowHoldings: nothing,
    });
    expect(first.fallbackLevel).toBe('hold');
    expect(first.cash.target).toBe(1);
    const next = later(
      {
        holdings: nothing,
        shadowHoldings: nothing,
        previous: { asOf: first.asOf, targets: first.shadowTargets },
      },
      { turnoverOneWayMax: 0.01 },
    );
    expect(next.fallbackLevel).toBe('full');
    expect(next.cash.target).toBeCloseTo(0, 12);
  });
});

describe('assets left out', () => {
  test('get nothing, are sold whatever the cap, and are named with the reason', () => {
    const decision = later(
      { panel: changed('BBB', (level, row) => (row > 100 ? Number.NaN : level)) },
      { turnoverOneWayMax: 0.05 },
    );
    expect(targetsOf(decision)[1]).toBe(0);
    expect(decision.shadowTargets[1]).toBe(0);
    expect(decision.quality).toMatchObject([{ symbol: 'BBB', kind: 'dropped' }]);
    const young = later({ panel: changed('CCC', (level, row) => (row < 90 ? Number.NaN : level)) });
    expect(targetsOf(young)[2]).toBe(0);
    expect(young.quality).toMatchObject([{ symbol: 'CCC', kind: 'excluded' }]);
  });

  test('an asset with a close at every session of the lookback but none at the one before is young, not broken', () => {
    const own = { quality: { ...policy.quality, historySessionsMin: 40 } };
    const start = panel.sessions.length - 40;
    const decision = later(
      { panel: changed('CCC', (level, row) => (row < start ? Number.NaN : level)) },
      own,
    );
    expect(decision.fallbackLevel).toBe('full');
  });

  test('a gap that no fill closes at the first level of the lookback drops the asset, not the decision', () => {
    const first = panel.sessions.length - 41;
    const gap = (level: number, row: number) => (row <= first && row > first - 5 ? Number.NaN : level);
    const own = { quality: { ...policy.quality, historySessionsMin: 60 } };
    const decision = later({ panel: changed('BBB', gap) }, own);
    expect(decision.fallbackLevel).toBe('full');
    expect(decision.quality).toMatchObject([{ symbol: 'BBB', kind: 'dropped' }]);
  });

  test('leaves one asset, and two, with all there is', () => {
    const one = ['AAA'];
    for (const allocator of allocatorNames) {
      const alone = decide(sampleInput(samplePolicy(one, { allocator }), simulatedPanel(one, 60)));
      expect([allocator, alone.fallbackLevel]).toEqual([allocator, 'full']);
      expect(targetsOf(alone)[0]).toBeCloseTo(1, 9);
      const two = ['AAA', 'BBB'];
      const pair = decide(sampleInput(samplePolicy(two, { allocator }), simulatedPanel(two, 60)));
      expect([allocator, pair.fallbackLevel]).toEqual([allocator, 'full']);
      expect(targetsOf(pair).reduce((s, w) => s + w, 0)).toBeCloseTo(1, 9);
    }
  });
});
