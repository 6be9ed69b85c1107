import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { type DecideInput, decide } from '../../../src/core/policy/decide.ts';
import type { PortfolioPolicy } from '../../../src/core/policy/policy.ts';
import { simulatedPanel } from '../forecast/simulated-prices.ts';
import { holdingsOf, inState, sampleInput, sampleLimits, samplePolicy, targetsOf } from './samples.ts';

const symbols = ['AAA', 'SAFE', 'BBB'];
const panel = simulatedPanel(symbols, 80);
const policy = samplePolicy(symbols, {
  allocator: 'equal',
  cashProxySymbol: 'SAFE',
  drawdown: sampleLimits,
  cashRatio: 0.1,
});

function later(
  held: readonly number[],
  changes: Partial<DecideInput> = {},
  policyChanges: Partial<PortfolioPolicy> = {},
) {
  return decide(
    sampleInput({ ...policy, ...policyChanges }, panel, {
      holdings: holdingsOf(held),
      shadowHoldings: holdingsOf(held),
      ...changes,
    }),
  );
}
const close = (weights: readonly number[]) => weights.map((w) => expect.closeTo(w, 12));

/** The panel with one symbol's levels changed. */
function changed(symbol: string, to: (level: number, row: number) => number): PricePanel {
  return new PricePanel(
    panel.sessions,
    symbols,
    panel.levels.map((column, i) => (symbols[i] === symbol ? column.map(to) : column)),
  );
}

describe('the cash proxy', () => {
  test('has no part in the allocation, and takes what a drawdown state frees', () => {
    const held = [0.45, 0, 0.45];
    expect(targetsOf(later(held))).toEqual(close([0.45, 0, 0.45]));
    const reduced = later(held, { drawdown: inState('reduced') });
    expect(targetsOf(reduced)).toEqual(close([0.225, 0.45, 0.225]));
    expect(reduced.shadowTargets).toEqual(close([0.45, 0, 0.45]));
    const halted = later(held, { drawdown: inState('halted') });
    expect(targetsOf(halted)).toEqual(close([0, 0.9, 0]));
    for (const decision of [reduced, halted]) {
      expect(decision.cash.target).toBeCloseTo(0.1, 12);
      expect(decision.binding.map(({ kind }) => kind)).toEqual(['exposure']);
      expect(decision.lines[1]).toMatchObject({ lower: 0, upper: 0.9 });
    }
    expect(reduced.turnoverTwoWay).toBeCloseTo(0.9, 12);
  });

  test('is traded too, where the turnover cap counts', () => {
    const cap = { turnoverOneWayMax: 0.1 };
    const back = later([0, 0.9, 0], { shadowHoldings: holdingsOf([0.45, 0, 0.45]) }, cap);
    expect(targetsOf(back)).toEqual(close([0.05, 0.8, 0.05]));
  });

  test('is not traded alone inside the no-trade band', () => {
    const band = { noTradeBandRatio: 0.05 };
    const drifted = [0.23, 0.46, 0.23];
    const still = later(drifted, { drawdown: inState('reduced') }, band);
    expect(still.fallbackLevel).toBe('full');
    // 0.46 at risk is above the 0.45 the state allows, so this must be traded ...
    expect(targetsOf(still)).toEqual(close([0.225, 0.45, 0.225]));
    const inside = [0.22, 0.46, 0.22];
    const left = later(inside, { drawdown: inState('reduced') }, band);
    // ... and this need not be, though the cash proxy is 0.46 and would be brought to 0.46 of 0.9
    expect(targetsOf(left)).toEqual(inside);
    expect(left.turnoverTwoWay).toBe(0);
    // the band is about all that would be traded: 0.18 one-way
    const idle = later([0.22, 0.1, 0.22], { drawdown: inState('reduced') }, band);
    expect(targetsOf(idle)).toEqual(close([0.225, 0.45, 0.225]));
  });

  test('never lets a decision trade more than the cap, counted over all assets, in the normal state', () => {
    const share = fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000);
    let atCap = 0;
    let throughProxy = 0;
    fc.assert(
      fc.property(
        fc.record({ held: fc.tuple(share, share, share, share), cap: share, band: share, step: share }),
        fc.constantFrom('equal' as const, 'inverse-vol' as const, 'mvo' as const),
        ({ held, cap, band, step }, allocator) => {
          const total = held.reduce((sum, w) => sum + w, 0) || 1;
          const weights = held.slice(0, 3).map((w) => (0.9 * w) / total);
          const limits = { turnoverOneWayMax: 0.001 + cap / 2, noTradeBandRatio: band ** 4 };
          const decision = later(weights, {}, { ...limits, allocator, tradeRatio: Math.max(0.01, step) });
          const traded = decision.lines.reduce(
            (sum, line, i) => sum + Math.abs(line.target - weights[i]!),
            0,
          );
          if (weights.every((w) => w === 0)) return; // the first investment
          expect(decision.fallbackLevel).toBe('full');
          expect(traded / 2).toBeLessThanOrEqual(limits.turnoverOneWayMax + 1e-9);
          expect(traded === 0 || traded / 2 >= limits.noTradeBandRatio - 1e-9).toBe(true);
          expect(decision.cash.target).toBeGreaterThanOrEqual(0.1 - 1e-9);
          if (traded / 2 < limits.turnoverOneWayMax - 1e-9) return;
          atCap += 1;
          if (Math.abs(decision.lines[1]!.trade) > 1e-3) throughProxy += 1;
        },
      ),
      { numRuns: 800, seed: 77 },
    );
    expect(atCap).toBeGreaterThan(100);
    expect(throughProxy).toBeGreaterThan(100);
  });

  test('is sold down to the cash that is always kept, inside the band too', () => {
    const band = { noTradeBandRatio: 0.05 };
    const drifted = later([0, 0.93, 0], { drawdown: inState('halted') }, band);
    expect(drifted.fallbackLevel).toBe('full');
    expect(targetsOf(drifted)).toEqual(close([0, 0.9, 0]));
    expect(drifted.cash.target).toBeCloseTo(0.1, 12);
    const short = later([0.45, -0.02, 0.45], {}, band);
    expect(targetsOf(short)).toEqual(close([0.45, 0, 0.45]));
  });

  test('may be young, but needs a price no older than a gap that is filled', () => {
    const halted = { drawdown: inState('halted') };
    const at = (to: (level: number, row: number) => number) =>
      targetsOf(later([0.45, 0, 0.45], { ...halted, panel: changed('SAFE', to) }));
    expect(at((level, row) => (row < 75 ? Number.NaN : level))).toEqual(close([0, 0.9, 0]));
    expect(at((level, row) => (row > 76 ? Number.NaN : level))).toEqual(close([0, 0.9, 0]));
    expect(at((level, row) => (row > 75 ? Number.NaN : level))).toEqual([0, 0, 0]);
    expect(at(() => Number.NaN)).toEqual([0, 0, 0]);
  });

  test('is kept, and not bought, where nothing can be decided', () => {
    const gone = changed('AAA', (level, row) => (row > 60 ? Number.NaN : level));
    const stuck = new PricePanel(
      gone.sessions,
      symbols,
      gone.levels.map((column, i) => (i === 2 ? gone.levels[0]! : column)),
    );
    const halted = later([0.2, 0.6, 0.1], { panel: stuck, drawdown: inState('halted') });
    expect(halted.fallbackLevel).toBe('hold');
    expect(targetsOf(halted)).toEqual([0, 0.6, 0]);
    const reduced = later([0.3, 0.3, 0.3], { panel: stuck, drawdown: inState('reduced') });
    expect(targetsOf(reduced)).toEqual(close([0.225, 0.3, 0.225]));
    const overweight = later([0.2, 0.6, 0.1], { panel: stuck, drawdown: inState('reduced') });
    expect(targetsOf(overweight)).toEqual([0.2, 0.6, 0.1]);
  });

  test('is no part of the last good weights', () => {
    const flat = new PricePanel(
      panel.sessions,
      symbols,
      panel.levels.map((column) => column.map((level, row) => (row >= 20 ? column[20]! : level))),
    );
    const decision = later(
      [0.3, 0.5, 0.1],
      { panel: flat, previous: { asOf: panel.sessions[70]!, targets: [0.3, 0.5, 0.1] } },
      { allocator: 'inverse-vol' },
    );
    expect(decision.fallbackLevel).toBe('last-good');
    expect(targetsOf(decision)).toEqual(close([0.675, 0, 0.225]));
  });

  test('leaves every decision as it was where it is only named', () => {
    const held = [0.5, 0, 0.4];
    const two = ['AAA', 'BBB'];
    const without = decide(
      sampleInput({ ...policy, symbols: two, cashProxySymbol: null, allocator: 'mvo' }, panel.select(two), {
        holdings: holdingsOf([0.5, 0.4]),
        shadowHoldings: holdingsOf([0.5, 0.4]),
      }),
    );
    const [first, safe, last] = targetsOf(later(held, {}, { allocator: 'mvo' }));
    expect([first, last]).toEqual(targetsOf(without).map((w) => expect.closeTo(w, 12)));
    expect(safe).toBeCloseTo(0, 12);
  });
});
