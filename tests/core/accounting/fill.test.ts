import { describe, expect, test } from 'vitest';
import type { Market } from '../../../src/core/accounting/market.ts';
import { openingValuation, revalue } from '../../../src/core/accounting/valuation.ts';
import { holdingsOf, sampleDecision, samplePolicy } from '../policy/samples.ts';
import { quietMarket } from './quiet-market.ts';

const symbols = ['AAA', 'BBB', 'CCC'];
const policy = samplePolicy(symbols); // 3 basis points of what is traded
const opening = openingValuation('2020-01-01', policy);
const close = (weights: number[]) => weights.map((weight) => expect.closeTo(weight, 14));

/** A session without closes of these. */
function without(names: readonly string[], returns: readonly number[] = [0, 0, 0]): Market {
  const priced = symbols.map((symbol) => !names.includes(symbol));
  return { ...quietMarket(returns), priced };
}

describe('a fill at a session without a close', () => {
  const decision = sampleDecision('2020-01-01', symbols, [0.5, 0.3, 0.2]);
  const targets = [0.5, 0.3, 0.2];
  const first = revalue(opening, '2020-01-02', without(['BBB']), decision, targets, policy);

  test('trades the others, and buys nothing of what nobody could buy', () => {
    expect(first.valuation.live).toEqual({ weights: close([0.5, 0, 0.2]), cash: expect.closeTo(0.3, 14) });
    expect(first.fill).toMatchObject({ costRatio: expect.closeTo(0.7 * 0.0003, 15) });
    expect(first.valuation.unfilled!.live.targets).toEqual({ BBB: 0.3 });
    expect(first.valuation.navNet).toBeCloseTo(1 - 0.00021, 15);
  });

  test('earns nothing of the move before it is bought, and pays for the purchase then', () => {
    const still = revalue(first.valuation, '2020-01-03', without(['BBB']), null, targets, policy);
    expect(still.fill).toBeNull();
    const second = revalue(still.valuation, '2020-01-04', quietMarket([0, 0.5, 0]), null, targets, policy);
    expect(second.valuation.returnGross).toBe(0);
    expect(second.valuation.live.weights).toEqual(close([0.5, 0.3, 0.2]));
    expect(second.valuation.unfilled).toBeNull();
    expect(second.fill!.costRatio).toBeCloseTo(0.3 * 0.0003, 15);
  });

  test('is given up for the next decision, and for a holding that never trades again', () => {
    const other = sampleDecision('2020-01-02', symbols, [0.4, 0, 0.2], [0.4, 0, 0.2], [0.5, 0, 0.2]);
    const decided = revalue(first.valuation, '2020-01-03', quietMarket([0, 0, 0]), other, null, policy);
    expect(decided.valuation.unfilled).toBeNull();
    expect(decided.valuation.live.weights).toEqual(close([0.4, 0, 0.2]));
    const gone = { ...without(['BBB']), closings: [null, 1, null] };
    expect(revalue(first.valuation, '2020-01-03', gone, null, targets, policy).valuation.unfilled).toBeNull();
  });

  test('of a sale leaves less to buy with: purchases shrink together, and nothing is borrowed', () => {
    const before = { ...opening, live: holdingsOf([1, 0, 0]), shadow: holdingsOf([1, 0, 0]) };
    const swap = sampleDecision('2020-01-01', symbols, [0.2, 0.6, 0.2], [0.2, 0.6, 0.2], [1, 0, 0]);
    const { valuation } = revalue(before, '2020-01-02', without(['AAA']), swap, null, policy);
    expect(valuation.live).toEqual({ weights: close([1, 0, 0]), cash: expect.closeTo(0, 14) });
    const half = { ...before, live: holdingsOf([0.6, 0, 0]) };
    const smaller = sampleDecision('2020-01-01', symbols, [0.2, 0.6, 0.2], [0.2, 0.6, 0.2], [0.6, 0, 0]);
    const filled = revalue(half, '2020-01-02', without(['AAA']), smaller, null, policy).valuation.live;
    expect(filled).toEqual({ weights: close([0.6, 0.3, 0.1]), cash: expect.closeTo(0, 14) });
  });

  test('may borrow what the decision itself borrows', () => {
    const lever = sampleDecision('2020-01-01', symbols, [0.7, 0.6, 0]);
    const { valuation } = revalue(opening, '2020-01-02', quietMarket([0, 0, 0]), lever, null, policy);
    expect(valuation.live.cash).toBeCloseTo(-0.3, 14);
  });
});

test('what a decision leaves alone stays where it drifted, and is not charged', () => {
  const held = [0.4, 0.3, 0.3];
  const before = { ...opening, live: holdingsOf(held), shadow: holdingsOf(held) };
  const decision = sampleDecision('2020-01-01', symbols, [0.4, 0.2, 0.3], [0.4, 0.2, 0.3], held);
  const { valuation, fill } = revalue(
    before,
    '2020-01-02',
    quietMarket([0.1, 0, -0.1]),
    decision,
    null,
    policy,
  );
  const value = 0.44 + 0.3 + 0.27;
  expect(valuation.live.weights).toEqual(close([0.44 / value, 0.2, 0.27 / value]));
  expect(fill!.turnoverTwoWay).toBeCloseTo(0.3 / value - 0.2, 14);
  expect(valuation.shadow).toEqual(valuation.live);
});

test('a recorded fill is charged as it was', () => {
  const decision = sampleDecision('2020-01-01', symbols, [0.5, 0.3, 0.2]);
  const market = quietMarket([0, 0, 0]);
  const { valuation } = revalue(opening, '2020-01-02', market, decision, null, policy, { charged: 0.01 });
  expect(valuation.navNet).toBeCloseTo(0.99, 15);
});

describe('a holding that is closed for good', () => {
  const before = { ...opening, live: holdingsOf([0.5, 0.3, 0]), shadow: holdingsOf([0.2, 0.8, 0]) };
  const closed = (recovered: number) =>
    revalue(
      before,
      '2020-01-02',
      { ...without(['BBB'], [0.1, 0, 0]), closings: [null, recovered, null] },
      null,
      null,
      policy,
    ).valuation;

  test('is cash at its last close', () => {
    const { live, returnGross } = closed(1);
    expect(returnGross).toBeCloseTo(0.05, 15);
    expect(live).toEqual({ weights: close([0.55 / 1.05, 0, 0]), cash: expect.closeTo(0.5 / 1.05, 14) });
  });

  test('is cash at what is recovered of it', () => {
    const { live, returnGross, shadow } = closed(0.4);
    expect(returnGross).toBeCloseTo(0.05 - 0.18, 15);
    expect(live.cash).toBeCloseTo((0.2 + 0.12) / 0.87, 14);
    expect(shadow.cash).toBeCloseTo(0.32 / 0.54, 14);
  });
});

describe('a session that loses everything', () => {
  const short = { ...opening, live: holdingsOf([-1, 0, 0]), shadow: holdingsOf([0, 1, 0]) };
  const step = revalue(short, '2020-01-02', quietMarket([1.5, 0.2, 0]), null, null, policy);

  test('stands at the floor, in cash, halted', () => {
    expect(step.isRuined).toBe(true);
    expect(step.valuation).toMatchObject({
      navNet: expect.closeTo(1e-6, 15),
      navGross: expect.closeTo(1e-6, 15),
      live: { weights: [0, 0, 0], cash: 1 },
      drawdown: { state: 'halted', since: '2020-01-02' },
    });
    expect(step.valuation.navShadow).toBeCloseTo(1.2, 15);
  });

  test('is followed by others', () => {
    const next = revalue(step.valuation, '2020-01-03', quietMarket([0.5, 0, 0]), null, null, policy);
    expect(next.valuation.navNet).toBe(step.valuation.navNet);
  });
});
