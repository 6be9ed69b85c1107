import fc from 'fast-check';
import { solveQP } from 'quadprog';
import { describe, expect, test } from 'vitest';
import {
  breach,
  InfeasibleError,
  leastTrading,
  limitsOf,
  type PolicyLimits,
  projectToBudget,
  projectToLimits,
} from '../../../src/core/policy/limits.ts';
import { boundsOf } from '../../../src/core/policy/policy.ts';
import { generator } from '../allocation/random-returns.ts';
import { holdingsOf, samplePolicy } from './samples.ts';

/**
 * The nearest point by quadprog (Goldfarb and Idnani, 1983), whose arrays start at 1; null where there is none.
 * The gross limit is written out as one linear limit for each choice of signs.
 */
function oracle(goal: readonly number[], limits: PolicyLimits): number[] | null {
  const { bounds, groups, grossExposureMax, budget } = limits;
  const n = goal.length;
  const unit = (i: number) => goal.map((_, j) => (i === j ? 1 : 0));
  const negated = (row: number[]) => row.map((value) => -value);
  const rows: [row: number[], least: number][] = [[goal.map(() => 1), budget]];
  bounds.forEach(({ lower, upper }, i) => {
    rows.push([unit(i), lower], [negated(unit(i)), -upper]);
  });
  for (const { members, lower, upper } of groups) {
    const row = goal.map((_, i) => (members.includes(i) ? 1 : 0));
    rows.push([row, lower], [negated(row), -upper]);
  }
  if (grossExposureMax !== null)
    for (let signs = 0; signs < 2 ** n; signs += 1)
      rows.push([goal.map((_, i) => ((signs >> i) % 2 === 1 ? 1 : -1)), -grossExposureMax]);
  const from1 = (values: number[]) => [0, ...values];
  const answer = solveQP(
    [[], ...goal.map((_, i) => from1(unit(i)))],
    from1([...goal]),
    [[], ...goal.map((_, i) => from1(rows.map(([row]) => row[i]!)))],
    from1(rows.map(([, least]) => least)),
    1,
  );
  return answer.message === '' ? answer.solution.slice(1) : null;
}

const problems = fc
  .array(
    fc.record({
      goal: fc.double({ min: -1, max: 2, noNaN: true }),
      lower: fc.double({ min: -0.2, max: 0.3, noNaN: true }),
      width: fc.double({ min: 0.001, max: 1, noNaN: true }),
    }),
    { minLength: 1, maxLength: 7 },
  )
  .chain((assets) =>
    fc.double({ min: 0.01, max: 0.99, noNaN: true }).map((share) => {
      const bounds = assets.map(({ lower, width }) => ({ lower, upper: lower + width }));
      const least = bounds.reduce((s, b) => s + b.lower, 0);
      const most = bounds.reduce((s, b) => s + b.upper, 0);
      return { goal: assets.map((asset) => asset.goal), bounds, total: least + share * (most - least) };
    }),
  );

describe('projectToBudget', () => {
  test('is the Euclidean projection, by quadprog', () => {
    fc.assert(
      fc.property(problems, ({ goal, bounds, total }) => {
        const expected = oracle(goal, { bounds, groups: [], grossExposureMax: null, budget: total })!;
        projectToBudget(goal, bounds, total).forEach((weight, i) => {
          expect(Math.abs(weight - expected[i]!)).toBeLessThan(1e-9);
        });
      }),
      { numRuns: 500, seed: 21 },
    );
  });

  test('meets the sum to the last bit or two and the bounds exactly', () => {
    fc.assert(
      fc.property(problems, ({ goal, bounds, total }) => {
        const weights = projectToBudget(goal, bounds, total);
        expect(Math.abs(weights.reduce((s, w) => s + w, 0) - total)).toBeLessThan(2e-15 * (1 + goal.length));
        weights.forEach((w, i) => {
          expect(w).toBeGreaterThanOrEqual(bounds[i]!.lower);
          expect(w).toBeLessThanOrEqual(bounds[i]!.upper);
        });
      }),
      { numRuns: 500, seed: 22 },
    );
  });

  test('leaves alone what is allowed already', () => {
    const bounds = [
      { lower: 0, upper: 1 },
      { lower: 0.1, upper: 0.7 },
    ];
    expect(projectToBudget([0.4, 0.6], bounds, 1)).toEqual([0.4, 0.6]);
  });

  test('stands on the only point there is, and refuses where there is none', () => {
    const bounds = [
      { lower: 0.1, upper: 0.3 },
      { lower: 0.2, upper: 0.2 },
    ];
    expect(projectToBudget([5, -5], bounds, 0.5)).toEqual([0.3, 0.2]);
    expect(projectToBudget([5, -5], bounds, 0.3)[0]).toBeCloseTo(0.1, 15);
    expect(() => projectToBudget([0, 0], bounds, 0.51)).toThrow(InfeasibleError);
    expect(() => projectToBudget([0, 0], bounds, 0.29)).toThrow(/between 0.3\d* and 0.5, but 0.29/);
  });
});

/** Limits around a point that obeys them all, so that there is one, and a goal anywhere. */
const limited = fc
  .record({
    seed: fc.integer({ min: 1, max: 100_000 }),
    size: fc.integer({ min: 2, max: 5 }),
    short: fc.boolean(),
    groups: fc.integer({ min: 0, max: 3 }),
    gross: fc.boolean(),
  })
  .filter(({ groups, gross }) => groups > 0 || gross)
  .map(({ seed, size, short, groups, gross }) => {
    const uniform = generator(seed);
    const inside = Array.from({ length: size }, () => (short ? uniform() - 0.35 : uniform()));
    const limits: PolicyLimits = {
      bounds: inside.map((w) => ({ lower: w - 0.3 * uniform(), upper: w + 0.3 * uniform() })),
      groups: Array.from({ length: groups }, (_, g) => {
        const members = inside.flatMap((_, i) => (uniform() < 0.6 ? [i] : []));
        const total = members.reduce((s, i) => s + inside[i]!, 0);
        return {
          name: `group ${g}`,
          members,
          lower: total - 0.1 * uniform(),
          upper: total + 0.1 * uniform(),
        };
      }),
      grossExposureMax: gross ? inside.reduce((s, w) => s + Math.abs(w), 0) + 0.05 * uniform() : null,
      budget: inside.reduce((s, w) => s + w, 0),
    };
    return { goal: Array.from({ length: size }, () => 2 * uniform() - 0.7), limits, inside };
  });

describe('projectToLimits', () => {
  test('is the Euclidean projection on bounds, groups, gross limit and budget, by quadprog', () => {
    fc.assert(
      fc.property(limited, ({ goal, limits }) => {
        const expected = oracle(goal, limits)!;
        const { weights } = projectToLimits(goal, limits);
        expect(breach(weights, limits, 1e-10)).toBeNull();
        weights.forEach((weight, i) => {
          expect(Math.abs(weight - expected[i]!)).toBeLessThan(1e-8);
        });
      }),
      { numRuns: 500, seed: 23 },
    );
  });

  test('leaves alone what is allowed already', () => {
    fc.assert(
      fc.property(limited, ({ limits, inside }) => {
        expect(projectToLimits(inside, limits)).toEqual({ weights: inside, multipliers: null });
      }),
      { numRuns: 100, seed: 24 },
    );
  });

  test('has multipliers only of limits it lies against, none below 0', () => {
    fc.assert(
      fc.property(limited, ({ goal, limits }) => {
        const { weights, multipliers } = projectToLimits(goal, limits);
        if (multipliers === null) return;
        const expectOnlyTight = (multiplier: number, slack: number) => {
          expect(multiplier).toBeGreaterThanOrEqual(-1e-12);
          if (slack > 1e-7) expect(multiplier).toBeLessThan(1e-9);
        };
        weights.forEach((w, i) => {
          expectOnlyTight(multipliers.lower[i]!, w - limits.bounds[i]!.lower);
          expectOnlyTight(multipliers.upper[i]!, limits.bounds[i]!.upper - w);
        });
        limits.groups.forEach(({ members, lower, upper }, g) => {
          const total = members.reduce((s, i) => s + weights[i]!, 0);
          expectOnlyTight(multipliers.groups[g]!.lower, total - lower);
          expectOnlyTight(multipliers.groups[g]!.upper, upper - total);
        });
        if (limits.grossExposureMax !== null)
          expectOnlyTight(
            multipliers.gross,
            limits.grossExposureMax - weights.reduce((s, w) => s + Math.abs(w), 0),
          );
      }),
      { numRuns: 300, seed: 25 },
    );
  });

  test('refuses where limits contradict each other, as quadprog does', () => {
    const bounds = [
      { lower: 0, upper: 1 },
      { lower: 0, upper: 1 },
      { lower: 0, upper: 0.3 },
    ];
    const group = { name: 'first two', members: [0, 1], lower: 0, upper: 0.6 };
    const limits: PolicyLimits = { bounds, groups: [group], grossExposureMax: null, budget: 1 };
    expect(oracle([1, 0, 0], limits)).toBeNull();
    expect(() => projectToLimits([1, 0, 0], limits)).toThrow(
      expect.objectContaining({ reason: 'infeasible' }),
    );
    expect(() => projectToLimits([1, 0, 0], { ...limits, groups: [], grossExposureMax: 0.9 })).toThrow(
      expect.objectContaining({ reason: 'infeasible' }),
    );
  });
});

describe('leastTrading', () => {
  test('is undercut by no allowed weights, with cash to spare or without', () => {
    fc.assert(
      fc.property(limited, ({ goal, limits: drawn, inside }) => {
        const limits = { ...drawn, grossExposureMax: null, budget: Math.min(1, drawn.budget) };
        fc.pre(drawn.budget <= 1);
        const holdings = holdingsOf(goal);
        const traded = (weights: readonly number[]) =>
          weights.reduce((s, w, i) => s + Math.abs(w - goal[i]!), 0);
        const least = leastTrading(holdings, limits);
        const budget = least.reduce((s, w) => s + w, 0);
        expect(budget).toBeLessThan(limits.budget + 1e-10);
        expect(breach(least, { ...limits, budget }, 1e-10)).toBeNull();
        const uniform = generator(goal.length);
        for (let draw = 0; draw < 200; draw += 1) {
          const other = least.map((w, i) => {
            const towards = uniform() < 0.5 ? inside[i]! : goal[i]!;
            return w + uniform() * (towards - w) + 0.02 * (uniform() - 0.5);
          });
          const sum = other.reduce((s, w) => s + w, 0);
          if (sum <= limits.budget && breach(other, { ...limits, budget: sum }, 0) === null)
            expect(traded(other)).toBeGreaterThan(traded(least) - 1e-9);
        }
      }),
      { numRuns: 150, seed: 26 },
    );
  });

  test('by hand: sells a group down to its limit, buys one up to it, and leaves the rest alone', () => {
    const bounds = [0, 1, 2].map(() => ({ lower: 0, upper: 1 }));
    const close = (weights: number[]) => weights.map((w) => expect.closeTo(w, 9));
    const most = { name: 'm', members: [0, 1], lower: 0, upper: 0.6 };
    const limits: PolicyLimits = { bounds, groups: [most], grossExposureMax: null, budget: 1 };
    expect(leastTrading(holdingsOf([0.5, 0.3, 0.1]), limits)).toEqual(close([0.4, 0.2, 0.1]));
    const least = { name: 'l', members: [2], lower: 0.4, upper: 1 };
    expect(leastTrading(holdingsOf([0.3, 0.1, 0.1]), { ...limits, groups: [least] })).toEqual(
      close([0.3, 0.1, 0.4]),
    );
    // No cash to buy it with: the others pay.
    expect(leastTrading(holdingsOf([0.5, 0.4, 0.1]), { ...limits, groups: [least] })).toEqual(
      close([0.35, 0.25, 0.4]),
    );
  });

  test('by hand: cuts longs and shorts alike to a gross limit', () => {
    const bounds = [0, 1, 2].map(() => ({ lower: -0.5, upper: 1 }));
    const limits: PolicyLimits = { bounds, groups: [], grossExposureMax: 1.2, budget: 1 };
    const weights = leastTrading(holdingsOf([0.8, 0.5, -0.4]), limits);
    expect(weights.reduce((s, w) => s + w, 0)).toBeCloseTo(0.9, 9);
    expect(weights.reduce((s, w) => s + Math.abs(w), 0)).toBeCloseTo(1.2, 9);
    expect(Math.abs(0.8 - weights[0]!) + Math.abs(0.5 - weights[1]!) + weights[2]! + 0.4).toBeCloseTo(0.5, 9);
  });
});

describe('limitsOf', () => {
  const policy = samplePolicy(['AAA', 'BBB', 'CCC'], {
    cashRatio: 0.1,
    bounds: { lower: 0.05, upper: 0.7 },
    groups: [{ name: 'two', symbols: ['CCC', 'AAA'], lower: 0.3, upper: 0.8 }],
    grossExposureMax: 1.2,
  });

  test('shrinks what must be held with the exposure, and keeps what may be held', () => {
    expect(limitsOf(policy, boundsOf(policy), 0.5)).toEqual({
      budget: 0.45,
      bounds: policy.symbols.map(() => ({ lower: 0.025, upper: 0.45 })),
      groups: [{ name: 'two', members: [2, 0], lower: 0.15, upper: 0.8 }],
      grossExposureMax: 0.6,
    });
  });

  test('shrinks long/short limits on both sides, so that no exposure makes them contradict each other', () => {
    const short = {
      ...policy,
      bounds: { lower: -0.4, upper: 0.7 },
      groups: [{ name: 'short', symbols: ['BBB'], lower: -0.4, upper: -0.1 }],
    };
    const { bounds, groups } = limitsOf(short, boundsOf(short), 0.5);
    expect(bounds[0]).toEqual({ lower: -0.2, upper: 0.35 });
    expect(groups[0]).toMatchObject({ lower: -0.2, upper: -0.05 });
    expect(projectToLimits([0, 0, 0], limitsOf(short, boundsOf(short), 0)).weights).toEqual(
      [0, 0, 0].map((w) => expect.closeTo(w, 12)),
    );
  });
});
