import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocate } from '../../../src/core/allocation/allocate.ts';
import { type AllocationOptions, allocators } from '../../../src/core/allocation/allocators.ts';
import { meanVariance } from '../../../src/core/allocation/mvo.ts';
import { riskParityWeights } from '../../../src/core/allocation/risk-parity.ts';
import { AllocationError } from '../../../src/core/allocation-error.ts';
import { type Covariance, correlations } from '../../../src/core/risk/covariance.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { type Market, marketKinds, marketsOf } from './degenerate-markets.ts';
import {
  bestRisklessByEnumeration,
  earned,
  greatestSharpeByEnumeration,
  largest,
  leastVarianceByEnumeration,
  risklessRatio,
  sharpe,
} from './enumeration.ts';
import { worstDifference } from './peers.ts';
import { quadraticForm, riskShares } from './portfolio-measures.ts';
import { generator, permutation, pickColumns, randomReturns } from './random-returns.ts';

const objectivesOf = { mvo: ['min-variance', 'max-sharpe', 'utility'], cla: ['min-variance', 'max-sharpe'] };
const subjects = allocators.flatMap(({ name }) =>
  (name in objectivesOf ? objectivesOf[name as 'mvo'] : [undefined]).map((objective) => ({
    name,
    options: (objective === undefined ? {} : { objective }) as AllocationOptions,
  })),
);
type Subject = (typeof subjects)[number];

const weigh = ({ name, options }: Subject, { returns, covariance, mean }: Market): number[] =>
  allocate(name, { returns, covariance, mean, signal: mean, periodsPerYear: 252 }, options);

/** Weights, or the refusal; any other error is thrown on. */
function attempt(subject: Subject, market: Market): number[] | AllocationError {
  try {
    return weigh(subject, market);
  } catch (error) {
    if (error instanceof AllocationError) return error;
    throw error;
  }
}

/** Whether there is a refusal to give: nothing with risk, nothing that earns, or no equal shares of no risk. */
function mayRefuse(error: AllocationError, { covariance, mean }: Market): boolean {
  if (error.reason === 'all-flat') return largest(covariance) === 0;
  if (error.reason === 'no-positive-mean') return Math.max(...mean) <= 0;
  if (error.reason !== 'no-convergence') return false;
  const correlation = { size: covariance.size, values: correlations(covariance) };
  const hedged = quadraticForm(correlation, leastVarianceByEnumeration(correlation));
  return hedged < 1e-8;
}

/** Weights so near the best are the best, however much their variance is smaller than an asset's. */
const weightTolerance = 1e-9;

/** How much worse than by enumeration the objective is; relative, less what rounding of the variance makes. */
function shortfall({ options }: Subject, market: Market, weights: readonly number[]): number {
  const { covariance, mean } = market;
  const rounding = risklessRatio * largest(covariance);
  const variance = quadraticForm(covariance, weights);
  if (options.objective === 'min-variance') {
    const best = leastVarianceByEnumeration(covariance);
    if (worstDifference(weights, best) < weightTolerance) return 0;
    const least = quadraticForm(covariance, best);
    return Math.max(0, variance - least - rounding) / Math.max(least, rounding, Number.MIN_VALUE);
  }
  const meanSize = Math.max(...mean.map(Math.abs));
  const riskless = bestRisklessByEnumeration(covariance, mean);
  if (riskless && earned(mean, riskless) > 1e-9 * meanSize) {
    // Beyond all bounds: what is left to compare is what it earns.
    if (variance > 100 * rounding) return Number.POSITIVE_INFINITY;
    return (earned(mean, riskless) - earned(mean, weights)) / meanSize;
  }
  const best = greatestSharpeByEnumeration(covariance, mean);
  if (!best || worstDifference(weights, best) < weightTolerance) return 0;
  return 1 - sharpe(covariance, mean, weights) / sharpe(covariance, mean, best) - rounding / variance;
}

/** A covariance whose variances lie a billion apart leaves seven digits of a ratio in float64. */
const shortfallMax = ({ kind }: Market) => (['an inverse', 'far scales'].includes(kind) ? 1e-6 : 1e-8);

const isOptimal = ({ options }: Subject) =>
  options.objective === 'min-variance' || options.objective === 'max-sharpe';

for (const kind of marketKinds) {
  describe(`a market: ${kind}`, () => {
    test.each(
      subjects.map((subject) => [`${subject.name} ${subject.options.objective ?? ''}`, subject] as const),
    )(
      '%s: weights in bounds that sum to 1 and are no worse than any others, or a refusal in words',
      (_, subject) => {
        fc.assert(
          fc.property(marketsOf(kind), (market) => {
            const weights = attempt(subject, market);
            if (weights instanceof AllocationError) {
              expect(weights.message).toMatch(/^[A-Z].{30,}\.$/);
              expect([weights.message, mayRefuse(weights, market)]).toEqual([weights.message, true]);
              return;
            }
            expect(weights.every((weight) => weight >= 0 && weight <= 1)).toBe(true);
            expect(Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - 1)).toBeLessThan(1e-12);
            if (isOptimal(subject))
              expect(shortfall(subject, market, weights)).toBeLessThan(shortfallMax(market));
          }),
          { numRuns: 150, seed: 61 },
        );
      },
    );

    test.each(
      subjects.map((subject) => [`${subject.name} ${subject.options.objective ?? ''}`, subject] as const),
    )('%s: neither the order of the assets nor the unit of the returns changes anything', (_, subject) => {
      fc.assert(
        fc.property(marketsOf(kind), fc.nat(), (market, seed) => {
          const weights = attempt(subject, market);
          // A power of two changes no digit; utility weighs a mean against a variance, which has another unit.
          const scaled = attempt(subject, scale(market, 1024));
          if (subject.options.objective !== 'utility') expectSame(scaled, weights);
          const order = permutation(seed, market.mean.length);
          const moved = attempt(subject, permute(market, order));
          if (weights instanceof AllocationError || moved instanceof AllocationError) {
            expectSame(moved, weights);
            return;
          }
          const back = order.map((_, i) => moved[order.indexOf(i)]!);
          // Optima need not be unique, nor trees of equal distances: those are compared by what they are worth.
          if (isOptimal(subject)) expect(shortfall(subject, market, back)).toBeLessThan(shortfallMax(market));
          else if (!['mvo', 'hrp', 'herc'].includes(subject.name))
            expect(worstDifference(back, weights)).toBeLessThan(1e-6);
        }),
        { numRuns: 60, seed: 62 },
      );
    });
  });
}

function expectSame(actual: number[] | AllocationError, expected: number[] | AllocationError): void {
  const reasonOrWeights = (made: number[] | AllocationError) =>
    made instanceof AllocationError ? made.reason : made.map((weight) => expect.closeTo(weight, 9));
  expect(actual instanceof AllocationError ? actual.reason : actual).toEqual(reasonOrWeights(expected));
}

function scale({ returns, covariance, mean, kind }: Market, unit: number): Market {
  return {
    kind,
    mean: mean.map((value) => unit * value),
    returns: { ...returns, values: returns.values.map((value) => unit * value) },
    covariance: { size: covariance.size, values: covariance.values.map((value) => unit * unit * value) },
  };
}

function permute({ returns, mean, kind }: Market, order: readonly number[]): Market {
  const moved = pickColumns(returns, order);
  const covariance = estimateCovariance('sample', moved);
  return { kind, returns: moved, covariance, mean: order.map((i) => mean[i]!) };
}

const oracle = JSON.parse(
  readFileSync(new URL('../../oracles/allocation/edges.json', import.meta.url), 'utf8'),
) as {
  tied: {
    mean: number[];
    covariance: number[][];
    lower: number;
    upper: number;
    leastVariance: number[];
    greatestSharpe: number[];
  }[];
  hedge: { covariance: number[][]; weights: number[] };
  cash: { covariance: number[][]; excess: number[]; weights: number[] };
};
const covarianceOf = (rows: number[][]): Covariance => ({
  size: rows.length,
  values: Float64Array.from(rows.flat()),
});

describe('means that tie', () => {
  test.each(oracle.tied.map((tied) => [tied.mean.length, tied] as const))(
    'of %i assets under bounds: cla and mvo give the weights of 40 digits, to 1e-9',
    (size, tied) => {
      const covariance = covarianceOf(tied.covariance);
      const bounds = { lower: Array(size).fill(tied.lower), upper: Array(size).fill(tied.upper) };
      const returns = { rows: 2, columns: size, values: new Float64Array(2 * size) };
      for (const name of ['cla', 'mvo'] as const) {
        const weights = (objective: 'min-variance' | 'max-sharpe') =>
          allocate(name, { returns, covariance, mean: tied.mean, bounds }, { objective });
        expect(worstDifference(weights('min-variance'), tied.leastVariance)).toBeLessThan(1e-9);
        expect(worstDifference(weights('max-sharpe'), tied.greatestSharpe)).toBeLessThan(1e-9);
      }
    },
  );

  test('but for rounding, of prices that end at one multiple of their start: the least variance, 300 times of 300', () => {
    fc.assert(
      fc.property(risingEqually, (returns) => {
        const covariance = estimateCovariance('sample', returns);
        const expected = leastVarianceByEnumeration(covariance);
        for (const objective of ['min-variance', 'max-sharpe'] as const) {
          const weights = allocate('cla', { returns, covariance, periodsPerYear: 252 }, { objective });
          expect(worstDifference(weights, expected)).toBeLessThan(1e-9);
        }
      }),
      { numRuns: 300, seed: 63 },
    );
  });
});

/** Returns of prices in cents that start at 80 and end at 90, all of them, over more sessions than assets. */
const risingEqually = fc
  .record({ seed: fc.nat(), columns: fc.integer({ min: 2, max: 7 }), extra: fc.integer({ min: 4, max: 12 }) })
  .map(({ seed, columns, extra }) => {
    const rows = columns + extra;
    const walks = Array.from({ length: columns }, (_, i) => centsFrom(seed + 7919 * i, rows));
    const values = new Float64Array(rows * columns);
    for (let t = 0; t < rows; t += 1)
      for (let i = 0; i < columns; i += 1) values[t * columns + i] = walks[i]![t + 1]! / walks[i]![t]! - 1;
    return { rows, columns, values };
  });

function centsFrom(seed: number, rows: number): number[] {
  const uniform = generator(seed);
  const inner = Array.from({ length: rows - 1 }, () => Math.round(8000 + 1000 * uniform()) / 100);
  return [80, ...inner, 90];
}

describe('assets that hedge each other', () => {
  test('risk parity gives the weights of 40 digits where one is all but the inverse of another', () => {
    const covariance = covarianceOf(oracle.hedge.covariance);
    const weights = riskParityWeights(covariance);
    expect(worstDifference(weights, oracle.hedge.weights)).toBeLessThan(1e-9);
    expect(worstDifference(riskShares(covariance, weights), [0.25, 0.25, 0.25, 0.25])).toBeLessThan(1e-9);
  });

  test('risk parity meets budgets from a correlation of -0.9 to one of -1 + 1e-8, and refuses -1 in words', () => {
    const of = (apart: number) =>
      riskParityWeights(
        covarianceOf([
          [1, apart - 1, 0.1],
          [apart - 1, 1, -0.1],
          [0.1, -0.1, 1],
        ]),
        { budgets: [2, 3, 5] },
      );
    for (const apart of [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8]) {
      const covariance = covarianceOf([
        [1, apart - 1, 0.1],
        [apart - 1, 1, -0.1],
        [0.1, -0.1, 1],
      ]);
      expect(worstDifference(riskShares(covariance, of(apart)), [0.2, 0.3, 0.5])).toBeLessThan(1e-6);
    }
    expect(() => of(0)).toThrow(/hedge each other perfectly/);
  });

  test('mvo and cla find the riskless mix that shorts allow, and the one that earns most', () => {
    // Two is twice one: two units of one against one of the other have no risk, and earn 2 x 3 - 7 < 0, or the reverse.
    const covariance = covarianceOf([
      [1e-4, 2e-4, 0],
      [2e-4, 4e-4, 0],
      [0, 0, 1e-4],
    ]);
    const bounds = { lower: [-2, -2, -2], upper: [2, 2, 2] };
    const returns = { rows: 2, columns: 3, values: new Float64Array(6) };
    for (const name of ['mvo', 'cla'] as const) {
      const weights = allocate(
        name,
        { returns, covariance, mean: [3e-4, 5e-4, 1e-4], bounds },
        { objective: 'max-sharpe' },
      );
      expect(worstDifference(weights, [2, -1, 0])).toBeLessThan(1e-9);
    }
  });

  test('mvo proves the least variance beside a riskless asset with shorts: KKT residual below 1e-8', () => {
    const covariance = covarianceOf([
      [1e-4, 3e-5, 0],
      [3e-5, 2e-4, 0],
      [0, 0, 0],
    ]);
    const bounds = { lower: [-1, -1, -1], upper: [2, 2, 2] };
    const { weights, kktResidual } = meanVariance({ objective: 'min-variance', covariance, bounds });
    expect(worstDifference(weights, [0, 0, 1])).toBeLessThan(1e-12);
    expect(kktResidual).toBeLessThan(1e-8);
  });
});

describe('an asset without risk', () => {
  const size = oracle.cash.weights.length + 1;
  const rate = 1e-4;
  const mean = [...oracle.cash.excess.map((excess) => excess + rate), rate];
  const covariance = covarianceOf([...oracle.cash.covariance.map((row) => [...row, 0]), Array(size).fill(0)]);
  const returns = { rows: 2, columns: size, values: new Float64Array(2 * size) };
  const tangency = (name: 'mvo' | 'cla', riskFreeRate: number, means = mean) =>
    allocate(name, { returns, covariance, mean: means }, { objective: 'max-sharpe', riskFreeRate });

  test.each(['mvo', 'cla'] as const)(
    '%s: that earns the riskless rate does not dilute the tangency',
    (name) => {
      expect(worstDifference(tangency(name, rate), [...oracle.cash.weights, 0])).toBeLessThan(1e-9);
    },
  );

  test.each(['mvo', 'cla'] as const)('%s: that earns less, or nothing, is not held', (name) => {
    const below = mean.with(-1, 0);
    expect(worstDifference(tangency(name, rate, below), [...oracle.cash.weights, 0])).toBeLessThan(1e-9);
    const negative = [...oracle.cash.excess, -rate];
    expect(worstDifference(tangency(name, 0, negative), [...oracle.cash.weights, 0])).toBeLessThan(1e-9);
  });

  test.each(['mvo', 'cla'] as const)(
    '%s: that earns more than the rate is the answer, for it has no risk',
    (name) => {
      expect(worstDifference(tangency(name, 0), [0, 0, 0, 1])).toBeLessThan(1e-12);
      expect(worstDifference(tangency(name, rate, mean.with(-1, 1)), [0, 0, 0, 1])).toBeLessThan(1e-12);
    },
  );

  test.each(['mvo', 'cla'] as const)(
    '%s: of nothing but such assets the one that earns most is taken',
    (name) => {
      const flat = { size: 3, values: new Float64Array(9) };
      const input = { returns: { rows: 2, columns: 3, values: new Float64Array(6) }, covariance: flat };
      const weights = allocate(name, { ...input, mean: [1e-4, 3e-4, 2e-4] }, { objective: 'max-sharpe' });
      expect(worstDifference(weights, [0, 1, 0])).toBeLessThan(1e-12);
    },
  );
});

describe('cla for the least variance', () => {
  test('reads no mean, as it says: history without a finite one is no hindrance', () => {
    const returns = randomReturns(5, 40, 4);
    const covariance = estimateCovariance('sample', returns);
    for (let t = 0; t < 40; t += 1) returns.values[4 * t + 3] = Number.NaN;
    const input = { returns, covariance, periodsPerYear: 252 };
    expect(worstDifference(allocate('cla', input), leastVarianceByEnumeration(covariance))).toBeLessThan(
      1e-9,
    );
    expect(() => allocate('cla', input, { objective: 'max-sharpe' })).toThrow(
      /historical mean of asset 3 is NaN/,
    );
  });
});
