import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { type DecideInput, decide } from '../../../src/core/policy/decide.ts';
import type { Decision } from '../../../src/core/policy/decision.ts';
import type { PortfolioPolicy } from '../../../src/core/policy/policy.ts';
import { type CostModel, tradeCost } from '../../../src/core/portfolio/costs.ts';
import { allowedExposure } from '../../../src/core/portfolio/drawdown.ts';
import type { Covariance } from '../../../src/core/risk/covariance.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { compoundedMeanReturns, simpleReturns } from '../../../src/core/risk/returns.ts';
import { generator } from '../allocation/random-returns.ts';
import { simulatedPanel } from '../forecast/simulated-prices.ts';
import { holdingsOf, inState, sampleInput, sampleLimits, samplePolicy, targetsOf } from './samples.ts';

/** Costs are paid once for a month of holding, by the portfolio's calendar. */
const monthSessions = ({ sessionsPerYear }: PortfolioPolicy) => sessionsPerYear / 12;
const symbols = ['U', 'V', 'W', 'X', 'Y'];
const sum = (values: readonly number[]) => values.reduce((s, v) => s + v, 0);

const choices = fc.record({
  seed: fc.integer({ min: 1, max: 500 }),
  objective: fc.constantFrom('min-variance' as const, 'utility' as const, 'max-sharpe' as const),
  riskAversion: fc.constantFrom(1, 5, 20),
  short: fc.boolean(),
  gross: fc.boolean(),
  group: fc.boolean(),
  cap: fc.constantFrom(null, 0.01, 0.05, 0.2),
  proportional: fc.constantFrom<number[]>(0, 2, 15),
  impact: fc.constantFrom(0, 25),
  exposure: fc.constantFrom(1, 0.5),
  sessionsPerYear: fc.constantFrom(252, 365),
});
type Choice = typeof choices extends fc.Arbitrary<infer T> ? T : never;

/** Holdings inside every limit, costs that differ by asset, and 5 % cash, so that the budget has a multiplier. */
function problemOf(choice: Choice): DecideInput {
  const uniform = generator(choice.seed);
  const scores = symbols.map(() => 0.3 + uniform());
  const held = scores.map((score) => (0.95 * choice.exposure * score) / sum(scores));
  const inGroup = (held[0]! + held[1]!) / choice.exposure;
  const policy = samplePolicy(symbols, {
    sessionsPerYear: choice.sessionsPerYear,
    allocator: 'mvo',
    allocatorOptions: { objective: choice.objective, riskAversion: choice.riskAversion },
    modelExpirySessions: 0,
    cashRatio: 0.05,
    bounds: { lower: choice.short ? -0.2 : 0, upper: 0.6 },
    boundsBySymbol: { Y: { lower: 0.02, upper: 0.55 } },
    groups: choice.group
      ? [{ name: 'pair', symbols: ['U', 'V'], lower: inGroup - 0.03, upper: inGroup + 0.05 }]
      : [],
    grossExposureMax: choice.gross ? 1.1 : null,
    turnoverOneWayMax: choice.cap,
    drawdown: sampleLimits,
    costs: {
      base: { commissionBps: choice.proportional, halfSpreadBps: 1, impactBps: 0, averageDailyValue: null },
      bySymbol: {
        V: {
          commissionBps: 0,
          halfSpreadBps: choice.proportional,
          impactBps: choice.impact,
          averageDailyValue: 3e5,
        },
        X: { commissionBps: 9, halfSpreadBps: 4, impactBps: 2 * choice.impact, averageDailyValue: 1e6 },
      },
      portfolioValue: 100_000,
    },
  });
  const holdings = holdingsOf(held);
  return sampleInput(policy, simulatedPanel(symbols, 60, choice.seed), {
    holdings,
    shadowHoldings: holdings,
    drawdown: inState(choice.exposure < 1 ? 'reduced' : 'normal'),
  });
}

/** What the optimiser is to weigh: covariance, means of history, and the costs as they will be charged. */
function marketOf({ panel, policy }: DecideInput): { covariance: Covariance; mean: number[] } {
  const returns = simpleReturns(panel.last(policy.covarianceLookbackSessions + 1));
  return {
    covariance: estimateCovariance('sample', returns),
    mean: Array.from(compoundedMeanReturns(returns, policy.sessionsPerYear)),
  };
}

const along = ({ size, values }: Covariance, weights: readonly number[], i: number) =>
  sum(weights.map((w, j) => w * values[i * size + j]!));

/** The objective to be least, from `tradeCost` alone. */
function objectiveOf(input: DecideInput) {
  const { policy, holdings } = input;
  const { covariance, mean } = marketOf(input);
  const { objective, riskAversion = 1 } = policy.allocatorOptions;
  return (weights: readonly number[]) => {
    const variance = sum(weights.map((w, i) => w * along(covariance, weights, i)));
    const earned = sum(weights.map((w, i) => w * mean[i]!));
    const paid = sum(weights.map((w, i) => tradeCost(policy.costs, symbols[i]!, w - holdings.weights[i]!)));
    const cost = paid / monthSessions(policy);
    if (objective === 'max-sharpe') return -(earned - cost) / Math.sqrt(variance);
    return (riskAversion / 2) * variance + cost - (objective === 'utility' ? earned : 0);
  };
}

/** Bounds, group, gross limit, budget and turnover cap, by a test of its own. */
function isFeasible({ policy, holdings, drawdown }: DecideInput, weights: readonly number[]): boolean {
  const small = 1e-12;
  const exposure = allowedExposure(drawdown, policy.drawdown);
  const short = policy.bounds.lower < 0;
  const inBounds = weights.every((w, i) => {
    const { lower, upper } = policy.boundsBySymbol[symbols[i]!] ?? policy.bounds;
    return w >= lower * exposure - small && w <= upper * (short ? exposure : 1) + small;
  });
  const pair = weights[0]! + weights[1]!;
  const traded = sum(weights.map((w, i) => Math.abs(w - holdings.weights[i]!))) / 2;
  return (
    inBounds &&
    Math.abs(sum(weights) - 0.95 * exposure) < small &&
    policy.groups.every(({ lower, upper }) => pair >= lower * exposure - small && pair <= upper + small) &&
    sum(weights.map(Math.abs)) <= (policy.grossExposureMax ?? 9) * exposure + small &&
    traded <= (policy.turnoverOneWayMax ?? 9) + small
  );
}

/** A point drawn in the plane of the budget: beside what was decided, or on the way from what is held, near or far. */
function randomPoint(uniform: () => number, decided: readonly number[], held: readonly number[]): number[] {
  const noise = symbols.map(() => uniform() - 0.5);
  const drift = sum(noise) / noise.length;
  const size = 10 ** (-4 * uniform());
  const share = uniform() < 0.5 ? 0 : uniform();
  return decided.map((w, i) => w + share * (held[i]! - w) + size * (noise[i]! - drift));
}

/** The slope of what a trade of this size costs, from two prices of the one function that charges. */
function slopeOfCost(model: CostModel, symbol: string, traded: number): number {
  const size = Math.max(traded, 1e-12);
  const impact = (tradeCost(model, symbol, 4) - 4 * tradeCost(model, symbol, 1)) / 4;
  const proportional = tradeCost(model, symbol, 1) - impact;
  return proportional + 1.5 * impact * Math.sqrt(size);
}

/** How far a Decision's weights and multipliers are from proving an optimum (Karush, Kuhn and Tucker), per gradient. */
function kktResidualOf(input: DecideInput, decision: Decision): number {
  const { policy } = input;
  const { covariance, mean } = marketOf(input);
  const { objective, riskAversion = 1 } = policy.allocatorOptions;
  const weights = targetsOf(decision);
  const multiplier = (kind: string, name: string, limit?: number) =>
    decision.binding.find(
      (b) => b.kind === kind && b.name === name && (limit === undefined || b.limit === limit),
    )?.multiplier ?? 0;
  const gradientOf = (i: number) =>
    riskAversion * along(covariance, weights, i) - (objective === 'utility' ? mean[i]! : 0);
  const scale = Math.max(
    ...symbols.map(
      (_, i) =>
        Math.abs(objective === 'utility' ? mean[i]! : 0) +
        riskAversion * sum(weights.map((w, j) => Math.abs(w * covariance.values[i * symbols.length + j]!))),
    ),
  );
  const residuals = decision.lines.map(({ symbol, target, trade, lower, upper }, i) => {
    const ofGroups = sum(
      policy.groups.map((group) =>
        group.symbols.includes(symbol)
          ? multiplier('group', group.name, group.upper) - multiplier('group', group.name, group.lower)
          : 0,
      ),
    );
    const left =
      gradientOf(i) +
      multiplier('cash', 'cash') +
      ofGroups +
      multiplier('upper', symbol) -
      multiplier('lower', symbol);
    const cost = slopeOfCost(policy.costs, symbol, Math.abs(trade)) / monthSessions(policy);
    const ofTrade = derivatives(trade, cost + multiplier('turnover', 'one-way turnover') / 2);
    const ofGross = derivatives(target, multiplier('gross', 'gross weight'));
    // A weight at 0, long-only, or alone in the portfolio is held there by a limit that is not listed.
    const below = target <= lower + 1e-12 && lower === 0 ? Number.POSITIVE_INFINITY : 0;
    const above = target >= upper - 1e-12 && upper >= 0.95 ? Number.POSITIVE_INFINITY : 0;
    return Math.max(
      0,
      left + ofTrade.least + ofGross.least - below,
      -left - ofTrade.greatest - ofGross.greatest - above,
    );
  });
  return Math.max(...residuals) / scale;
}

/** Derivatives of slope x |distance|: one off the kink, all between -slope and slope on it. */
function derivatives(distance: number, slope: number): { least: number; greatest: number } {
  if (Math.abs(distance) <= 1e-12) return { least: -slope, greatest: slope };
  return distance > 0 ? { least: slope, greatest: slope } : { least: -slope, greatest: -slope };
}

describe('mvo with the whole policy in its objective', () => {
  test('is proven by the multipliers its Decision lists: KKT residual below 1e-8', () => {
    let capped = 0;
    fc.assert(
      fc.property(choices, (choice) => {
        // The risk aversion of the greatest Sharpe ratio is not in the Decision, nor the multiplier of a smaller budget.
        fc.pre(choice.objective !== 'max-sharpe');
        const input = problemOf({ ...choice, exposure: 1 });
        const decision = decide(input);
        expect(decision.fallbackLevel).toBe('full');
        expect(isFeasible(input, targetsOf(decision))).toBe(true);
        expect(kktResidualOf(input, decision)).toBeLessThan(1e-8);
        if (decision.binding.some(({ kind, multiplier }) => kind === 'turnover' && multiplier! > 0))
          capped += 1;
      }),
      { numRuns: 400, seed: 41 },
    );
    expect(capped).toBeGreaterThan(50);
  });

  test('is beaten by none of 500 feasible portfolios, costs counted as they are charged', () => {
    fc.assert(
      fc.property(choices, (choice) => {
        const input = problemOf(choice);
        const decision = decide(input);
        const objective = objectiveOf(input);
        const decided = targetsOf(decision);
        const best = objective(decided);
        // Where nothing the cap lets through earns anything there is no greatest Sharpe ratio to reach.
        if (choice.objective === 'max-sharpe' && best >= 0) return;
        expect(decision.fallbackLevel).toBe('full');
        const uniform = generator(choice.seed + 1);
        let tried = 0;
        for (let draw = 0; draw < 40_000 && tried < 500; draw += 1) {
          const other = randomPoint(uniform, decided, input.holdings.weights);
          if (!isFeasible(input, other)) continue;
          tried += 1;
          expect(objective(other)).toBeGreaterThan(best - 1e-9 * Math.abs(best));
        }
        expect(tried).toBe(500);
      }),
      { numRuns: 100, seed: 42 },
    );
  });

  test('pays less in total where costs are higher', () => {
    fc.assert(
      fc.property(choices, fc.constantFrom(1.5, 4, 20), (choice, factor) => {
        const input = problemOf({ ...choice, objective: 'utility', cap: null, exposure: 1 });
        const dearer = (by: number): PortfolioPolicy['costs'] => {
          const times = <C extends { commissionBps: number; halfSpreadBps: number; impactBps: number }>(
            c: C,
          ) => ({
            ...c,
            commissionBps: by * c.commissionBps,
            halfSpreadBps: by * c.halfSpreadBps,
            impactBps: by * c.impactBps,
          });
          const { base, bySymbol, portfolioValue } = input.policy.costs;
          return {
            base: times(base),
            bySymbol: Object.fromEntries(Object.entries(bySymbol).map(([symbol, c]) => [symbol, times(c)])),
            portfolioValue,
          };
        };
        const plain = decide(input);
        const dear = decide({ ...input, policy: { ...input.policy, costs: dearer(factor) } });
        // At the plain prices: the dearer the trades, the fewer are worth it.
        expect(dear.costRatio / factor).toBeLessThanOrEqual(plain.costRatio + 1e-12);
      }),
      { numRuns: 150, seed: 43 },
    );
  });

  test('leaves room in the cap for the sale of an asset that is dropped', () => {
    const plain = problemOf({
      seed: 3,
      objective: 'utility',
      riskAversion: 5,
      short: false,
      gross: false,
      group: false,
      cap: 0.05,
      proportional: 2,
      impact: 25,
      exposure: 1,
      sessionsPerYear: 252,
    });
    const { policy, panel, holdings } = plain;
    const gone = new PricePanel(
      panel.sessions,
      [...symbols, 'GONE'],
      [...panel.levels, panel.levels[0]!.map((level, row) => (row > 50 ? Number.NaN : level))],
    );
    const held = { weights: [...holdings.weights, 0.04], cash: holdings.cash - 0.04 };
    const six = { ...policy, symbols: [...symbols, 'GONE'], turnoverOneWayMax: 0.07 };
    const decision = decide({ ...plain, policy: six, panel: gone, holdings: held, shadowHoldings: held });
    expect(decision.fallbackLevel).toBe('full');
    const expected = [...targetsOf(decide(plain)), 0];
    expect(targetsOf(decision)).toEqual(expected.map((w) => expect.closeTo(w, 9)));
    expect(decision.binding.find(({ kind }) => kind === 'turnover')!.multiplier).toBeGreaterThan(0);
  });

  test('stops trading at all where trading costs more than it can bring', () => {
    const input = problemOf({
      seed: 3,
      objective: 'min-variance',
      riskAversion: 1,
      short: false,
      gross: false,
      group: false,
      cap: null,
      proportional: 900,
      impact: 0,
      exposure: 1,
      sessionsPerYear: 252,
    });
    expect(decide(input).turnoverTwoWay).toBe(0);
    const cheap = problemOf({
      seed: 3,
      objective: 'min-variance',
      riskAversion: 20,
      short: false,
      gross: false,
      group: false,
      cap: null,
      proportional: 0,
      impact: 0,
      exposure: 1,
      sessionsPerYear: 252,
    });
    expect(decide(cheap).turnoverTwoWay).toBeGreaterThan(0.05);
  });
});
