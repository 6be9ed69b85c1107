import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ConfiguredLimits, conflictOf, neededSymbols } from '../../../src/app/config/feasible-limits.ts';
import { AllocationError } from '../../../src/core/allocation-error.ts';
import { nearestWeights } from '../../../src/core/optimisation/nearest.ts';

const names = ['AAA', 'BBB', 'CCC', 'DDD', 'EEE'];
const open: ConfiguredLimits = {
  symbols: names,
  bounds: { lower: 0, upper: 1 },
  boundsBySymbol: {},
  groups: {},
  grossExposureMax: null,
  cashRatio: 0,
  cashProxySymbol: null,
};

/** Even over twentieths, so that limits are often met exactly. */
const twentieths = (low: number, high: number) =>
  fc.integer({ min: low * 20, max: high * 20 }).map((n) => n / 20);
const bounds = (lowest: number) =>
  fc
    .tuple(twentieths(lowest, 0.5), twentieths(0, 0.8))
    .map(([lower, width]) => ({ lower, upper: lower + width }));

const drawn: fc.Arbitrary<ConfiguredLimits> = fc.constantFrom(0, 0, -0.5).chain((lowest) =>
  fc.record({
    symbols: fc.integer({ min: 1, max: 5 }).map((count) => names.slice(0, count)),
    bounds: bounds(lowest),
    boundsBySymbol: fc.dictionary(fc.constantFrom(...names), bounds(lowest), { maxKeys: 2 }),
    groups: fc.dictionary(
      fc.constantFrom('one', 'two', 'three'),
      fc
        .tuple(fc.subarray(names, { minLength: 1 }), bounds(lowest))
        .map(([symbols, limits]) => ({ symbols, ...limits })),
    ),
    grossExposureMax: fc.option(twentieths(0.5, 2), { nil: null }),
    cashRatio: fc.constantFrom(0, 0.05, 0.3),
    cashProxySymbol: fc.constantFrom(null, null, 'AAA'),
  }),
);

/** Whether the optimiser that decisions project by has weights inside the limits. */
function hasWeights(given: ConfiguredLimits): boolean {
  const isProxy = (symbol: string) => symbol === given.cashProxySymbol;
  const own = given.symbols.map((symbol) =>
    isProxy(symbol) ? { lower: 0, upper: 0 } : (given.boundsBySymbol[symbol] ?? given.bounds),
  );
  try {
    nearestWeights(
      given.symbols.map(() => 0.2),
      {
        bounds: { lower: own.map(({ lower }) => lower), upper: own.map(({ upper }) => upper) },
        groups: Object.values(given.groups).map(({ symbols, lower, upper }) => ({
          members: given.symbols.flatMap((symbol, i) => (symbols.includes(symbol) ? [i] : [])),
          lower,
          upper,
        })),
        ...(given.grossExposureMax === null ? {} : { grossExposureMax: given.grossExposureMax }),
        budget: 1 - given.cashRatio,
      },
    );
    return true;
  } catch (error) {
    if (error instanceof AllocationError && error.reason === 'infeasible') return false;
    throw error;
  }
}

test('what the linear programme refuses are exactly the limits that the optimiser has no weights for', () => {
  const count = { refused: 0, met: 0 };
  fc.assert(
    fc.property(drawn, (given) => {
      const conflict = conflictOf(given);
      count[conflict ? 'refused' : 'met'] += 1;
      expect(conflict === null, conflict?.message).toBe(hasWeights(given));
    }),
    { numRuns: 1500, seed: 5 },
  );
  expect(Math.min(count.refused, count.met)).toBeGreaterThan(80);
});

test('the conflict is the least there is to say', () => {
  const message = (changes: Partial<ConfiguredLimits>) => conflictOf({ ...open, ...changes })?.message;
  expect(conflictOf(open)).toBeNull();
  expect(message({ bounds: { lower: 0.25, upper: 1 }, grossExposureMax: 3 })).toBe(
    'no weights meet these limits together: 5 lower bounds of 0.25 sum to 1.25; at most 1 may be invested',
  );
  const group = { symbols: ['AAA', 'BBB'], lower: 0, upper: 0.3 };
  expect(message({ groups: { few: group }, boundsBySymbol: { BBB: { lower: 0.4, upper: 1 } } })).toBe(
    'no weights meet these limits together: the lower bound of BBB is 0.4; group few may have at most 0.3',
  );
});

test('five symbols of at most a quarter need all but one of them, and of at most a fifth every one', () => {
  expect(neededSymbols({ ...open, bounds: { lower: 0, upper: 0.25 } })).toEqual([]);
  expect(neededSymbols({ ...open, bounds: { lower: 0, upper: 0.2 } })).toEqual(names);
  const groups = { tech: { symbols: ['CCC'], lower: 0.2, upper: 1 } };
  expect(neededSymbols({ ...open, groups })).toEqual(['CCC']);
  expect(neededSymbols({ ...open, symbols: ['AAA'] })).toEqual([]);
});

test('five thousand symbols with as many bounds are checked in no time', () => {
  const symbols = Array.from({ length: 5000 }, (_, i) => `S${i}`);
  const boundsBySymbol = Object.fromEntries(
    symbols.map((symbol, i) => [symbol, { lower: i * 5e-8, upper: 1 }]),
  );
  const groups = { half: { symbols: symbols.slice(0, 2500), lower: 0.6, upper: 1 } };
  expect(conflictOf({ ...open, symbols, boundsBySymbol, groups })?.message).toMatch(
    /the lower bounds \(.* and 2494 more\) sum to 0\.46\d+; group half must have at least 0\.6; at most 1 may be/,
  );
});
