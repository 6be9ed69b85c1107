import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocatorNames } from '../../../src/core/allocation/allocators.ts';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { decide, decisionSessions } from '../../../src/core/policy/decide.ts';
import type { PortfolioPolicy } from '../../../src/core/policy/policy.ts';
import { allowedExposure, drawdownStates } from '../../../src/core/portfolio/drawdown.ts';
import { perturbedAfter, simulatedPanel } from '../forecast/simulated-prices.ts';
import {
  holdingsOf,
  inState,
  sampleInput,
  sampleLimits,
  samplePolicy,
  targetsOf,
  trendForecastResult,
} from './samples.ts';

const five = ['AAA', 'BBB', 'CCC', 'DDD', 'EEE'];

describe('decide sees nothing after its session', () => {
  test.each(allocatorNames)(
    '%s: a perturbed future and a longer past leave every bit as it was',
    (allocator) => {
      const policy = samplePolicy(five, { allocator, allocatorOptions: { objective: 'max-sharpe' } });
      const panel = simulatedPanel(five, 200);
      for (const row of [70, 131, 198]) {
        const session = panel.sessions[row]!;
        const asKnown = (source: PricePanel) => {
          const cut = source.upTo(session);
          return canonicalJson(decide(sampleInput(policy, cut, { previous: null })));
        };
        const plain = asKnown(panel);
        expect(asKnown(perturbedAfter(panel, row))).toBe(plain);
        expect(asKnown(panel.upTo(session).last(decisionSessions(policy)))).toBe(plain);
        if (allocator !== 'equal') expect(asKnown(perturbedAfter(panel, row, true))).not.toBe(plain);
      }
    },
  );

  test('reads no further back than it says', () => {
    const policy = samplePolicy(five);
    const panel = simulatedPanel(five, 200);
    const count = decisionSessions(policy);
    const cut = panel.last(count);
    const older = new PricePanel(
      panel.sessions,
      panel.symbols,
      panel.levels.map((column, i) =>
        column.map((level, row) => (row < 200 - count ? level * (2 + i) : level)),
      ),
    );
    const forecastResult = trendForecastResult(panel);
    expect(decide(sampleInput(policy, older, { forecastResult }))).toEqual(
      decide(sampleInput(policy, cut, { forecastResult })),
    );
  });

  test('refuses a panel that is not cut at its session', () => {
    const panel = simulatedPanel(five, 80);
    const asOf = panel.sessions[70]!;
    expect(() => decide(sampleInput(samplePolicy(five), panel, { asOf }))).toThrow(/panel ends on/);
  });

  test('refuses a forecast or a model of a later day, and goes without', () => {
    const panel = simulatedPanel(five, 100);
    const cut = panel.upTo(panel.sessions[90]!);
    const policy = samplePolicy(five);
    const late = decide(sampleInput(policy, cut, { forecastResult: trendForecastResult(panel) }));
    expect(late.fallbackLevel).toBe('signal-off');
    expect(late.fallbackReason).toContain(
      `the forecast is as of ${panel.lastSession}, expected ${cut.lastSession}`,
    );
    const model = { ...trendForecastResult(cut), trainedOn: panel.sessions[91]! };
    expect(decide(sampleInput(policy, cut, { forecastResult: model })).fallbackReason).toContain(
      'was trained on',
    );
  });
});

/** A policy, a holdings and a market of up to six assets, anything a configuration allows. */
const situations = fc.record({
  size: fc.integer({ min: 1, max: 6 }),
  seed: fc.integer({ min: 1, max: 40 }),
  allocator: fc.constantFrom(...allocatorNames),
  objective: fc.constantFrom('min-variance' as const, 'max-sharpe' as const),
  signalScale: fc.double({ min: 0, max: 1, noNaN: true }),
  cashRatio: fc.constantFrom(0, 0.05, 0.3),
  lower: fc.constantFrom(0, 0.02, 0.1),
  spare: fc.double({ min: 0.01, max: 2, noNaN: true }),
  cap: fc.option(fc.double({ min: 0.001, max: 0.6, noNaN: true }), { nil: null }),
  band: fc.constantFrom(0, 0.02, 0.2),
  state: fc.constantFrom(...drawdownStates),
  held: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 7, maxLength: 7 }),
});

function situation(drawn: typeof situations extends fc.Arbitrary<infer T> ? T : never) {
  const { size, cashRatio } = drawn;
  const symbols = ['U', 'V', 'W', 'X', 'Y', 'Z'].slice(0, size);
  const invested = 1 - cashRatio;
  const policy = samplePolicy(symbols, {
    allocator: drawn.allocator,
    allocatorOptions: { objective: drawn.objective },
    signalScale: drawn.signalScale,
    cashRatio,
    bounds: {
      lower: Math.min(drawn.lower, invested / size),
      upper: Math.min(1, (invested / size) * (1 + drawn.spare)),
    },
    turnoverOneWayMax: drawn.cap,
    noTradeBandRatio: drawn.band,
    drawdown: sampleLimits,
  });
  const panel = simulatedPanel(symbols, 60, drawn.seed);
  const parts = drawn.held.slice(0, size + 1);
  const sum = parts.reduce((s, w) => s + w, 0) || 1;
  const holdings = holdingsOf(parts.slice(0, size).map((w) => w / sum));
  const input = sampleInput(policy, panel, {
    holdings,
    shadowHoldings: holdings,
    drawdown: inState(drawn.state),
    previous: { asOf: panel.sessions[40]!, targets: symbols.map(() => 1 / size) },
  });
  return { policy, panel, input, first: holdings.weights.every((w) => w === 0) };
}

/** One-way turnover that bounds and exposure force: what lies beyond them must go, what is missing must be bought. */
function forcedTurnover(held: readonly number[], policy: PortfolioPolicy, exposure: number): number {
  const budget = (1 - policy.cashRatio) * exposure;
  const { lower, upper } = policy.bounds;
  const clipped = held.map((w) => Math.min(Math.max(w, lower * exposure), Math.min(upper, budget)));
  const moved = clipped.reduce((s, w, i) => s + Math.abs(w - held[i]!), 0);
  return (moved + Math.max(0, clipped.reduce((s, w) => s + w, 0) - budget)) / 2;
}

describe('every decision', () => {
  test('is finite, sums to 1 with cash, stays in its bounds, exposure and turnover cap, on its first fallback level', () => {
    fc.assert(
      fc.property(situations, (drawn) => {
        const { policy, input, first } = situation(drawn);
        const decision = decide(input);
        const targets = targetsOf(decision);
        const exposure = allowedExposure(input.drawdown, policy.drawdown);
        // The greatest Sharpe ratio may not exist; nothing else of this may fail.
        if (policy.allocatorOptions.objective !== 'max-sharpe') expect(decision.fallbackReason).toBeNull();
        expect([...targets, decision.cash.target, ...decision.shadowTargets].every(Number.isFinite)).toBe(
          true,
        );
        const invested = targets.reduce((s, w) => s + w, 0);
        expect(Math.abs(invested + decision.cash.target - 1)).toBeLessThan(1e-12);
        expect(invested).toBeLessThanOrEqual((1 - policy.cashRatio) * exposure + 1e-9);
        for (const weight of targets) {
          expect(weight).toBeGreaterThanOrEqual(policy.bounds.lower * exposure - 1e-9);
          expect(weight).toBeLessThanOrEqual(policy.bounds.upper + 1e-9);
        }
        const traded = targets.reduce((s, w, i) => s + Math.abs(w - input.holdings.weights[i]!), 0);
        expect(decision.turnoverTwoWay).toBeCloseTo(traded, 12);
        expect(decision.turnoverOneWay).toBe(decision.turnoverTwoWay / 2);
        if (first) expect(invested).toBeCloseTo((1 - policy.cashRatio) * exposure, 9);
        else if (policy.turnoverOneWayMax !== null)
          expect(decision.turnoverOneWay).toBeLessThanOrEqual(
            Math.max(policy.turnoverOneWayMax, forcedTurnover(input.holdings.weights, policy, exposure)) +
              1e-9,
          );
        expect(decision.costRatio).toBeCloseTo(0.0003 * traded, 12);
      }),
      { numRuns: 400, seed: 11 },
    );
  });

  test('is the shadow decision wherever no drawdown limit bites', () => {
    fc.assert(
      fc.property(situations, (drawn) => {
        const { input } = situation(drawn);
        const decision = decide({ ...input, drawdown: inState('normal') });
        expect(decision.shadowTargets).toEqual(targetsOf(decision));
        expect(decide(input).shadowTargets).toEqual(decision.shadowTargets);
      }),
      { numRuns: 60, seed: 12 },
    );
  });

  test('gives the same bytes twice', () => {
    fc.assert(
      fc.property(situations, (drawn) => {
        const { input } = situation(drawn);
        expect(canonicalJson(decide(structuredCloned(input)))).toBe(canonicalJson(decide(input)));
      }),
      { numRuns: 60, seed: 13 },
    );
  });

  test('permutes with its symbols', () => {
    fc.assert(
      fc.property(situations, fc.array(fc.nat(), { minLength: 6, maxLength: 6 }), (drawn, keys) => {
        // The leaves of HRP keep the order of their columns where a merge leaves it open, so it does not permute.
        fc.pre(drawn.allocator !== 'hrp');
        const { policy, panel, input } = situation(drawn);
        const order = policy.symbols.map((_, i) => i).sort((a, b) => keys[a]! - keys[b]!);
        const symbols = order.map((i) => policy.symbols[i]!);
        const holdings = holdingsOf(order.map((i) => input.holdings.weights[i]!));
        const permuted = decide({
          ...input,
          policy: { ...policy, symbols },
          forecastResult: trendForecastResult(panel, symbols),
          holdings,
          shadowHoldings: holdings,
        });
        const targets = targetsOf(decide(input));
        targetsOf(permuted).forEach((weight, k) => {
          expect(Math.abs(weight - targets[order[k]!]!)).toBeLessThan(1e-7);
        });
      }),
      { numRuns: 150, seed: 14 },
    );
  });
});

/** The same input made of other objects, so that nothing can be remembered by identity. */
function structuredCloned(input: Parameters<typeof decide>[0]): Parameters<typeof decide>[0] {
  const { panel, ...rest } = input;
  const copy = new PricePanel(
    [...panel.sessions],
    [...panel.symbols],
    panel.levels.map((column) => column.slice()),
  );
  return { ...structuredClone(rest), panel: copy };
}

describe('a decision by hand', () => {
  const symbols = ['AAA', 'BBB'];
  const panel = simulatedPanel(symbols, 60);
  const equal = samplePolicy(symbols, { allocator: 'equal' });

  test('trades no more than the cap, on the straight way from what is held', () => {
    const policy = { ...equal, turnoverOneWayMax: 0.1 };
    const holdings = holdingsOf([0.9, 0.1]);
    const decision = decide(sampleInput(policy, panel, { holdings, shadowHoldings: holdings }));
    expect(targetsOf(decision)[0]).toBeCloseTo(0.8, 12);
    expect(targetsOf(decision)[1]).toBeCloseTo(0.2, 12);
    expect(decision.turnoverOneWay).toBeCloseTo(0.1, 12);
    expect(decision.binding).toContainEqual({
      kind: 'turnover',
      name: 'one-way turnover',
      limit: 0.1,
      multiplier: null,
    });
  });

  test('leaves what is held inside the no-trade band, and nothing beside it', () => {
    const policy = { ...equal, noTradeBandRatio: 0.05 };
    const inside = holdingsOf([0.54, 0.46]);
    const outside = holdingsOf([0.56, 0.44]);
    const at = (holdings: typeof inside) =>
      decide(sampleInput(policy, panel, { holdings, shadowHoldings: holdings }));
    expect(targetsOf(at(inside))).toEqual(inside.weights);
    expect(at(inside).turnoverTwoWay).toBe(0);
    expect(at(inside).costRatio).toBe(0);
    expect(at(inside).binding.map((b) => b.kind)).toEqual(['band']);
    expect(targetsOf(at(outside))).toEqual([0.5, 0.5]);
  });

  test('brings what lies out of bounds back into them inside the band and beyond the cap', () => {
    const policy = {
      ...equal,
      noTradeBandRatio: 0.5,
      turnoverOneWayMax: 0.01,
      bounds: { lower: 0, upper: 0.6 },
    };
    const holdings = holdingsOf([0.8, 0.2]);
    const decision = decide(sampleInput(policy, panel, { holdings, shadowHoldings: holdings }));
    expect(targetsOf(decision)[0]).toBeCloseTo(0.6, 12);
    expect(targetsOf(decision)[1]).toBeCloseTo(0.2, 12);
  });

  test('de-risks at once whatever the cap, and puts the shadow under the cap alone', () => {
    const policy = { ...equal, drawdown: sampleLimits, turnoverOneWayMax: 0.02 };
    const holdings = holdingsOf([0.6, 0.4]);
    const input = { holdings, shadowHoldings: holdings, reason: 'drawdown' as const };
    const reduced = decide(sampleInput(policy, panel, { ...input, drawdown: inState('reduced') }));
    expect(targetsOf(reduced).reduce((s, w) => s + w, 0)).toBeCloseTo(0.5, 12);
    expect(reduced.exposureRatio).toBe(0.5);
    expect(reduced.binding.map((b) => b.kind)).toContain('exposure');
    expect(reduced.shadowTargets[0]).toBeCloseTo(0.58, 12);
    const halted = decide(sampleInput(policy, panel, { ...input, drawdown: inState('halted') }));
    expect(targetsOf(halted)).toEqual([0, 0]);
    expect(halted.cash.target).toBe(1);
    expect(halted.shadowTargets).toEqual(reduced.shadowTargets);
  });

  test('exempts the first investment from cap and band, also after a first decision that bought nothing', () => {
    const policy = { ...equal, turnoverOneWayMax: 0.1, noTradeBandRatio: 0.9 };
    expect(targetsOf(decide(sampleInput(policy, panel)))).toEqual([0.5, 0.5]);
    const previous = { asOf: panel.sessions[30]!, targets: [0, 0] };
    expect(targetsOf(decide(sampleInput(policy, panel, { previous })))).toEqual([0.5, 0.5]);
  });

  test('does not exempt a return from cash, where the shadow stayed invested', () => {
    const policy = { ...equal, turnoverOneWayMax: 0.1 };
    const previous = { asOf: panel.sessions[30]!, targets: [0.5, 0.5] };
    const decision = decide(sampleInput(policy, panel, { previous, shadowHoldings: holdingsOf([0.5, 0.5]) }));
    expect(decision.turnoverOneWay).toBeCloseTo(0.1, 12);
    expect(decision.cash.target).toBeCloseTo(0.8, 12);
  });

  test('optimises within bounds that leave room for cash', () => {
    const policy = samplePolicy(five, {
      allocator: 'mvo',
      cashRatio: 0.2,
      bounds: { lower: 0.1, upper: 0.17 },
    });
    const decision = decide(sampleInput(policy, simulatedPanel(five, 60)));
    expect(decision.fallbackLevel).toBe('full');
    expect(decision.cash.target).toBeCloseTo(0.2, 12);
    expect(Math.max(...targetsOf(decision))).toBeCloseTo(0.17, 9);
  });

  test('charges each asset its own cost, impact included', () => {
    const own = { commissionBps: 3, halfSpreadBps: 7, impactBps: 40, averageDailyValue: 200_000 };
    const policy = { ...equal, costs: { ...equal.costs, bySymbol: { BBB: own } } };
    const decision = decide(sampleInput(policy, panel));
    // half of 100,000 is a quarter of BBB's average day, so its impact is 40 x sqrt(1/4)
    expect(decision.lines.map((line) => line.costRatio)).toEqual([
      expect.closeTo(0.5 * 0.0003, 15),
      expect.closeTo(0.5 * 0.003, 15),
    ]);
    expect(decision.costRatio).toBeCloseTo(0.5 * 0.0033, 15);
  });
});
