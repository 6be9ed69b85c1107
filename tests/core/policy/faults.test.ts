import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AllocationError } from '../../../src/core/allocation-error.ts';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { guardWeights } from '../../../src/core/policy/constraints.ts';
import { type DecideInput, decide } from '../../../src/core/policy/decide.ts';
import { programFaults } from '../../../src/core/policy/decision.ts';
import { isForLowerLevel } from '../../../src/core/policy/fallback.ts';
import { InfeasibleError } from '../../../src/core/policy/limits.ts';
import type { PortfolioPolicy } from '../../../src/core/policy/policy.ts';
import { UnusableDataError } from '../../../src/core/unusable-data-error.ts';
import { simulatedPanel } from '../forecast/simulated-prices.ts';
import { holdingsOf, inState, sampleInput, sampleLimits, samplePolicy, targetsOf } from './samples.ts';
import { situations } from './situations.ts';

const symbols = ['AAA', 'BBB', 'CCC'];
const panel = simulatedPanel(symbols, 120);
const held = holdingsOf([0.5, 0.2, 0.2]);
const inputOf = (changes: Partial<PortfolioPolicy>, more: Partial<DecideInput> = {}) =>
  sampleInput(samplePolicy(symbols, changes), panel, {
    holdings: held,
    shadowHoldings: held,
    previous: { asOf: panel.sessions[99]!, targets: [0.6, 0.3, 0.1] },
    ...more,
  });

/** A decision during which the program breaks where a no-trade band is read: in every level but `hold`. */
function broken(more: Partial<DecideInput> = {}, changes: Partial<PortfolioPolicy> = {}) {
  const input = inputOf(changes, more);
  Object.defineProperty(input.policy, 'noTradeBandRatio', {
    get: () => {
      throw new TypeError('cannot read a thing of undefined');
    },
  });
  return decide(input);
}

test('a fault of the program holds what is held at once, and is named as one', () => {
  const decision = broken();
  expect(decision.fallbackLevel).toBe('hold');
  expect(decision.fallbackReason).toBe('full: cannot read a thing of undefined');
  expect(decision.fallbackAttempts).toEqual([
    { level: 'full', outcome: 'failed', reason: 'cannot read a thing of undefined', isFault: true },
  ]);
  expect(programFaults(decision)).toBe(1);
  expect(targetsOf(decision)).toEqual(held.weights);
  expect(decision.shadowTargets).toEqual(held.weights);
});

test('a fault does not keep what a drawdown state sells', () => {
  const decision = broken({ drawdown: inState('halted') }, { drawdown: sampleLimits });
  expect(programFaults(decision)).toBe(1);
  expect(targetsOf(decision)).toEqual([0, 0, 0]);
});

test('a fault while forecasting holds, too, where the forecast is asked for; prices that are missing do not', () => {
  const failed = { forecast: null, trainedOn: null, reason: 'of undefined', isFault: true } as const;
  const decision = decide(inputOf({}, { forecastResult: failed }));
  expect([decision.fallbackLevel, programFaults(decision)]).toEqual(['hold', 1]);
  expect(decision.fallbackAttempts).toEqual([
    { level: 'full', outcome: 'failed', reason: 'of undefined', isFault: true },
  ]);
  expect(targetsOf(decision)).toEqual(held.weights);
  const { isFault: _, ...missing } = failed;
  const without = decide(inputOf({}, { forecastResult: missing }));
  expect([without.fallbackLevel, programFaults(without)]).toEqual(['signal-off', 0]);
  const unasked = decide(inputOf({ allocator: 'equal' }, { forecastResult: failed }));
  expect([unasked.fallbackLevel, programFaults(unasked)]).toEqual(['full', 0]);
});

test('a fault before any level is tried holds what is held, and sells what the drawdown state demands', () => {
  const impossible = { quality: { fillSessionsMax: -1, missingRatioMax: 0.05, historySessionsMin: 41 } };
  for (const [state, share] of [
    ['normal', 1],
    ['halted', 0],
  ] as const) {
    const decision = decide(inputOf({ ...impossible, drawdown: sampleLimits }, { drawdown: inState(state) }));
    expect(decision.fallbackAttempts).toEqual([
      { level: 'full', outcome: 'failed', reason: expect.stringContaining('fillSessionsMax'), isFault: true },
    ]);
    expect(decision.fallbackLevel).toBe('hold');
    expect(targetsOf(decision)).toEqual(held.weights.map((weight) => weight * share));
  }
});

test('a panel without one of the policy is refused, not decided on', () => {
  const four = samplePolicy([...symbols, 'DDD']);
  expect(() => decide({ ...inputOf({}), policy: four })).toThrow(/the price panel has no DDD/);
});

test('only errors of optimiser, limits and data are for a lower level; a broken guard is a fault', () => {
  for (const error of [
    new AllocationError('no-convergence', 'it did not'),
    new InfeasibleError('no room'),
    new UnusableDataError('no prices'),
  ])
    expect(isForLowerLevel(error)).toBe(true);
  for (const error of [
    new Error('plain'),
    new TypeError('of undefined'),
    new RangeError('of a range'),
    'text',
  ])
    expect(isForLowerLevel(error)).toBe(false);
  try {
    guardWeights(
      [0.5, 0.6],
      0,
      [
        { lower: 0, upper: 1 },
        { lower: 0, upper: 1 },
      ],
      'here',
    );
    expect.unreachable();
  } catch (error) {
    expect(isForLowerLevel(error)).toBe(false);
  }
});

test('no mixture of limits, data and holdings is taken for a fault, and the attempts are what the reason says', () => {
  fc.assert(
    fc.property(situations, ({ input }) => {
      const { fallbackLevel, fallbackReason, fallbackAttempts } = decide(input);
      const failed = fallbackAttempts.filter(({ outcome }) => outcome === 'failed');
      const said = fallbackAttempts.filter(({ outcome }) => outcome !== 'uncapped');
      expect(fallbackAttempts.filter(({ isFault }) => isFault)).toEqual([]);
      expect(fallbackReason ?? '').toBe(said.map(({ level, reason }) => `${level}: ${reason}`).join('; '));
      expect(fallbackLevel === 'full').toBe(failed.length === 0);
      expect(failed.map(({ level }) => level)).not.toContain(fallbackLevel);
      for (const { level, outcome } of fallbackAttempts)
        if (outcome !== 'failed') expect(level).toBe(fallbackLevel);
    }),
    { numRuns: 400 },
  );
});

test('an optimiser without an answer inside the turnover cap is kept in the decision, on its level', () => {
  const limits = { allocator: 'mvo' as const, bounds: { lower: 0, upper: 0.34 }, turnoverOneWayMax: 0.01 };
  const decision = decide(inputOf(limits));
  expect(decision.fallbackLevel).toBe('full');
  expect(decision.fallbackReason).toBeNull();
  expect(decision.fallbackAttempts).toEqual([
    {
      level: 'full',
      outcome: 'uncapped',
      reason: expect.stringContaining('No weights meet all bounds, groups and limits together'),
      isFault: false,
    },
  ]);
  expect(decide(inputOf({ ...limits, turnoverOneWayMax: 0.5 })).fallbackAttempts).toEqual([]);
});

test('a turnover cap that assets left out use up is told as well', () => {
  const levels = panel.levels.map((column, i) =>
    i === 0 ? column.map((level, row) => (row > 100 ? Number.NaN : level)) : column,
  );
  const input = inputOf({ allocator: 'mvo', turnoverOneWayMax: 0.05 });
  const decision = decide({ ...input, panel: new PricePanel(panel.sessions, symbols, levels) });
  expect(decision.fallbackLevel).toBe('full');
  expect(decision.fallbackAttempts.map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ['uncapped', 'what the optimiser has no say in takes the whole turnover cap'],
  ]);
});
