import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DecideInput, decide } from '../../../src/core/policy/decide.ts';
import type { Decision } from '../../../src/core/policy/decision.ts';
import type { PortfolioPolicy } from '../../../src/core/policy/policy.ts';
import { allowedExposure } from '../../../src/core/portfolio/drawdown.ts';
import { targetsOf } from './samples.ts';
import { type Situation, situations } from './situations.ts';

const slack = 1e-9;
const sum = (values: readonly number[]) => values.reduce((s, v) => s + v, 0);

/** What a Decision and its policy say of one another, computed again. Weights without the safe asset are `risky`. */
function read({ policy, input }: Situation, decision: Decision) {
  const dropped = new Set(
    decision.quality
      .filter(({ kind }) => kind === 'dropped' || kind === 'excluded')
      .map(({ symbol }) => symbol),
  );
  const used = policy.symbols.map((symbol) => symbol !== policy.cashProxySymbol && !dropped.has(symbol));
  const isRisky = policy.symbols.map((symbol) => symbol !== policy.cashProxySymbol);
  const only = (weights: readonly number[]) => weights.map((w, i) => (isRisky[i] ? w : 0));
  const risky = only(targetsOf(decision));
  const held = only(input.holdings.weights);
  return {
    used,
    risky,
    held,
    invested: sum(risky),
    gross: sum(risky.map(Math.abs)),
    // of all assets, the cash proxy among them
    oneWay: sum(decision.lines.map(({ target, held }) => Math.abs(target - held))) / 2,
    exposure: allowedExposure(input.drawdown, policy.drawdown),
    first: [...input.holdings.weights, ...input.shadowHoldings.weights].every((w) => w === 0),
    has: (kind: string) => decision.binding.some((binding) => binding.kind === kind),
  };
}

/** Yearly volatility of weights over the returns of the assets in use, up to `asOf`. */
function volatilityOf(
  { policy, panel }: DecideInput,
  used: readonly boolean[],
  weights: readonly number[],
  asOf: string,
): number {
  const window = panel.upTo(asOf).last(policy.covarianceLookbackSessions + 1);
  const daily = Array.from({ length: window.sessions.length - 1 }, (_, row) =>
    sum(
      weights.map((w, i) => (used[i] ? w * (window.levels[i]![row + 1]! / window.levels[i]![row]! - 1) : 0)),
    ),
  );
  const mean = sum(daily) / daily.length;
  return Math.sqrt((sum(daily.map((r) => (r - mean) ** 2)) / (daily.length - 1)) * 252);
}

/** Whether weights lie inside bounds, groups, gross limit and what may be invested at an exposure. */
function allowed(
  policy: PortfolioPolicy,
  used: readonly boolean[],
  weights: readonly number[],
  exposure: number,
) {
  const budget = (1 - policy.cashRatio) * exposure;
  const { lower, upper } = policy.bounds;
  const short = lower < 0;
  const inside = (w: number, i: number) =>
    used[i]
      ? w >= lower * exposure - slack && w <= (short ? upper * exposure : Math.min(upper, budget)) + slack
      : Math.abs(w) <= slack;
  const groupsHold = policy.groups.every((group) => {
    const total = sum(weights.map((w, i) => (group.symbols.includes(policy.symbols[i]!) ? w : 0)));
    return total >= group.lower * exposure - slack && total <= group.upper + slack;
  });
  const gross = sum(weights.map(Math.abs));
  return (
    weights.every(inside) &&
    groupsHold &&
    sum(weights) <= budget + slack &&
    (policy.grossExposureMax === null || gross <= policy.grossExposureMax * exposure + slack)
  );
}

/** The same of weights with the cash proxy's: it is bought from cash alone, and goes when it has no price. */
function allowedBesideProxy(
  { policy, input }: Situation,
  used: readonly boolean[],
  weights: readonly number[],
  exposure: number,
) {
  const proxy = policy.symbols.indexOf(policy.cashProxySymbol ?? '');
  const held = weights[proxy] ?? 0;
  const isPriced = proxy < 0 || input.panel.levels[proxy]!.slice(-4).some(Number.isFinite);
  const atRisk = weights.map((w, i) => (i === proxy ? 0 : w));
  return (
    allowed(policy, used, atRisk, exposure) &&
    (isPriced ? held >= -1e-12 : Math.abs(held) <= 1e-12) &&
    (held === 0 || sum(weights) <= 1 - policy.cashRatio + 1e-12)
  );
}

function expectInsideStoredBounds(decision: Decision): void {
  const targets = targetsOf(decision);
  expect([...targets, decision.cash.target, ...decision.shadowTargets].every(Number.isFinite)).toBe(true);
  expect(Math.abs(sum(targets) + decision.cash.target - 1)).toBeLessThan(slack);
  for (const { target, lower, upper } of decision.lines) {
    expect(target).toBeGreaterThanOrEqual(lower - slack);
    expect(target).toBeLessThanOrEqual(upper + slack);
  }
}

function expectPolicyLimits(situation: Situation, decision: Decision): void {
  const { policy } = situation;
  const { used, risky, invested, gross, exposure, oneWay } = read(situation, decision);
  const short = policy.bounds.lower < 0;
  expect(invested).toBeLessThanOrEqual((1 - policy.cashRatio) * exposure + slack);
  decision.lines.forEach(({ symbol, target, lower, upper }, i) => {
    if (symbol === policy.cashProxySymbol) return;
    if (!used[i]) expect(Math.abs(target)).toBeLessThan(slack);
    expect(upper).toBeLessThanOrEqual(policy.bounds.upper);
    // A lower bound shrinks with what a drawdown state or the volatility target leaves, and only then.
    if (!short) expect(lower).toBeGreaterThanOrEqual(0);
    else expect(lower).toBeGreaterThanOrEqual(policy.bounds.lower);
    if (used[i] && policy.volatilityTarget === null) expect(lower).toBe(policy.bounds.lower * exposure);
  });
  if (policy.grossExposureMax !== null)
    expect(gross).toBeLessThanOrEqual(policy.grossExposureMax * exposure + slack);
  for (const { symbols, lower, upper } of policy.groups) {
    const total = sum(risky.map((w, i) => (symbols.includes(policy.symbols[i]!) ? w : 0)));
    expect(total).toBeLessThanOrEqual(upper + slack);
    if (policy.volatilityTarget === null) expect(total).toBeGreaterThanOrEqual(lower * exposure - slack);
  }
  if (decision.binding.some(({ kind }) => kind === 'band'))
    expect(oneWay).toBeLessThan(policy.noTradeBandRatio);
}

describe('every decision, whatever the limits ask', () => {
  test('never throws; is finite, sums to 1 with cash, is inside its stored bounds and the state`s exposure', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const decision = decide(situation.input);
        const { risky, gross, exposure } = read(situation, decision);
        expectInsideStoredBounds(decision);
        if (exposure < 1)
          expect(decision.fallbackLevel === 'hold' ? gross : sum(risky)).toBeLessThanOrEqual(
            (1 - situation.policy.cashRatio) * exposure + slack,
          );
        const said = decision.fallbackAttempts.some(({ outcome }) => outcome !== 'uncapped');
        expect(decision.fallbackReason !== null).toBe(said);
        if (decision.fallbackLevel !== 'full') expect(said).toBe(true);
      }),
      { numRuns: 400, seed: 31 },
    );
  });

  test('obeys bounds, groups, gross limit and cash on every fallback level but `hold`', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const decision = decide(situation.input);
        if (decision.fallbackLevel !== 'hold') expectPolicyLimits(situation, decision);
      }),
      { numRuns: 400, seed: 32 },
    );
  });

  test('trades more than the cap only where limits force it, and then nothing that could be left', () => {
    let forced = 0;
    fc.assert(
      fc.property(situations, (situation) => {
        const { policy } = situation;
        const decision = decide(situation.input);
        const { used, risky, oneWay, exposure, first, has } = read(situation, decision);
        if (decision.fallbackLevel === 'hold' || first || policy.turnoverOneWayMax === null) return;
        if (oneWay <= policy.turnoverOneWayMax + slack) return;
        expect(has('turnover')).toBe(true);
        if (has('volatility')) return; // wins over the cap, like a drawdown limit
        if (policy.bounds.lower < 0 && policy.grossExposureMax !== null && policy.groups.length > 0) return;
        forced += 1;
        expect(allowed(policy, used, risky, exposure)).toBe(true);
        const less = decision.lines.map(({ target, held }) => target + 1e-3 * (held - target));
        expect(allowedBesideProxy(situation, used, less, exposure)).toBe(false);
      }),
      { numRuns: 1000, seed: 33 },
    );
    expect(forced).toBeGreaterThan(40);
  });

  test('keeps cash, and trades nothing or more than the band after every cut, the cash proxy`s trades counted', () => {
    const seen = { cap: 0, band: 0, bandAboveCap: 0 };
    fc.assert(
      fc.property(situations, (situation) => {
        const { policy, input } = situation;
        const decision = decide(input);
        const { used, oneWay, exposure, first, has } = read(situation, decision);
        if (decision.fallbackLevel === 'hold') return;
        expect(decision.cash.target).toBeGreaterThanOrEqual(policy.cashRatio - slack);
        const held = decision.lines.map((line) => line.held);
        const isForced = !allowedBesideProxy(situation, used, held, exposure) || has('volatility');
        if (first || isForced) return;
        const { turnoverOneWayMax: cap, noTradeBandRatio: band } = policy;
        if (cap !== null) expect(oneWay).toBeLessThanOrEqual(cap + slack);
        if (oneWay > 0) expect(oneWay).toBeGreaterThanOrEqual(band - slack);
        if (cap !== null && band > cap) expect(oneWay).toBe(0);
        seen.cap += has('turnover') ? 1 : 0;
        seen.band += has('band') ? 1 : 0;
        seen.bandAboveCap += cap !== null && band > cap ? 1 : 0;
      }),
      { numRuns: 1500, seed: 36 },
    );
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(10);
  });

  test('has an ex-ante volatility within the target, by the covariance of its fallback level', () => {
    let scaled = 0;
    fc.assert(
      fc.property(situations, ({ policy: drawnPolicy, input: drawnInput }) => {
        const policy: PortfolioPolicy = { ...drawnPolicy, covariance: 'sample' };
        const input = { ...drawnInput, policy };
        const decision = decide(input);
        const { used, risky, has, exposure } = read({ policy, input }, decision);
        const target = policy.volatilityTarget;
        if (target === null || decision.fallbackLevel === 'hold' || decision.fallbackLevel === 'last-good')
          return;
        const asOf = decision.fallbackLevel === 'previous-covariance' ? input.previous!.asOf : input.asOf;
        const volatility = volatilityOf(input, used, risky, asOf);
        expect(volatility).toBeLessThanOrEqual(target * (1 + 1e-9));
        if (!has('volatility')) return;
        scaled += 1;
        expect(exposure).toBeGreaterThan(0);
      }),
      { numRuns: 400, seed: 34 },
    );
    expect(scaled).toBeGreaterThan(30);
  });

  test('lists every limit it lies against, and no other, with multipliers that are no less than 0', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(situations, ({ policy: drawnPolicy, input: drawnInput }) => {
        const policy: PortfolioPolicy = { ...drawnPolicy, volatilityTarget: null };
        const input = { ...drawnInput, policy };
        const decision = decide(input);
        if (decision.fallbackLevel === 'hold') return;
        const limits = limitsOf({ policy, input }, decision);
        for (const { kind, name, limit, multiplier } of decision.binding) {
          if (kind === 'exposure' || kind === 'band') continue;
          const found = limits.find((one) => one.kind === kind && one.name === name && one.limit === limit);
          expect(found, `${kind} ${name} ${limit}`).toBeDefined();
          expect(found!.slack, `${kind} ${name}`).toBeLessThan(1.1e-9);
          if (multiplier !== null && kind !== 'cash') expect(multiplier).toBeGreaterThanOrEqual(-1e-15);
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
        }
        for (const { kind, name, limit, slack: distance } of limits)
          if (distance < 1e-10)
            expect(decision.binding, `${kind} ${name}`).toContainEqual(
              expect.objectContaining({ kind, name, limit }),
            );
      }),
      { numRuns: 400, seed: 35 },
    );
    for (const kind of ['lower', 'upper', 'group', 'gross', 'turnover', 'cash'])
      expect([kind, seen.get(kind) ?? 0]).toEqual([kind, expect.toSatisfy((n: number) => n > 5)]);
  });
});

/** Each limit of the policy that could bind, and how far the risky weights are from it. */
function limitsOf(situation: Situation, decision: Decision) {
  const { policy } = situation;
  const { used, risky, invested, gross, oneWay, exposure, first } = read(situation, decision);
  const budget = (1 - policy.cashRatio) * exposure;
  const all: { kind: string; name: string; limit: number; slack: number }[] = [];
  const add = (kind: string, name: string, limit: number, distance: number) =>
    all.push({ kind, name, limit, slack: Math.abs(distance) });
  decision.lines.forEach(({ symbol, lower, upper }, i) => {
    if (!used[i]) return;
    // Long-only, and all in one asset, are limits of the problem rather than of the policy.
    if (lower !== 0) add('lower', symbol, lower, risky[i]! - lower);
    if (upper < budget) add('upper', symbol, upper, risky[i]! - upper);
  });
  for (const { name, symbols, lower, upper } of policy.groups) {
    const total = sum(risky.map((w, i) => (symbols.includes(policy.symbols[i]!) ? w : 0)));
    if (lower * exposure !== 0) add('group', name, lower * exposure, total - lower * exposure);
    if (upper < budget) add('group', name, upper, total - upper);
  }
  if (policy.grossExposureMax !== null)
    add(
      'gross',
      'gross weight',
      policy.grossExposureMax * exposure,
      gross - policy.grossExposureMax * exposure,
    );
  if (policy.cashRatio > 0) add('cash', 'cash', policy.cashRatio, 1 - policy.cashRatio - invested);
  const cap = policy.turnoverOneWayMax;
  if (!first && cap !== null) add('turnover', 'one-way turnover', cap, Math.max(0, cap - oneWay));
  return all;
}
