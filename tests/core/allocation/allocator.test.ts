import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type AllocationInput, allocate } from '../../../src/core/allocation/allocate.ts';
import {
  type AllocationOptions,
  type AllocatorName,
  allocatorNames,
  allocators,
  allocatorTitle,
} from '../../../src/core/allocation/allocators.ts';
import { AllocationError } from '../../../src/core/allocation-error.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { compoundedMeanReturns, meanReturns, type ReturnsMatrix } from '../../../src/core/risk/returns.ts';
import { worstDifference } from './peers.ts';
import { permutation, pickColumns, randomReturns, someReturns } from './random-returns.ts';

/** The values of an option that is a choice between names; none of another. */
function namesOf(option: z.core.$ZodType): string[] {
  const inner = option instanceof z.ZodDefault ? option.unwrap() : option;
  return inner instanceof z.ZodEnum ? inner.options.map(String) : [];
}

/** Every allocator with every choice that its table offers, one at a time, and some together. */
const choices: { name: AllocatorName; options: AllocationOptions }[] = [
  ...allocators.flatMap(({ name, options }) => [
    { name, options: {} },
    ...Object.entries<z.core.$ZodType>(options.shape).flatMap(([option, schema]) =>
      namesOf(schema).map((value) => ({ name, options: { [option]: value } })),
    ),
  ]),
  { name: 'mvo', options: { objective: 'utility', riskAversion: 5 } },
  { name: 'hrp', options: { variant: 'riskfolio', linkage: 'ward' } },
  { name: 'herc', options: { riskMeasure: 'cdar', linkage: 'average' } },
];

/** Allocators that hold an asset without risk: two that look at no risk, and two that look for the least of it. */
const holdsFlat: readonly AllocatorName[] = ['equal', 'signal', 'mvo', 'cla'];

function inputOf(returns: ReturnsMatrix, rest: Partial<AllocationInput> = {}): AllocationInput {
  const signal = Array.from(meanReturns(returns), (value, i) => value + 0.001 * Math.sin(i));
  return { returns, covariance: estimateCovariance('sample', returns), signal, periodsPerYear: 252, ...rest };
}

/** Weights, or the reason there are none. */
function attempt(name: AllocatorName, input: AllocationInput, options: AllocationOptions): number[] | string {
  try {
    return allocate(name, input, options);
  } catch (error) {
    if (error instanceof AllocationError) return error.reason;
    throw error;
  }
}

function expectWeights(weights: readonly number[]): void {
  expect(weights.every((weight) => weight >= -1e-12 && weight <= 1 + 1e-12)).toBe(true);
  expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 10);
}

for (const { name, options } of choices) {
  const title = [name, ...Object.values(options)].join(' ');

  describe(title, () => {
    test('gives weights from 0 to 1 that sum to 1', () => {
      fc.assert(
        fc.property(someReturns, (returns) => {
          const weights = attempt(name, inputOf(returns), options);
          if (typeof weights === 'string') expect(weights).toBe('no-positive-mean');
          else expectWeights(weights);
        }),
      );
    });

    // Twice the returns is twice the risk and the mean: only utility, which weighs one against the other, changes.
    if (options.objective !== 'utility')
      test('does not depend on the unit of the returns', () => {
        fc.assert(
          fc.property(someReturns, fc.constantFrom(0.01, 2, 100), (returns, unit) => {
            const scaled = { ...returns, values: returns.values.map((value) => unit * value) };
            const signal = inputOf(returns).signal!;
            const weights = attempt(name, inputOf(returns, { signal }), options);
            const again = attempt(
              name,
              inputOf(scaled, { signal: signal.map((value) => unit * value) }),
              options,
            );
            if (typeof weights === 'string') expect(again).toBe(weights);
            else expect(worstDifference(again as number[], weights)).toBeLessThan(1e-8);
          }),
        );
      });

    // SciPy's order of a pair of leaves is that of the columns, so hierarchical bisection may split elsewhere;
    // linkage.test.ts shows that the tree itself does not change.
    if (name !== 'hrp')
      test('permutes the weights when the assets are permuted', () => {
        fc.assert(
          fc.property(someReturns, fc.integer(), (returns, seed) => {
            const order = permutation(seed, returns.columns);
            const input = inputOf(returns);
            const weights = attempt(name, input, options);
            const moved = pickColumns(returns, order);
            const signal = order.map((from) => input.signal![from]!);
            const permuted = attempt(name, inputOf(moved, { signal }), options);
            if (typeof weights === 'string') expect(permuted).toBe(weights);
            else
              expect(
                worstDifference(
                  permuted as number[],
                  order.map((from) => weights[from]!),
                ),
              ).toBeLessThan(1e-8);
          }),
        );
      });

    test('gives all to one asset', () => {
      const returns = randomReturns(9, 30, 1);
      expect(allocate(name, inputOf(returns, { signal: [0.001] }), options)).toEqual([1]);
    });

    test('takes two assets, duplicates, and assets in a perfect line', () => {
      const base = randomReturns(11, 80, 4);
      const signal = (count: number): number[] => Array.from({ length: count }, (_, i) => 0.001 + 0.0001 * i);
      expectWeights(allocate(name, inputOf(pickColumns(base, [0, 1]), { signal: signal(2) }), options));
      for (const columns of [
        [0, 0],
        [0, 1, 1, 2],
        [0, 1, 2, 3, 0, 1, 2, 3],
        [3, 3, 3, 3, 3],
      ]) {
        expectWeights(
          allocate(name, inputOf(pickColumns(base, columns), { signal: signal(columns.length) }), options),
        );
      }
      const line = pickColumns(base, [0, 1, 2, 0]);
      for (let t = 0; t < line.rows; t += 1) line.values[t * 4 + 3]! *= 2.5;
      expectWeights(allocate(name, inputOf(line, { signal: signal(4) }), options));
    });

    test('takes a flat asset without NaN', () => {
      const returns = randomReturns(12, 60, 5);
      for (let t = 0; t < 60; t += 1) returns.values[t * 5 + 2] = 0;
      const weights = allocate(name, inputOf(returns), options);
      expectWeights(weights);
      if (!holdsFlat.includes(name)) expect(weights[2]).toBe(0);
    });

    test('takes fewer sessions than assets', () => {
      expectWeights(allocate(name, inputOf(randomReturns(13, 30, 60)), options));
    });

    test('refuses a NaN in the covariance and returns that are not the same assets', () => {
      const input = inputOf(randomReturns(14, 30, 3));
      input.covariance.values[4] = Number.NaN;
      expect(attempt(name, input, options)).toBe('not-finite');
      expect(
        attempt(name, { ...inputOf(randomReturns(14, 30, 3)), returns: randomReturns(14, 30, 4) }, options),
      ).toBe('bad-input');
    });
  });
}

describe('bounds', () => {
  test('hold for mvo and cla, exactly', () => {
    fc.assert(
      fc.property(someReturns, (returns) => {
        const count = returns.columns;
        const bounds = {
          lower: Array.from({ length: count }, (_, i) => (i % 3 === 0 ? 0.2 / count : 0)),
          upper: Array.from({ length: count }, (_, i) => Math.min(1, (i % 2 === 0 ? 1.6 : 2.4) / count)),
        };
        for (const name of ['mvo', 'cla'] as const) {
          for (const objective of ['min-variance', 'max-sharpe'] as const) {
            const weights = attempt(name, inputOf(returns, { bounds }), { objective });
            if (typeof weights === 'string') expect(weights).toBe('no-positive-mean');
            else {
              weights.forEach((weight, i) => {
                expect(weight).toBeGreaterThanOrEqual(bounds.lower[i]!);
                expect(weight).toBeLessThanOrEqual(bounds.upper[i]!);
              });
            }
          }
        }
      }),
    );
  });
});

describe('expected returns of mvo and cla', () => {
  const returns = randomReturns(21, 100, 4);
  const options = { objective: 'max-sharpe' } as const;
  const history = Array.from(compoundedMeanReturns(returns, 252));
  const withMean = (mean: number[]): number[] =>
    allocate('mvo', inputOf(returns, { mean, signal: undefined }), options);

  test('are compounded history, not the arithmetic mean, unless the caller has one', () => {
    const input = inputOf(returns, { signal: undefined });
    expect(allocate('mvo', input, options)).toEqual(withMean(history));
    expect(withMean(Array.from(meanReturns(returns)))).not.toEqual(withMean(history));
  });

  test('compound over the year they are told, and are refused without one', () => {
    const input = inputOf(returns, { signal: undefined });
    const monthly = Array.from(compoundedMeanReturns(returns, 12));
    expect(allocate('mvo', { ...input, periodsPerYear: 12 }, options)).toEqual(withMean(monthly));
    expect(withMean(monthly)).not.toEqual(withMean(history));
    for (const periodsPerYear of [undefined, 0, Number.NaN])
      expect(() => allocate('mvo', { ...input, periodsPerYear }, options)).toThrow(
        `periodsPerYear is ${periodsPerYear}, expected a number above 0`,
      );
  });

  test('are the signal as far as its scale trusts it', () => {
    const signal = [0.004, 0.001, 0.002, 0.0005];
    expect(allocate('mvo', inputOf(returns, { signal }), options)).toEqual(withMean(signal));
    expect(allocate('mvo', inputOf(returns, { signal, signalScale: 0 }), options)).toEqual(withMean(history));
    const half = signal.map((value, i) => 0.5 * value + 0.5 * history[i]!);
    expect(allocate('mvo', inputOf(returns, { signal, signalScale: 0.5 }), options)).toEqual(withMean(half));
  });
});

describe('5,000 assets', () => {
  const returns = randomReturns(31, 260, 5000);
  const input = inputOf(returns);

  for (const name of allocatorNames) {
    test(`${name} gives weights`, () => {
      expectWeights(allocate(name, input));
    });
  }
});

test('a sentence calls every allocator by a title of its own, and one of another version by its name', () => {
  const titles = allocatorNames.map(allocatorTitle);
  expect(new Set([...titles, ...allocatorNames]).size).toBe(2 * allocatorNames.length);
  expect(allocatorTitle('min-max')).toBe('min-max');
});
