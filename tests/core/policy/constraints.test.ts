import { describe, expect, test } from 'vitest';
import {
  type Constrained,
  constrain,
  guardTargets,
  guardWeights,
} from '../../../src/core/policy/constraints.ts';
import { type Bounds, boundsOf } from '../../../src/core/policy/policy.ts';
import type { Proposal } from '../../../src/core/policy/proposal.ts';
import { emptyHoldings } from '../../../src/core/portfolio/holdings.ts';
import { holdingsOf, samplePolicy } from './samples.ts';

/** Weights as an allocator without multipliers proposes them. */
const proposed = (weights: number[]): Proposal => ({
  weights,
  multipliers: null,
  uncapped: null,
  leastVariance: null,
});

describe('constrain', () => {
  const symbols = ['AAA', 'BBB', 'CCC'];
  const policy = samplePolicy(symbols, {
    boundsBySymbol: { CCC: { lower: 0.2, upper: 0.25 } },
    cashRatio: 0.1,
  });
  const at = (exposure: number, isFirstInvestment: boolean) => ({
    bounds: boundsOf(policy),
    exposure,
    isFirstInvestment,
    cashProxy: null,
  });

  test('keeps cash, and names what it lies against', () => {
    const made = constrain(proposed([0.5, 0.4, 0.1]), emptyHoldings(3), policy, at(1, true));
    // 0.45, 0.36 and 0.09 are wanted of 0.9; CCC must have 0.2, and the others give up 0.055 each
    expect(made.targets).toEqual([0.395, 0.305, 0.2].map((w) => expect.closeTo(w, 12)));
    expect(made.binding.map(({ kind, name, limit }) => [kind, name, limit])).toEqual([
      ['cash', 'cash', 0.1],
      ['lower', 'CCC', 0.2],
    ]);
  });

  test('scales lower bounds with the exposure, and never the whole above it', () => {
    const made = constrain(proposed([0.5, 0.4, 0.1]), emptyHoldings(3), policy, at(0.5, true));
    expect(made.targets.reduce((s, w) => s + w, 0)).toBeCloseTo(0.45, 12);
    expect(made.targets[2]).toBeCloseTo(0.1, 12);
    expect(made.bounds[2]).toEqual({ lower: 0.1, upper: 0.25 });
    expect(made.limits.budget).toBeCloseTo(0.45, 15);
  });

  test('compares the band with what would be traded after the cap, and trades only what is forced inside it', () => {
    const holdings = holdingsOf([0.5, 0.2, 0.2]);
    const through = (turnoverOneWayMax: number, noTradeBandRatio: number, held = holdings) =>
      constrain(
        proposed([0.2, 0.8, 0]),
        held,
        { ...policy, turnoverOneWayMax, noTradeBandRatio },
        at(1, false),
      );
    const capped = through(0.05, 0.05);
    expect(capped.targets).toEqual([0.45, 0.25, 0.2].map((w) => expect.closeTo(w, 12)));
    const banded = through(0.05, 0.06);
    expect(banded.targets).toEqual(holdings.weights);
    expect(banded.binding.map(({ kind }) => kind)).toContain('band');
    // CCC is held 0.01 below its bound: that is traded, paid for by the others, and no more
    const forced = through(0.05, 0.06, holdingsOf([0.5, 0.2, 0.19]));
    expect(forced.targets[2]).toBeCloseTo(0.2, 12);
    expect(forced.targets.reduce((s, w, i) => s + Math.abs(w - [0.5, 0.2, 0.19][i]!), 0)).toBeLessThan(0.03);
  });

  test('goes a share of the way, but all of the first investment and of a cut of exposure', () => {
    const half = { ...policy, boundsBySymbol: {}, tradeRatio: 0.5 };
    const options = { ...at(1, false), bounds: boundsOf(half) };
    const holdings = holdingsOf([0.5, 0.2, 0.2]);
    const goal = [0.18, 0.72, 0];
    const made = constrain(proposed([0.2, 0.8, 0]), holdings, half, options);
    expect(made.targets).toEqual([0.34, 0.46, 0.1].map((w) => expect.closeTo(w, 12)));
    const first = constrain(proposed([0.2, 0.8, 0]), holdings, half, { ...options, isFirstInvestment: true });
    expect(first.targets).toEqual(goal.map((w) => expect.closeTo(w, 12)));
    const cut = constrain(proposed([0.2, 0.8, 0]), holdings, half, { ...options, exposure: 0.5 });
    expect(cut.targets).toEqual(goal.map((w) => expect.closeTo(w / 2, 12)));
  });

  test('trades what is forced and then towards the goal, as far as the cap lets it', () => {
    const capped = { ...policy, turnoverOneWayMax: 0.1 };
    const holdings = holdingsOf([0.5, 0.3, 0.1]);
    const made = constrain(proposed([0.2, 0.8, 0]), holdings, capped, at(1, false));
    expect(made.targets.reduce((s, w, i) => s + Math.abs(w - holdings.weights[i]!), 0) / 2).toBeCloseTo(
      0.1,
      12,
    );
    expect(made.targets[2]).toBeCloseTo(0.2, 12);
    expect(made.turnoverOneWayMax).toBe(0.1);
    const forced = constrain(
      proposed([0.2, 0.8, 0]),
      holdings,
      { ...capped, turnoverOneWayMax: 0.02 },
      at(1, false),
    );
    // CCC must rise by 0.1; cash above its tenth is nil, so the other two pay for it
    expect(forced.targets).toEqual([0.45, 0.25, 0.2].map((w) => expect.closeTo(w, 12)));
    expect(forced.turnoverOneWayMax).toBeCloseTo(0.1, 12);
  });
});

describe('the guards', () => {
  const bounds = [
    { lower: 0, upper: 0.6 },
    { lower: 0.1, upper: 1 },
  ];
  const refused = (weights: number[], cash: number, limits: Bounds[] = bounds) =>
    expect(() => guardWeights(weights, cash, limits, 'here'));

  test('let good weights pass', () => {
    refused([0.6, 0.4], 0).not.toThrow();
    refused([0.6 + 1e-10, 0.1 - 1e-10], 0.3).not.toThrow();
  });

  test('refuse what is no weight vector', () => {
    refused([Number.NaN, 0.4], 0.6).toThrow(/here: weights must be finite, got NaN/);
    refused([0.6, Number.POSITIVE_INFINITY], 0).toThrow(/finite/);
    refused([0.6, 0.4], Number.NaN).toThrow(/finite/);
    refused([0.6, 0.4], 0.2).toThrow(/must sum to 1, got 1.2/);
    refused([0.6, 0.4 - 2e-9], 0).toThrow(/must sum to 1/);
    refused([0.61, 0.39], 0).toThrow(/weight 0 is 0.61, expected within 0 to 0.6/);
    refused([0.95 - 0.4, 0.05], 0.4).toThrow(/weight 1 is 0.05/);
    refused([0.5], 0.5).toThrow(/1 weights, expected 2/);
    refused([0.6, 0.4], 0, [bounds[0]!, { lower: Number.NaN, upper: 1 }]).toThrow(/within NaN/);
  });

  test('refuse more invested or traded than the limits allow', () => {
    const made: Constrained = {
      targets: [0.3, 0.2],
      bounds,
      binding: [],
      limits: { bounds, groups: [], grossExposureMax: null, budget: 0.5 },
      turnoverOneWayMax: 0.25,
    };
    const holdings = holdingsOf([0, 0]);
    expect(() => guardTargets(made, holdings, samplePolicy(['AAA', 'BBB']), 'here')).not.toThrow();
    expect(() =>
      guardTargets(
        { ...made, limits: { ...made.limits, budget: 0.49 } },
        holdings,
        samplePolicy(['AAA', 'BBB']),
        'here',
      ),
    ).toThrow(/0.5 would be invested/);
    expect(() =>
      guardTargets({ ...made, turnoverOneWayMax: 0.24 }, holdings, samplePolicy(['AAA', 'BBB']), 'here'),
    ).toThrow(/turnover is 0.25/);
    expect(() =>
      guardTargets({ ...made, targets: [0.3, Number.NaN] }, holdings, samplePolicy(['AAA', 'BBB']), 'here'),
    ).toThrow(/finite/);
  });
});
