import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AllocationInput, allocate } from '../../../src/core/allocation/allocate.ts';
import { allocatorNamed, allocatorNames } from '../../../src/core/allocation/allocators.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { randomReturns } from './random-returns.ts';

/** Three assets with volatilities 0.01, 0.02 and 0.04. */
function input(rest: Partial<AllocationInput> = {}): AllocationInput {
  const values = Float64Array.of(1e-4, 0, 0, 0, 4e-4, 0, 0, 0, 16e-4);
  return { returns: randomReturns(1, 30, 3), covariance: { size: 3, values }, ...rest };
}

describe('equal, inverse-vol, signal and signal-inverse-vol by hand', () => {
  test('equal: 1 / N', () => expect(allocate('equal', input())).toEqual([1 / 3, 1 / 3, 1 / 3]));

  test('inverse-vol: 1 / sigma over the sum', () => {
    const weights = allocate('inverse-vol', input());
    [4 / 7, 2 / 7, 1 / 7].forEach((weight, i) => {
      expect(weights[i]).toBeCloseTo(weight, 15);
    });
  });

  test('signal: positive part over the sum', () => {
    expect(allocate('signal', input({ signal: [0.003, -0.5, 0.001] }))).toEqual([0.75, 0, 0.25]);
  });

  test('signal: equal weights when nothing is positive', () => {
    expect(allocate('signal', input({ signal: [-1, 0, -2] }))).toEqual([1 / 3, 1 / 3, 1 / 3]);
  });

  test('signal: its scale blends with equal weights, and 0 gives them exactly', () => {
    const half = allocate('signal', input({ signal: [0, 1, 0], signalScale: 0.5 }));
    [1 / 6, 4 / 6, 1 / 6].forEach((weight, i) => {
      expect(half[i]).toBeCloseTo(weight, 15);
    });
    expect(allocate('signal', input({ signal: [0, 1, 0], signalScale: 0 }))).toEqual([1 / 3, 1 / 3, 1 / 3]);
  });

  test('signal-inverse-vol: positive part / sigma over the sum, with inverse-vol as base and fall-back', () => {
    const weights = allocate('signal-inverse-vol', input({ signal: [0.001, 0.002, -1] }));
    expect(weights).toEqual([0.5, 0.5, 0]);
    expect(allocate('signal-inverse-vol', input({ signal: [-1, -1, -1] }))).toEqual(
      allocate('inverse-vol', input()),
    );
    expect(allocate('signal-inverse-vol', input({ signal: [1, 0, 0], signalScale: 0 }))).toEqual(
      allocate('inverse-vol', input()),
    );
  });

  test('a flat asset gets 0 and never NaN; all flat is said', () => {
    const covariance = { size: 2, values: Float64Array.of(0, 0, 0, 1e-4) };
    const returns = randomReturns(1, 30, 2);
    expect(allocate('inverse-vol', { returns, covariance })).toEqual([0, 1]);
    expect(allocate('signal-inverse-vol', { returns, covariance, signal: [1, 1] })).toEqual([0, 1]);
    const flat = { size: 2, values: new Float64Array(4) };
    for (const name of ['inverse-vol', 'signal-inverse-vol', 'hrp'] as const) {
      expect(() => allocate(name, { returns, covariance: flat, signal: [1, 1] })).toThrow(
        expect.objectContaining({ reason: 'all-flat' }),
      );
    }
  });

  test('refuses a missing, a short and a NaN signal, a NaN covariance, a scale outside 0..1, unequal sizes', () => {
    expect(() => allocate('signal', input())).toThrow(/needs a signal/);
    expect(() => allocate('signal', input({ signal: [1, 2] }))).toThrow(/2 entries, expected 3/);
    expect(() => allocate('signal', input({ signal: [1, 2, Number.NaN] }))).toThrow(
      /signal of asset 2 is NaN/,
    );
    expect(() => allocate('signal', input({ signal: [1, 1, 1], signalScale: 1.5 }))).toThrow(
      /signalScale is 1.5/,
    );
    const values = new Float64Array(9).fill(Number.NaN);
    expect(() => allocate('hrp', input({ covariance: { size: 3, values } }))).toThrow(
      expect.objectContaining({ reason: 'not-finite' }),
    );
    expect(() => allocate('equal', input({ returns: randomReturns(1, 9, 4) }))).toThrow(/the same assets/);
  });
});

/** Without those that may read means, where one of 1e304 overflows and is refused. */
const withoutMean = allocatorNames.filter(
  (name) => !allocatorNamed(name).needs.mean({ objective: 'max-sharpe' }),
);

describe('weights of allocators that read no mean', () => {
  test('are finite, sum to 1 and are not negative, for any signal and scale', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (seed, signal, signalScale) => {
          const returns = randomReturns(seed, 30, signal.length);
          const covariance = estimateCovariance('sample', returns);
          for (const name of withoutMean) {
            const weights = allocate(name, { returns, covariance, signal, signalScale });
            expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
            expect(weights.every((weight) => weight >= 0)).toBe(true);
          }
        },
      ),
    );
  });
});
