import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import * as quadprog from 'quadprog';
import { describe, expect, test } from 'vitest';
import { type ConstrainedQp, quadraticGradient } from '../../../src/core/optimisation/constrained-qp.ts';
import { kktResidual } from '../../../src/core/optimisation/kkt.ts';
import { nearestWeights } from '../../../src/core/optimisation/nearest.ts';
import { solveQp } from '../../../src/core/optimisation/solve-qp.ts';
import { constrain } from '../../../src/core/optimisation/weight-limits.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { worstDifference } from '../allocation/peers.ts';
import { generator, randomReturns } from '../allocation/random-returns.ts';

type OracleCase = {
  kind: string;
  matrix: number[];
  linear: number[];
  current: number[];
  lower: number;
  upper: number;
  cost: number;
  impact: number;
  turnoverMax: number | null;
  grossExposureMax: number | null;
  groups: { members: number[]; lower: number; upper: number }[];
  objective: number;
  weights: number[];
};

const oracle = JSON.parse(
  readFileSync(new URL('../../oracles/allocation/constrained_qp.json', import.meta.url), 'utf8'),
) as OracleCase[];

function problemOf(one: OracleCase): ConstrainedQp {
  const size = one.linear.length;
  return {
    size,
    matrix: Float64Array.from(one.matrix),
    linear: Float64Array.from(one.linear),
    lower: new Float64Array(size).fill(one.lower),
    upper: new Float64Array(size).fill(one.upper),
    budget: 1,
    current: Float64Array.from(one.current),
    proportional: new Float64Array(size).fill(one.cost),
    impact: new Float64Array(size).fill(one.impact),
    turnoverMax: one.turnoverMax ?? Number.POSITIVE_INFINITY,
    grossExposureMax: one.grossExposureMax ?? Number.POSITIVE_INFINITY,
    groups: one.groups,
  };
}

function objective(problem: ConstrainedQp, weights: ArrayLike<number>): number {
  let value = 0;
  for (let i = 0; i < problem.size; i += 1) {
    const trade = Math.abs(weights[i]! - problem.current[i]!);
    value +=
      problem.proportional[i]! * trade + problem.impact[i]! * trade ** 1.5 - problem.linear[i]! * weights[i]!;
    for (let j = 0; j < problem.size; j += 1) {
      value += (problem.matrix[i * problem.size + j]! * weights[i]! * weights[j]!) / 2;
    }
  }
  return value;
}

describe('solveQp against Clarabel', () => {
  for (const one of oracle) {
    test(`${one.kind}, ${one.linear.length} assets: same optimum, KKT residual below 1e-12`, () => {
      const problem = problemOf(one);
      const { weights, kktResidual: residual } = solveQp(problem);
      expect(residual).toBeLessThan(1e-12);
      expect(objective(problem, weights)).toBeLessThan(one.objective + 1e-9);
      expect(worstDifference(weights, one.weights)).toBeLessThan(2e-5);
    });
  }
});

/** A rebalancing problem with any mixture of the terms, feasible because `current` is. */
const problems = fc
  .record({
    seed: fc.integer(),
    size: fc.integer({ min: 2, max: 14 }),
    short: fc.boolean(),
    costed: fc.boolean(),
    impacted: fc.boolean(),
    capped: fc.boolean(),
    grouped: fc.boolean(),
    grossed: fc.boolean(),
    linear: fc.boolean(),
    singular: fc.boolean(),
  })
  .map((choice): ConstrainedQp => {
    const { seed, size } = choice;
    const uniform = generator(seed);
    const returns = randomReturns(seed, choice.singular ? Math.max(3, size >> 1) : 3 * size, size);
    const scores = Array.from({ length: size }, () => (uniform() < 0.3 ? 0 : uniform()));
    const sum = scores.reduce((total, score) => total + score, 0) || 1;
    const held = scores.map((score) => score / sum);
    if (scores.every((score) => score === 0)) held[0] = 1;
    const members = Array.from({ length: size }, (_, i) => i).filter(() => uniform() < 0.5);
    const inGroup = members.reduce((total, i) => total + held[i]!, 0);
    return {
      size,
      matrix: estimateCovariance('sample', returns).values.map((value) => 100 * value),
      linear: Float64Array.from({ length: size }, () => (choice.linear ? 0.05 * (uniform() - 0.5) : 0)),
      lower: new Float64Array(size).fill(choice.short ? -0.5 : 0),
      upper: new Float64Array(size).fill(1),
      budget: 1,
      current: Float64Array.from(held),
      proportional: new Float64Array(size).fill(choice.costed ? 0.02 * uniform() : 0),
      impact: new Float64Array(size).fill(choice.impacted ? 0.02 * uniform() : 0),
      turnoverMax: choice.capped ? 0.02 + 0.3 * uniform() : Number.POSITIVE_INFINITY,
      grossExposureMax: choice.grossed ? 1.05 + 0.4 * uniform() : Number.POSITIVE_INFINITY,
      groups: choice.grouped
        ? [{ members, lower: inGroup - 0.1 * uniform(), upper: inGroup + 0.1 * uniform() }]
        : [],
    };
  });

describe('solveQp', () => {
  test('proves every optimum: KKT residual below 1e-8, weights inside all limits', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const { weights, multipliers, kktResidual: residual } = solveQp(problem);
        expect(residual).toBeLessThan(1e-8);
        expect(residual).toBe(kktResidual(problem, weights, multipliers));
        const traded = weights.reduce((sum, weight, i) => sum + Math.abs(weight - problem.current[i]!), 0);
        const gross = weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 10);
        expect(traded / 2).toBeLessThan(problem.turnoverMax + 1e-9);
        expect(gross).toBeLessThan(problem.grossExposureMax + 1e-9);
        for (const { members, lower, upper } of problem.groups) {
          const sum = members.reduce((total, i) => total + weights[i]!, 0);
          expect(sum).toBeGreaterThan(lower - 1e-9);
          expect(sum).toBeLessThan(upper + 1e-9);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('is never beaten by a feasible neighbour', () => {
    fc.assert(
      fc.property(problems, fc.double({ min: 0, max: 1, noNaN: true }), (problem, share) => {
        const { weights } = solveQp(problem);
        // Every mixture with the current weights is feasible.
        const mixed = weights.map((weight, i) => weight + share * (problem.current[i]! - weight));
        expect(objective(problem, weights)).toBeLessThan(objective(problem, mixed) + 1e-12);
      }),
    );
  });

  test('agrees with quadprog (Goldfarb-Idnani) under bounds', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 2, max: 25 }), (seed, size) => {
        const uniform = generator(seed);
        const matrix = estimateCovariance('sample', randomReturns(seed, 3 * size, size)).values.map(
          (v) => 1e4 * v,
        );
        const linear = Float64Array.from({ length: size }, () => uniform() - 0.5);
        const problem = constrain({ size, matrix, linear }, {}, 0);
        expect(worstDifference(solveQp(problem).weights, byQuadprog(problem))).toBeLessThan(1e-8);
      }),
    );
  });

  test('does not trade at all where no trade is worth its cost', () => {
    const problem = problemOf(oracle.find(({ kind }) => kind === 'costs')!);
    problem.proportional.fill(1);
    problem.upper.fill(1);
    expect(Array.from(solveQp(problem).weights)).toEqual(Array.from(problem.current));
  });

  test('says infeasible: crossed bounds, no room for the budget, a cap that cannot reach the bounds', () => {
    const problem = problemOf(oracle.find(({ kind }) => kind === 'turnover')!);
    const refusal = expect.objectContaining({ name: 'AllocationError', reason: 'infeasible' });
    expect(() => solveQp({ ...problem, upper: problem.lower.map(() => -1) })).toThrow(refusal);
    expect(() => solveQp({ ...problem, upper: problem.upper.map(() => 0.1) })).toThrow(refusal);
    const away = Float64Array.of(1, 0, 0, 0);
    expect(() => solveQp({ ...problem, current: away, turnoverMax: 0.1 })).toThrow(refusal);
    const groups = [{ members: [0, 1, 2, 3], lower: 0, upper: 0.5 }];
    expect(() => solveQp({ ...problem, groups })).toThrow(refusal);
  });
});

function byQuadprog(problem: ConstrainedQp): number[] {
  const { size, matrix, linear, lower, upper } = problem;
  // quadprog counts from 1.
  const index = Array.from({ length: size }, (_, i) => i);
  const square = [[], ...index.map((i) => [0, ...matrix.subarray(i * size, (i + 1) * size)])] as number[][];
  const unit = (i: number, sign: number): number[] => index.map((k) => (k === i ? sign : 0));
  const columns = [index.map(() => 1), ...index.map((i) => unit(i, 1)), ...index.map((i) => unit(i, -1))];
  const constraints = [[], ...index.map((i) => [0, ...columns.map((column) => column[i]!)])] as number[][];
  const bounds = [0, 1, ...lower, ...upper.map((bound) => -bound)];
  return quadprog.solveQP(square, [0, ...linear], constraints, bounds, 1).solution.slice(1);
}

describe('kktResidual', () => {
  test('sees a weight, a bound multiplier and a cost that are off', () => {
    const problem = problemOf(oracle.find(({ kind }) => kind === 'everything')!);
    const { weights, multipliers } = solveQp(problem);
    const moved = weights.slice();
    moved[0]! += 1e-5;
    moved[1]! -= 1e-5;
    expect(kktResidual(problem, moved, multipliers)).toBeGreaterThan(1e-7);
    expect(
      kktResidual(problem, weights, { ...multipliers, budget: multipliers.budget * 1.001 }),
    ).toBeGreaterThan(1e-7);
    expect(
      kktResidual(problem, weights, { ...multipliers, upper: multipliers.upper.map((v) => v - 1e-6) }),
    ).toBeGreaterThan(1e-7);
    expect(
      kktResidual({ ...problem, proportional: problem.proportional.map(() => 0) }, weights, multipliers),
    ).toBeGreaterThan(1e-4);
    moved[0] = Number.NaN;
    expect(kktResidual(problem, moved, multipliers)).toBeNaN();
  });
});

describe('multipliers', () => {
  test('are what the objective gains per unit of the limit', () => {
    for (const kind of ['turnover', 'gross', 'groups'] as const) {
      const problem = problemOf(oracle.find((one) => one.kind === kind && one.linear.length === 10)!);
      const { multipliers } = solveQp(problem);
      const step = 1e-5;
      const value = (changed: ConstrainedQp): number => objective(changed, solveQp(changed).weights);
      const gain = (wider: ConstrainedQp): number => (value(problem) - value(wider)) / step;
      if (kind === 'turnover') {
        expect(multipliers.turnover).toBeGreaterThan(0);
        expect(gain({ ...problem, turnoverMax: problem.turnoverMax + step })).toBeCloseTo(
          multipliers.turnover,
          4,
        );
      } else if (kind === 'gross') {
        expect(gain({ ...problem, grossExposureMax: problem.grossExposureMax + step })).toBeCloseTo(
          multipliers.gross,
          4,
        );
      } else {
        const [first, second] = problem.groups;
        const groups = [{ ...first!, upper: first!.upper + step }, second!];
        expect(gain({ ...problem, groups })).toBeCloseTo(multipliers.groups[0]!.upper, 4);
      }
    }
  });
});

describe('nearestWeights', () => {
  test('gives the target back when it is inside the limits', () => {
    const { weights } = nearestWeights([0.2, 0.3, 0.5], {});
    expect(worstDifference(weights, [0.2, 0.3, 0.5])).toBeLessThan(1e-15);
  });

  test('cuts an asset at its bound and shares the rest evenly', () => {
    const { weights, multipliers } = nearestWeights([0.8, 0.1, 0.1], {
      bounds: { lower: [0, 0, 0], upper: [0.5, 1, 1] },
    });
    expect(worstDifference(weights, [0.5, 0.25, 0.25])).toBeLessThan(1e-14);
    expect(multipliers.upper[0]).toBeGreaterThan(0);
  });

  test('goes as far towards the target as the turnover cap lets it', () => {
    const { weights } = nearestWeights([0, 1], { trading: { current: [1, 0], turnoverMax: 0.3 } });
    expect(worstDifference(weights, [0.7, 0.3])).toBeLessThan(1e-12);
  });
});

describe('quadraticGradient', () => {
  test('is P w - q', () => {
    const problem = { size: 2, matrix: Float64Array.of(2, 1, 1, 3), linear: Float64Array.of(1, 0) };
    const qp = constrain(problem, {}, 0);
    expect(Array.from(quadraticGradient(qp, Float64Array.of(0.5, 0.5)))).toEqual([0.5, 2]);
  });
});
