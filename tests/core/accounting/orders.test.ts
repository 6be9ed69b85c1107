import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type OrderPolicy, ordersFor, type ReferencePrice } from '../../../src/core/accounting/orders.ts';
import type { Decision } from '../../../src/core/policy/decision.ts';
import { holdingsOf, sampleDecision } from '../policy/samples.ts';

const asOf = '2024-03-28';
const next = '2024-04-01';
const plain: OrderPolicy = { wholeShares: true, minTradeValue: 0, cashBufferRatio: 0 };

function decisionOf(
  symbols: readonly string[],
  held: readonly number[],
  targets: readonly number[],
): Decision {
  const decision = sampleDecision(asOf, symbols, targets);
  return {
    ...decision,
    lines: decision.lines.map((line, i) => ({ ...line, held: held[i]!, trade: targets[i]! - held[i]! })),
    cash: { held: holdingsOf(held).cash, target: holdingsOf(targets).cash },
  };
}

const pricesOf = (closes: Record<string, number>, session = asOf) =>
  new Map<string, ReferencePrice>(
    Object.entries(closes).map(([symbol, close]) => [symbol, { session, close }]),
  );

const weights = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 6, maxLength: 6 }).map((parts) => {
  const sum = parts.reduce((s, part) => s + part, 0) || 1;
  return parts.slice(0, 5).map((part) => part / sum);
});

/** Long-only holdings of five symbols, with whole shares held or what a valuation of weights makes of them. */
const cases = fc
  .record({
    closes: fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 5, maxLength: 5 }),
    shares: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 5, maxLength: 5 }),
    cash: fc.integer({ min: 0, max: 2_000_000 }),
    fractional: fc.boolean(),
    held: weights,
    targets: weights,
    closing: fc.nat({ max: 8 }),
    wholeShares: fc.boolean(),
    minTradeValue: fc.constantFrom(0, 10, 500),
    cashBufferRatio: fc.constantFrom(0, 0.005, 0.05),
  })
  .map((one) => {
    const symbols = ['A', 'B', 'C', 'D', 'E'];
    const closes = one.closes.map((cents) => cents / 100);
    const worth = one.shares.reduce((s, count, i) => s + count * closes[i]!, one.cash / 100) || 1;
    const held = one.fractional ? one.held : one.shares.map((count, i) => (count * closes[i]!) / worth);
    const targets = one.targets.map((w, i) => (i === one.closing ? 0 : w));
    const policy: OrderPolicy = {
      wholeShares: one.wholeShares,
      minTradeValue: one.minTradeValue,
      cashBufferRatio: one.cashBufferRatio,
    };
    const prices = pricesOf(Object.fromEntries(symbols.map((symbol, i) => [symbol, closes[i]!])));
    const decision = decisionOf(symbols, held, targets);
    const sheet = ordersFor(decision, prices, worth, next, policy);
    return {
      symbols,
      closes,
      worth,
      held,
      targets,
      shares: one.fractional ? null : one.shares,
      policy,
      sheet,
    };
  });

describe('orders of any decision', () => {
  test('never spend money that is not there', () => {
    fc.assert(
      fc.property(cases, ({ sheet, worth, held }) => {
        const spent = sheet.orders.reduce((s, o) => s + (o.side === 'buy' ? o.value : -o.value), 0);
        expect(sheet.cashAfter).toBeCloseTo(holdingsOf(held).cash * worth - spent, 6);
        expect(sheet.cashAfter).toBeGreaterThan(-1e-9 * worth);
      }),
      { numRuns: 2000, seed: 51 },
    );
  });

  test('are whole where they must be, at least minTradeValue, worth what they say, and sales come first', () => {
    fc.assert(
      fc.property(cases, ({ sheet, policy }) => {
        for (const { quantity, referencePrice, value } of sheet.orders) {
          expect(quantity).toBeGreaterThan(0);
          if (policy.wholeShares) expect(Number.isInteger(quantity)).toBe(true);
          expect(value).toBe(quantity * referencePrice);
          expect(value).toBeGreaterThanOrEqual(policy.minTradeValue);
        }
        const keys = sheet.orders.map(({ side, symbol }) => (side === 'sell' ? '0' : '1') + symbol);
        expect(keys).toEqual(keys.toSorted());
      }),
      { numRuns: 500, seed: 52 },
    );
  });

  test('account for every trade of the decision once: an order, or a reason', () => {
    fc.assert(
      fc.property(cases, ({ sheet, symbols, held, targets }) => {
        const traded = symbols.filter((_, i) => targets[i] !== held[i]);
        const named = [...sheet.orders, ...sheet.left].map(({ symbol }) => symbol);
        expect(named.toSorted()).toEqual(traded);
        for (const { reason } of sheet.left) expect(reason).toMatch(/^less than one share$|^worth less than/);
      }),
      { numRuns: 500, seed: 53 },
    );
  });

  test('never sell more than is held, and sell all of it where nothing is wanted', () => {
    let closed = 0;
    fc.assert(
      fc.property(cases, ({ sheet, symbols, closes, worth, held, targets, shares, policy }) => {
        symbols.forEach((symbol, i) => {
          const now = shares ? shares[i]! : (held[i]! * worth) / closes[i]!;
          const order = sheet.orders.find((one) => one.symbol === symbol);
          if (order?.side === 'sell') expect(order.quantity).toBeLessThanOrEqual(now * (1 + 1e-12));
          const all = policy.wholeShares ? Math.floor(now + 1e-9) : now;
          if (targets[i] !== 0 || all === 0 || all * closes[i]! < policy.minTradeValue + 0.01) return;
          expect(order?.side).toBe('sell');
          expect(order!.quantity).toBeCloseTo(all, 8);
          closed += 1;
        });
      }),
      { numRuns: 1000, seed: 54 },
    );
    expect(closed).toBeGreaterThan(100);
  });

  test('end within a share of the targets where money and minTradeValue allow it', () => {
    fc.assert(
      fc.property(cases, ({ sheet, symbols, closes, worth, held, targets, shares, policy }) => {
        fc.pre(policy.minTradeValue === 0 && shares !== null && policy.wholeShares);
        const invested = targets.reduce((s, w) => s + w, 0);
        const scale = Math.min(1, (1 - policy.cashBufferRatio) / (invested || 1));
        symbols.forEach((symbol, i) => {
          if (targets[i] === held[i]) return;
          const order = sheet.orders.find((one) => one.symbol === symbol);
          const traded = (order?.quantity ?? 0) * (order?.side === 'sell' ? -1 : 1);
          const wanted = (scale * targets[i]! * worth) / closes[i]!;
          const missed = wanted - (shares[i]! + traded);
          expect(missed).toBeGreaterThan(-1e-6);
          expect(missed).toBeLessThan(1 + 1e-6);
        });
      }),
      { numRuns: 500, seed: 55 },
    );
  });
});

describe('orders of an account that a broker told of', () => {
  const toldCases = fc.record({
    closes: fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 5, maxLength: 5 }),
    shares: fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { minLength: 5, maxLength: 5 }),
    areWhole: fc.boolean(),
    cash: fc.integer({ min: -500_000, max: 2_000_000 }),
    held: weights,
    targets: weights,
    // what the model carries beside what is there: dividends, or a value somebody gave
    apart: fc.constantFrom(0.02, 0.97, 1, 1.03, 40),
    wholeShares: fc.boolean(),
    minTradeValue: fc.constantFrom(0, 10, 500),
    cashBufferRatio: fc.constantFrom(0, 0.005, 0.05),
  });

  test('never sell a share or spend money that is not there, whatever the model says is held', () => {
    let sold = 0;
    let spent = 0;
    fc.assert(
      fc.property(toldCases, ({ wholeShares, minTradeValue, cashBufferRatio, ...one }) => {
        const symbols = ['A', 'B', 'C', 'D', 'E'];
        const closes = one.closes.map((cents) => cents / 100);
        const counts = one.areWhole ? one.shares.map(Math.round) : one.shares;
        const cash = one.cash / 100;
        const worth = counts.reduce((s, count, i) => s + count * closes[i]!, cash);
        fc.pre(worth > 0);
        const sheet = ordersFor(
          decisionOf(symbols, one.held, one.targets),
          pricesOf(Object.fromEntries(symbols.map((symbol, i) => [symbol, closes[i]!]))),
          worth * one.apart,
          next,
          { wholeShares, minTradeValue, cashBufferRatio },
          { shares: new Map(symbols.map((symbol, i) => [symbol, counts[i]!])), cash },
        );
        let money = cash;
        for (const { symbol, side, quantity, value } of sheet.orders) {
          if (side === 'sell') {
            expect(quantity).toBeLessThanOrEqual(counts[symbols.indexOf(symbol)]! * (1 + 1e-12));
            sold += 1;
          } else spent += 1;
          if (wholeShares) expect(Number.isInteger(quantity)).toBe(true);
          money += side === 'sell' ? value : -value;
        }
        expect(sheet.cashAfter).toBeCloseTo(money, 6);
        expect(money).toBeGreaterThanOrEqual(Math.min(cash, -1e-9 * worth));
        if (money < -1e-9 * worth) expect(sheet.orders.every(({ side }) => side === 'sell')).toBe(true);
      }),
      { numRuns: 2000, seed: 56 },
    );
    expect(Math.min(sold, spent)).toBeGreaterThan(500);
  });
});

describe('orders by hand', () => {
  const symbols = ['AAA', 'BBB', 'CCC'];
  const prices = pricesOf({ AAA: 100, BBB: 30, CCC: 7 });

  test('sells first, rounds to whole shares the cautious way, and tells the cash afterwards', () => {
    // 10,000: AAA 60 shares to 34.5, BBB 100 to 116.67, CCC 0 to 214.29; cash 1,000 to 1,550
    const decision = decisionOf(symbols, [0.6, 0.3, 0], [0.345, 0.35, 0.15]);
    const sheet = ordersFor(decision, prices, 10_000, next, plain);
    expect(sheet.orders).toEqual([
      { symbol: 'AAA', side: 'sell', quantity: 26, referencePrice: 100, value: 2600 },
      { symbol: 'BBB', side: 'buy', quantity: 16, referencePrice: 30, value: 480 },
      { symbol: 'CCC', side: 'buy', quantity: 214, referencePrice: 7, value: 1498 },
    ]);
    expect(sheet.left).toEqual([]);
    expect(sheet.cashAfter).toBeCloseTo(1000 + 2600 - 480 - 1498, 9);
    expect(sheet).toMatchObject({
      portfolio: 'sample',
      decidedAt: asOf,
      executeFrom: next,
      netAssetValue: 10_000,
    });
  });

  test('trades fractions exactly, and closes a position to its last one', () => {
    const decision = decisionOf(symbols, [0.123456, 0.3, 0], [0, 0.35, 0.2]);
    const { orders, cashAfter } = ordersFor(decision, prices, 10_000, next, { ...plain, wholeShares: false });
    expect(orders.map(({ side, quantity }) => [side, quantity])).toEqual([
      ['sell', expect.closeTo(12.3456, 10)],
      ['buy', expect.closeTo(500 / 30, 10)],
      ['buy', expect.closeTo(2000 / 7, 10)],
    ]);
    expect(cashAfter).toBeCloseTo(4500, 8);
  });

  test('leaves small trades, and a change of less than a share, with the reason', () => {
    const decision = decisionOf(symbols, [0.5, 0.3, 0.1], [0.504, 0.309, 0.1]);
    const { orders, left } = ordersFor(decision, prices, 10_000, next, { ...plain, minTradeValue: 95 });
    expect(orders).toEqual([]);
    expect(left).toEqual([
      { symbol: 'AAA', trade: expect.closeTo(0.004, 12), reason: 'less than one share' },
      { symbol: 'BBB', trade: expect.closeTo(0.009, 12), reason: 'worth less than 95' },
    ]);
    const enough = ordersFor(decision, prices, 10_000, next, { ...plain, minTradeValue: 90 });
    expect(enough.orders).toMatchObject([{ symbol: 'BBB', side: 'buy', quantity: 3, value: 90 }]);
  });

  test('does not buy what sales too small for an order were to pay for', () => {
    // Five sales of 8 each are below minTradeValue; the 40 they would bring buy nothing.
    const names = ['A', 'B', 'C', 'D', 'E', 'F'];
    const decision = decisionOf(
      names,
      [0.2, 0.2, 0.2, 0.2, 0.2, 0],
      [0.192, 0.192, 0.192, 0.192, 0.192, 0.04],
    );
    const closes = pricesOf(Object.fromEntries(names.map((name) => [name, 4])));
    const sheet = ordersFor(decision, closes, 1000, next, { ...plain, minTradeValue: 10 });
    expect(sheet.orders).toEqual([]);
    expect(sheet.left).toHaveLength(6);
    expect(sheet.cashAfter).toBeCloseTo(0, 9);
  });

  test('keeps the cash buffer, and no second one beside cash the decision keeps', () => {
    const buffered = { ...plain, wholeShares: false, cashBufferRatio: 0.02 };
    const all = decisionOf(symbols, [0, 0, 0], [0.5, 0.5, 0]);
    expect(ordersFor(all, prices, 10_000, next, buffered).cashAfter).toBeCloseTo(200, 8);
    const some = decisionOf(symbols, [0, 0, 0], [0.5, 0.45, 0]);
    expect(ordersFor(some, prices, 10_000, next, buffered).cashAfter).toBeCloseTo(500, 8);
    const most = decisionOf(symbols, [0, 0, 0], [0.5, 0.49, 0]);
    expect(ordersFor(most, prices, 10_000, next, buffered).cashAfter).toBeCloseTo(200, 8);
  });

  test('opens, and covers, a short position without overshooting it', () => {
    const open = decisionOf(symbols, [0.5, 0.1, 0], [0.5, -0.1, 0]);
    // 33.33 shares of BBB to -33.33
    expect(ordersFor(open, prices, 10_000, next, plain).orders).toMatchObject([
      { symbol: 'BBB', side: 'sell', quantity: 66 },
    ]);
    const cover = decisionOf(symbols, [0.5, -0.12, 0], [0.5, 0, 0]);
    expect(ordersFor(cover, prices, 10_000, next, plain).orders).toMatchObject([
      { symbol: 'BBB', side: 'buy', quantity: 40 },
    ]);
  });

  test('closes a position of very many shares to its last one', () => {
    const penny = pricesOf({ AAA: 0.0007, BBB: 30, CCC: 7 });
    const shares = 12_345_678_912;
    const worth = shares * 0.0007 * 1.7;
    const decision = decisionOf(symbols, [(shares * 0.0007) / worth, 0.1, 0], [0, 0.1, 0]);
    expect(ordersFor(decision, penny, worth, next, plain).orders).toMatchObject([{ quantity: shares }]);
  });

  test('asks for nothing, and for no price, where nothing is traded', () => {
    const decision = decisionOf(symbols, [0.5, 0.3, 0.1], [0.5, 0.3, 0.1]);
    const sheet = ordersFor(decision, new Map(), 10_000, next, plain);
    expect([sheet.orders, sheet.left]).toEqual([[], []]);
    expect(sheet.cashAfter).toBeCloseTo(1000, 9);
  });
});

describe('orders are refused', () => {
  const decision = decisionOf(['AAA'], [0], [1]);
  const refused = (prices: Map<string, ReferencePrice>, session = next) =>
    expect(() => ordersFor(decision, prices, 1000, session, plain));

  test('on the decision`s own session or before', () => {
    refused(pricesOf({ AAA: 10 }), asOf).toThrow(RangeError);
    refused(pricesOf({ AAA: 10 }), '2024-03-27').toThrow(
      'orders of 2024-03-28 cannot be executed on 2024-03-27; expected a later session',
    );
    refused(pricesOf({ AAA: 10 }), '2024-03-29').not.toThrow();
  });

  test('at a stale price, a missing one, and one that is none', () => {
    refused(pricesOf({ AAA: 10 }, '2024-03-27')).toThrow(
      'the price of AAA is of 2024-03-27, stale for orders of 2024-03-28; ingest first',
    );
    refused(pricesOf({ AAA: 10 }, '2024-04-01')).toThrow(/stale/);
    refused(pricesOf({ BBB: 10 })).toThrow(/no price of AAA at 2024-03-28/);
    for (const close of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      refused(pricesOf({ AAA: close })).toThrow(
        `the price of AAA at 2024-03-28 is ${close}; expected one above 0`,
      );
  });
});
