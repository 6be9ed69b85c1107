import fc from 'fast-check';
import { expect, test } from 'vitest';
import { marketAt } from '../../../src/core/accounting/market.ts';
import { openingValuation, revalue, type Valuation } from '../../../src/core/accounting/valuation.ts';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { sampleDecision, samplePolicy } from '../policy/samples.ts';

// An account of money and shares, kept by hand beside the weights: over gaps, trades that wait and holdings that end, both
// must be worth the same, hold the same and pay the same.

const symbols = ['AAA', 'BBB', 'CCC'];
const afterSessions = 4;
const recovery = 0.3;
const policy = samplePolicy(symbols, {
  delisting: { afterSessions, recoveryRatioBySymbol: { CCC: recovery } },
});
const costRatio = 0.0003;
const dateAt = (day: number) => new Date(Date.UTC(2020, 0, 1 + day)).toISOString().slice(0, 10);

type Day = { moves: number[]; gaps: boolean[]; targets: number[] | null; trades: boolean[] };

/** Money, shares and the last price of each, in units of the opening's worth. */
function account() {
  let money = 1;
  const shares = [0, 0, 0];
  const price = [1, 1, 1];
  const silent = [0, 0, 0];
  let waiting: (number | null)[] = [null, null, null];
  const worth = () => money + shares.reduce((sum, count, i) => sum + count * price[i]!, 0);
  return {
    weights: () => shares.map((count, i) => (count * price[i]!) / worth()),
    worth,
    pass(prices: (number | null)[], decided: (number | null)[] | null) {
      prices.forEach((now, i) => {
        silent[i] = now === null ? silent[i]! + 1 : 0;
        if (now !== null) price[i] = now;
      });
      const trades = silent.some((days) => days < afterSessions);
      if (decided) waiting = decided;
      for (const [i, days] of silent.entries())
        if (days >= afterSessions && trades && shares[i] !== 0) {
          money += shares[i]! * price[i]! * (i === 2 ? recovery : 1);
          shares[i] = 0;
          waiting[i] = null;
        }
      this.trade(prices);
    },
    /** Buys and sells what has a price, purchases no further than the money goes; costs are paid out of all alike. */
    trade(prices: (number | null)[]) {
      const before = worth();
      const wanted = waiting.map((target, i) =>
        target === null || prices[i] === null ? null : target * before - shares[i]! * price[i]!,
      );
      const sold = wanted.reduce<number>((sum, amount) => sum + Math.max(0, -(amount ?? 0)), 0);
      const bought = wanted.reduce<number>((sum, amount) => sum + Math.max(0, amount ?? 0), 0);
      const share = bought > 0 ? Math.min(1, (money + sold) / bought) : 1;
      let cost = 0;
      for (const [i, amount] of wanted.entries()) {
        if (amount === null) continue;
        const traded = amount > 0 ? amount * share : amount;
        money -= traded;
        shares[i]! += traded / price[i]!;
        cost += Math.abs(traded) * costRatio;
        waiting[i] = null;
      }
      // The weights after a fill are those decided, so its cost is taken from holdings and cash in proportion.
      const left = 1 - cost / before;
      money *= left;
      for (const i of shares.keys()) shares[i]! *= left;
    },
  };
}

/** Some assets go to targets, scaled to what the others, left alone, leave room for. */
function decisionFrom(asOf: string, held: number[], targets: number[], trades: boolean[]) {
  const kept = held.reduce((sum, weight, i) => (trades[i] ? sum : sum + weight), 0);
  const asked = targets.reduce((sum, target, i) => (trades[i] ? sum + target : sum), 0);
  const share = asked > 0 ? Math.min(1, Math.max(0, 1 - kept) / asked) : 0;
  const wanted = targets.map((target, i) => (trades[i] ? target * share : held[i]!));
  return sampleDecision(asOf, symbols, wanted, wanted, held);
}

const day: fc.Arbitrary<Day> = fc.record({
  moves: fc.array(fc.double({ min: -0.2, max: 0.25, noNaN: true }), { minLength: 3, maxLength: 3 }),
  gaps: fc.array(
    fc.integer({ min: 0, max: 9 }).map((n) => n < 6),
    { minLength: 3, maxLength: 3 },
  ),
  targets: fc.option(
    fc.array(
      fc.integer({ min: 0, max: 70 }).map((percent) => percent / 100),
      { minLength: 3, maxLength: 3 },
    ),
    {
      freq: 2,
    },
  ),
  trades: fc.array(
    fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
    { minLength: 3, maxLength: 3 },
  ),
});

test('weights are worth what money and shares are', () => {
  const seen = { waited: 0, closed: 0, cut: 0 };
  fc.assert(
    fc.property(fc.array(day, { minLength: 20, maxLength: 60 }), (days) => {
      const levels = symbols.map(() => [1]);
      const known = [1, 1, 1];
      for (const { moves, gaps } of days)
        for (const i of symbols.keys()) {
          known[i]! *= 1 + moves[i]!;
          levels[i]!.push(gaps[i] ? Number.NaN : known[i]!);
        }
      const sessions = [0, ...days.map((_, i) => i + 1)].map(dateAt);
      const panel = new PricePanel(
        sessions,
        symbols,
        levels.map((column) => Float64Array.from(column)),
      );
      const own = account();
      let valuation: Valuation = openingValuation(sessions[0]!, policy);
      days.forEach(({ targets, trades }, i) => {
        const held = valuation.live.weights;
        const pending = targets && decisionFrom(sessions[i]!, held, targets, trades);
        const market = marketAt(panel, symbols, valuation, policy.delisting, i + 1);
        const step = revalue(valuation, sessions[i + 1]!, market, pending, null, policy);
        valuation = step.valuation;
        const decided = pending?.lines.map(({ trade, target }) => (Math.abs(trade) > 1e-12 ? target : null));
        const prices = levels.map((column) => (Number.isNaN(column[i + 1]!) ? null : column[i + 1]!));
        own.pass(prices, decided ?? null);
        seen.waited += valuation.unfilled ? 1 : 0;
        seen.closed += market.closings.some((closing) => closing !== null) ? 1 : 0;
        seen.cut += step.fill && valuation.unfilled && valuation.live.cash < 1e-9 ? 1 : 0;
        expect(valuation.navNet / own.worth()).toBeCloseTo(1, 10);
        own.weights().forEach((weight, k) => {
          expect(valuation.live.weights[k]).toBeCloseTo(weight, 9);
        });
        expect(valuation.live.cash).toBeGreaterThan(-1e-9);
      });
    }),
    { seed: 71, numRuns: 200 },
  );
  expect(Math.min(seen.waited, seen.closed, seen.cut)).toBeGreaterThan(20);
});
