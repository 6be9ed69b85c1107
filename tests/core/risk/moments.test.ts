import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allocate } from '../../../src/core/allocation/allocate.ts';
import { allocatorNamed } from '../../../src/core/allocation/allocators.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { momentsOf } from '../../../src/core/risk/moments.ts';
import { compoundedMeanReturns } from '../../../src/core/risk/returns.ts';
import { randomReturns } from '../allocation/random-returns.ts';

const returns = randomReturns(3, 60, 4);
const covariance = estimateCovariance('sample', returns);
const periodsPerYear = 252;
const signal = [0.004, -0.001, 0.002, 0.0005];

test('the mean is history, the forecast, or as much of each as the scale says', () => {
  const history = compoundedMeanReturns(returns, periodsPerYear);
  const read = (signalScale: number | undefined, given?: readonly number[]) => {
    const { mean, from } = momentsOf({ returns, covariance, periodsPerYear, signal: given, signalScale });
    return { mean: Array.from(mean), from };
  };
  expect(read(undefined)).toEqual({ mean: Array.from(history), from: 'history' });
  expect(read(0, signal)).toEqual({ mean: Array.from(history), from: 'history' });
  expect(read(undefined, signal)).toEqual({ mean: signal, from: 'forecast' });
  expect(read(1, signal)).toEqual({ mean: signal, from: 'forecast' });
  const blend = signal.map((value, i) => 0.3 * value + 0.7 * history[i]!);
  expect(read(0.3, signal)).toEqual({ mean: blend, from: 'blend' });
});

test("a mean of the caller's own wins", () => {
  const own = [1, 2, 3, 4];
  expect(Array.from(momentsOf({ returns, covariance, signal, mean: own }).mean)).toEqual(own);
});

test('a blend lies between history and forecast, asset by asset', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (signalScale) => {
      const history = compoundedMeanReturns(returns, periodsPerYear);
      momentsOf({ returns, covariance, periodsPerYear, signal, signalScale }).mean.forEach((value, i) => {
        expect(value).toBeGreaterThanOrEqual(Math.min(history[i]!, signal[i]!) - 1e-15);
        expect(value).toBeLessThanOrEqual(Math.max(history[i]!, signal[i]!) + 1e-15);
      });
    }),
  );
});

test('an asset without history breaks only those that read a mean', () => {
  const gap = { ...returns, values: returns.values.map((value, k) => (k % 4 === 2 ? Number.NaN : value)) };
  const input = { returns: gap, covariance, periodsPerYear };
  expect(() => momentsOf(input).mean).toThrow('historical mean of asset 2 is NaN');
  expect(allocate('mvo', input)).toEqual(allocate('mvo', { returns, covariance }));
  expect(() => allocate('mvo', input, { objective: 'max-sharpe' })).toThrow(
    expect.objectContaining({ reason: 'not-finite' }),
  );
});

test('a mean of history needs to know how many returns make a year', () => {
  expect(() => momentsOf({ returns, covariance }).mean).toThrow('periodsPerYear is undefined');
});

test('what reads a mean is known beforehand', () => {
  const { needs } = allocatorNamed('mvo');
  expect([{}, { objective: 'max-sharpe' }, { objective: 'utility' }].map(needs.mean)).toEqual([
    false,
    true,
    true,
  ]);
});
