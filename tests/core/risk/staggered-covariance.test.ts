import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { choleskyInPlace } from '../../../src/core/numeric/cholesky.ts';
import { type CovarianceName, estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import type { ReturnsMatrix } from '../../../src/core/risk/returns.ts';
import { staggeredCovariance } from '../../../src/core/risk/staggered-covariance.ts';
import { randomReturns } from '../allocation/random-returns.ts';

const estimator = (name: CovarianceName) => (returns: ReturnsMatrix) => estimateCovariance(name, returns);

/** Returns with nothing before each asset's start. */
function from(starts: readonly number[], returns: ReturnsMatrix): ReturnsMatrix {
  const { columns, values } = returns;
  return {
    ...returns,
    values: values.map((value, k) => (Math.floor(k / columns) < starts[k % columns]! ? Number.NaN : value)),
  };
}
const column = ({ rows, columns, values }: ReturnsMatrix, asset: number, start = 0) =>
  Array.from({ length: rows - start }, (_, row) => values[(start + row) * columns + asset]!);
const mean = (x: readonly number[]) => x.reduce((s, v) => s + v, 0) / x.length;
const covariance = (x: readonly number[], y: readonly number[]) =>
  x.reduce((s, v, i) => s + (v - mean(x)) * (y[i]! - mean(y)), 0) / (x.length - 1);

describe('a staggered covariance', () => {
  test('of one start is the estimate since then', () => {
    const returns = randomReturns(4, 60, 3);
    const cut = from([20, 20, 20], returns);
    const rest = { rows: 40, columns: 3, values: returns.values.slice(60) };
    expect(staggeredCovariance(returns, estimator('sample'))).toEqual(estimateCovariance('sample', returns));
    expect(staggeredCovariance(cut, estimator('sample')).values).toEqual(
      estimateCovariance('sample', rest).values,
    );
  });

  test('of one old and one young asset is Stambaugh’s, by hand', () => {
    const returns = from([40, 0], randomReturns(9, 100, 2));
    const long = column(returns, 1);
    const [young, old] = [column(returns, 0, 40), column(returns, 1, 40)];
    const beta = covariance(young, old) / covariance(old, old);
    const [yy, yo, oy, oo] = staggeredCovariance(returns, estimator('sample')).values;
    expect(oo).toBeCloseTo(covariance(long, long), 16);
    expect(yo).toBeCloseTo(beta * covariance(long, long), 16);
    expect(oy).toBe(yo);
    const residual = covariance(young, young) - beta ** 2 * covariance(old, old);
    expect(yy).toBeCloseTo(residual + beta ** 2 * covariance(long, long), 16);
  });

  test('leaves the assets that have the whole window as they are without the young one', () => {
    const returns = randomReturns(2, 200, 4);
    const cut = from([0, 150, 0, 0], returns);
    const others = {
      rows: 200,
      columns: 3,
      values: returns.values.filter((_, k) => k % 4 !== 1),
    };
    const whole = estimateCovariance('ledoit-wolf', others).values;
    const { values } = staggeredCovariance(cut, estimator('ledoit-wolf'));
    [0, 2, 3].forEach((i, a) => {
      [0, 2, 3].forEach((j, b) => {
        expect(values[i * 4 + j]).toBe(whole[a * 3 + b]);
      });
    });
  });

  test('is symmetric and positive semi-definite, whatever the starts, with fewer sessions than assets too', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 12 }),
        fc.array(fc.integer({ min: 0, max: 34 }), { minLength: 12, maxLength: 12 }),
        fc.constantFrom<CovarianceName>('sample', 'ewma', 'ledoit-wolf'),
        fc.integer({ min: 1, max: 500 }),
        (size, starts, name, seed) => {
          const returns = from(starts, randomReturns(seed, 40, size));
          const { values } = staggeredCovariance(returns, estimator(name));
          const largest = Math.max(...values.map(Math.abs));
          for (let i = 0; i < size; i += 1)
            for (let j = 0; j < i; j += 1)
              expect(Math.abs(values[i * size + j]! - values[j * size + i]!)).toBeLessThan(1e-12 * largest);
          const lifted = values.map((value, k) => (k % (size + 1) === 0 ? value + 1e-9 * largest : value));
          expect(choleskyInPlace(lifted, size)).toBe(true);
        },
      ),
      { numRuns: 300, seed: 8 },
    );
  });

  test('of an asset without any return is refused', () => {
    const returns = from([0, 30], randomReturns(1, 30, 2));
    expect(() => staggeredCovariance(returns, estimator('sample'))).toThrow(/at least 2 sessions, got 0/);
  });
});
