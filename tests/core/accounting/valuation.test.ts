import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openingValuation, revalue, type Valuation } from '../../../src/core/accounting/valuation.ts';
import { decide } from '../../../src/core/policy/decide.ts';
import { emptyHoldings, tradingTo } from '../../../src/core/portfolio/holdings.ts';
import { simulatedPanel } from '../forecast/simulated-prices.ts';
import { holdingsOf, sampleDecision, sampleInput, samplePolicy } from '../policy/samples.ts';
import { quietMarket } from './quiet-market.ts';

const symbols = ['AAA', 'BBB'];
const policy = samplePolicy(symbols); // 3 basis points of what is traded

describe('a worked example', () => {
  const opening = openingValuation('2020-01-01', policy);
  const first = revalue(
    opening,
    '2020-01-02',
    quietMarket([0.5, -0.5]),
    sampleDecision('2020-01-01', symbols, [0.6, 0.3]),
    [0.6, 0.3],
    policy,
  );
  const second = revalue(first.valuation, '2020-01-03', quietMarket([0.1, -0.05]), null, [0.6, 0.3], policy);
  const third = revalue(
    second.valuation,
    '2020-01-04',
    quietMarket([0.02, 0.01]),
    sampleDecision('2020-01-03', symbols, [0.5, 0.5], [0.5, 0.5], second.valuation.live.weights),
    [0.5, 0.5],
    policy,
  );

  test('opens in cash, and the first fill earns nothing and pays for what it buys', () => {
    expect(opening).toMatchObject({ navGross: 1, navNet: 1, live: { weights: [0, 0], cash: 1 } });
    expect(first.fill).toEqual({
      turnoverOneWay: expect.closeTo(0.45, 15),
      turnoverTwoWay: expect.closeTo(0.9, 15),
      costRatio: expect.closeTo(0.00027, 15),
    });
    expect(first.valuation.navGross).toBe(1);
    expect(first.valuation.navNet).toBeCloseTo(0.99973, 15);
    expect(first.valuation.live).toEqual({ weights: [0.6, 0.3], cash: expect.closeTo(0.1, 15) });
    expect(first.valuation.driftOneWay).toBe(0);
  });

  test('drifts by simple returns while nothing is filled', () => {
    expect(second.fill).toBeNull();
    expect(second.valuation.returnGross).toBeCloseTo(0.045, 15);
    expect(second.valuation.returnNet).toBeCloseTo(0.045, 15);
    expect(second.valuation.navGross).toBeCloseTo(1.045, 15);
    expect(second.valuation.navNet).toBeCloseTo(0.99973 * 1.045, 15);
    const drifted = [0.66 / 1.045, 0.285 / 1.045];
    expect(second.valuation.live.weights).toEqual(drifted.map((w) => expect.closeTo(w, 15)));
    expect(second.valuation.driftOneWay).toBeCloseTo((drifted[0]! - 0.6 + 0.3 - drifted[1]!) / 2, 15);
  });

  test('lets the old holdings earn the session of the fill, then trades and pays against them as drifted', () => {
    // of 1: 0.66 x 1.02 = 0.6732, 0.285 x 1.01 = 0.28785, cash 0.1; together 1.06105
    const earned = 1.06105 / 1.045 - 1;
    const traded = 0.6732 / 1.06105 - 0.5 + (0.5 - 0.28785 / 1.06105);
    expect(third.valuation.returnGross).toBeCloseTo(earned, 14);
    expect(third.fill!.turnoverTwoWay).toBeCloseTo(traded, 14);
    expect(third.fill!.costRatio).toBeCloseTo(0.0003 * traded, 15);
    expect(third.valuation.returnNet).toBeCloseTo((1 + earned) * (1 - 0.0003 * traded) - 1, 14);
    expect(third.valuation.navNet).toBeCloseTo(0.99973 * 1.06105 * (1 - 0.0003 * traded), 14);
    expect(third.valuation.live).toEqual({ weights: [0.5, 0.5], cash: 0 });
  });
});

test('a fill is charged by what the account is worth then: a quarter of the money has half the impact', () => {
  const base = { commissionBps: 1, halfSpreadBps: 2, impactBps: 50, averageDailyValue: 1_000_000 };
  const dear = samplePolicy(symbols, { costs: { base, bySymbol: {}, portfolioValue: 100_000 } });
  const before = { ...openingValuation('2020-01-01', dear), live: holdingsOf([1, 0]) };
  const decision = sampleDecision('2020-01-01', symbols, [0.2, 0.8], [0.2, 0.8], [1, 0]);
  const chargedAt = (worth?: number) =>
    revalue(
      before,
      '2020-01-02',
      quietMarket([0.6, 0]),
      decision,
      [0.2, 0.8],
      dear,
      worth === undefined ? {} : { portfolioValue: worth },
    ).fill!.costRatio;
  // 250,000 have grown to 400,000 at the fill: the impact of 0.8 bought and 0.8 sold, each of 320,000
  const by = (worth: number) => (1.6 * (3 + 50 * Math.sqrt((0.8 * worth) / 1_000_000))) / 10_000;
  expect(chargedAt(250_000)).toBeCloseTo(by(400_000), 15);
  expect(chargedAt(62_500)).toBeCloseTo(by(100_000), 15);
  expect(chargedAt()).toBeCloseTo(by(100_000), 15);
});

describe('revalue', () => {
  const steps = fc.array(
    fc.record({
      returns: fc.array(fc.double({ min: -0.3, max: 0.4, noNaN: true }), { minLength: 2, maxLength: 2 }),
      targets: fc.option(
        fc.array(fc.double({ min: 0, max: 0.5, noNaN: true }), { minLength: 2, maxLength: 2 }),
      ),
    }),
    { minLength: 1, maxLength: 30 },
  );

  test('puts nothing but the charged costs between gross and net', () => {
    fc.assert(
      fc.property(steps, (path) => {
        let valuation: Valuation = openingValuation('2020-01-01', policy);
        let kept = 1;
        path.forEach(({ returns, targets }, day) => {
          const before = valuation;
          const pending =
            targets && sampleDecision('2020-01-01', symbols, targets, targets, before.live.weights);
          const step = revalue(before, `2020-02-${day + 10}`, quietMarket(returns), pending, targets, policy);
          kept *= 1 - (step.fill?.costRatio ?? 0);
          valuation = step.valuation;
          expect(valuation.navNet / valuation.navGross).toBeCloseTo(kept, 12);
          expect(valuation.navNet).toBeCloseTo(before.navNet * (1 + valuation.returnNet), 12);
          expect(valuation.returnNet).toBeLessThanOrEqual(valuation.returnGross);
          // without a drawdown limit the shadow is the portfolio
          expect(valuation.navShadow).toBeCloseTo(valuation.navNet, 12);
          expect(valuation.shadow).toEqual(valuation.live);
        });
      }),
      { seed: 41 },
    );
  });

  test('charges what was estimated where prices stand still, by the same code', () => {
    const own = {
      ...policy,
      costs: {
        ...policy.costs,
        base: { commissionBps: 1, halfSpreadBps: 4, impactBps: 30, averageDailyValue: 50_000 },
      },
    };
    const panel = simulatedPanel(symbols, 60);
    const held = holdingsOf([0.9, 0.05]);
    const decision = decide(sampleInput(own, panel, { holdings: held, shadowHoldings: held }));
    const before = { ...openingValuation(panel.lastSession, own), live: held, shadow: held };
    const still = revalue(before, '2011-01-01', quietMarket([0, 0]), decision, null, own);
    expect(still.fill!.costRatio).toBe(decision.costRatio);
    expect(still.fill!.turnoverOneWay).toBe(decision.turnoverOneWay);
    const moved = revalue(before, '2011-01-01', quietMarket([0.1, -0.1]), decision, null, own);
    const targets = decision.lines.map((line) => line.target);
    const drifted = { weights: [0.99 / 1.085, 0.045 / 1.085], cash: 0.05 / 1.085 };
    expect(moved.fill!.costRatio).toBeCloseTo(tradingTo(drifted, targets, symbols, own.costs).costRatio, 14);
    expect(moved.fill!.costRatio).not.toBe(decision.costRatio);
  });

  test('trades nothing where what was held was decided for: not even what the session moved', () => {
    const held = holdingsOf([0.5, 0.3]);
    const before = { ...openingValuation('2020-01-01', policy), live: held, shadow: holdingsOf([0.6, 0.4]) };
    const decision = sampleDecision('2020-01-01', symbols, held.weights, [0.5, 0.5], held.weights);
    const { valuation, fill } = revalue(
      before,
      '2020-01-02',
      quietMarket([0.1, 0]),
      decision,
      held.weights,
      policy,
    );
    expect(fill).toEqual({ turnoverOneWay: 0, turnoverTwoWay: 0, costRatio: 0 });
    expect(valuation.navNet).toBe(valuation.navGross);
    expect(valuation.live.weights).toEqual([0.55 / 1.05, 0.3 / 1.05].map((w) => expect.closeTo(w, 15)));
    expect(valuation.driftOneWay).toBeGreaterThan(0);
    expect(valuation.shadow.weights).toEqual([0.5, 0.5]);
    expect(valuation.navShadow).toBeLessThan(1.06);
  });

  test('fills the shadow with its own targets and charges it its own costs', () => {
    const limited = sampleDecision('2020-01-01', symbols, [0.3, 0.2], [0.6, 0.4]);
    const { valuation } = revalue(
      openingValuation('2020-01-01', policy),
      '2020-01-02',
      quietMarket([0, 0]),
      limited,
      null,
      policy,
    );
    expect(valuation.shadow.weights).toEqual([0.6, 0.4]);
    expect(valuation.navShadow).toBeCloseTo(1 - 0.0003, 15);
    expect(valuation.navNet).toBeCloseTo(1 - 0.00015, 15);
  });

  test('fills by symbol, where symbols were added or moved since the decision', () => {
    const decision = sampleDecision('2020-01-01', symbols, [0.7, 0.3], [0.6, 0.4]);
    const wider = samplePolicy(['CCC', 'BBB', 'AAA']);
    const opening = { ...openingValuation('2020-01-01', wider), live: emptyHoldings(3) };
    const { valuation } = revalue(opening, '2020-01-02', quietMarket([0, 0, 0]), decision, null, wider);
    expect(valuation.live.weights).toEqual([0, 0.3, 0.7]);
    expect(valuation.shadow.weights).toEqual([0, 0.4, 0.6]);
    expect(() =>
      revalue(opening, '2020-01-02', quietMarket([0]), decision, null, samplePolicy(['AAA'])),
    ).toThrow(/decision of 2020-01-01 buys BBB, not among/);
  });
});
