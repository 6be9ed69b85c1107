import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readWidePrices } from '../../../src/adapters/prices/csv/csv.ts';
import { checkBars, crossCheckAdjusted } from '../../../src/core/market/adjustments.ts';
import type { Bar } from '../../../src/core/market/bar.ts';
import { bundledPrices } from '../../support/bundled-prices.ts';
import { barOf } from './bars.ts';

const kinds = (bars: Bar[], basis: 'as-traded' | 'split-adjusted' | 'total-return' = 'as-traded') =>
  checkBars(bars, basis).map(({ session, kind }) => `${session} ${kind}`);

describe('checkBars', () => {
  test.each([
    ['a close of 0', { close: 0 }, /close 0, expected a price above 0/],
    ['a close that is none', { close: Number.NaN }, /close NaN/],
    ['a negative dividend', { dividend: -0.1 }, /dividend -0.1, expected 0 or more/],
    ['a split ratio of 0', { splitRatio: 0 }, /split ratio 0, expected a number above 0/],
    ['an infinite split ratio', { splitRatio: Number.POSITIVE_INFINITY }, /split ratio Infinity/],
  ])('notes %s, and goes on from the bar before', (_name, fault, reason) => {
    const notes = checkBars(
      [barOf('2024-01-02', 10), barOf('2024-01-03', 10, fault), barOf('2024-01-04', 10)],
      'as-traded',
    );
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatchObject({ symbol: 'A', session: '2024-01-03', kind: 'value' });
    expect(notes[0]!.reason).toMatch(reason);
  });

  test('notes two bars of one session, in whatever order the bars come', () => {
    const bars = [barOf('2024-01-03', 10), barOf('2024-01-02', 10), barOf('2024-01-03', 10.1)];
    expect(kinds(bars)).toEqual(['2024-01-03 repeated']);
  });

  test('notes a halving without a split, and none where the split is recorded', () => {
    const halved = (splitRatio: number) => [
      barOf('2024-01-02', 100),
      barOf('2024-01-03', 50.5, { splitRatio }),
    ];
    expect(kinds(halved(1))).toEqual(['2024-01-03 like-split']);
    expect(kinds(halved(2))).toEqual([]);
    // the same closes called split-adjusted: the recorded split was not applied to them
    expect(checkBars(halved(2), 'split-adjusted')[0]!.reason).toMatch(/recorded split is 2/);
    expect(kinds(halved(1).toReversed(), 'total-return')).toEqual(['2024-01-03 like-split']);
  });

  test('notes a split applied twice: recorded, but closes did not fall', () => {
    expect(kinds([barOf('2024-01-02', 100), barOf('2024-01-03', 101, { splitRatio: 10 })])).toEqual([
      '2024-01-03 like-split',
    ]);
  });

  test('notes pence for pounds on the way in and out', () => {
    const bars = [barOf('2024-01-02', 3), barOf('2024-01-03', 310), barOf('2024-01-04', 3.05)];
    expect(kinds(bars)).toEqual(['2024-01-03 like-unit', '2024-01-04 like-unit']);
  });

  test('notes a leap of no known size', () => {
    expect(kinds([barOf('2024-01-02', 10), barOf('2024-01-03', 45)])).toEqual(['2024-01-03 jump']);
  });

  test('tells a large dividend the price followed from one it did not', () => {
    const paid = (close: number) => [barOf('2024-01-02', 100), barOf('2024-01-03', close, { dividend: 20 })];
    expect(kinds(paid(81))).toEqual(['2024-01-03 large-dividend']);
    expect(kinds(paid(99))).toEqual(['2024-01-03 dividend-without-fall']);
    // a total-return close holds its dividend, which says nothing about the next close
    expect(kinds(paid(99), 'total-return')).toEqual([]);
  });

  test('keeps symbols apart', () => {
    expect(kinds([barOf('2024-01-02', 10), barOf('2024-01-03', 1000, { symbol: 'B' })])).toEqual([]);
  });
});

describe('crossCheckAdjusted', () => {
  const bars = [
    barOf('2024-01-02', 100),
    barOf('2024-01-03', 104, { dividend: 2 }),
    barOf('2024-01-04', 53, { splitRatio: 2 }),
    barOf('2024-01-05', 54),
  ];
  const returns = [0, 0.06, 106 / 104 - 1, 54 / 53 - 1];
  const vendor = (changes: readonly number[]) => {
    const levels: number[] = [];
    for (const change of changes) levels.push((levels.at(-1) ?? 7) * (1 + change));
    return new Map<string, number | null>(bars.map((bar, index) => [bar.session, levels[index]!]));
  };

  test('accepts both ways of taking a dividend in', () => {
    expect(crossCheckAdjusted(bars, 'as-traded', vendor(returns), 0.001)).toEqual({
      compared: 3,
      unanswered: [],
      differences: [],
    });
    const takenOff = [0, 104 / 98 - 1, returns[2]!, returns[3]!];
    expect(crossCheckAdjusted(bars, 'as-traded', vendor(takenOff), 0.001).differences).toEqual([]);
  });

  test('lists a return beyond the tolerance with its size and sign', () => {
    const found = crossCheckAdjusted(
      bars,
      'as-traded',
      vendor([0, 0.06, 106 / 104 - 1 - 0.001, 54 / 53 - 1]),
      5,
    );
    expect(found.differences).toHaveLength(1);
    expect(found.differences[0]!.session).toBe('2024-01-04');
    expect(found.differences[0]!.differenceBps).toBeCloseTo(10, 6);
    expect(
      crossCheckAdjusted(bars, 'as-traded', vendor([0, 0.06, 106 / 104 - 1 - 0.001, 54 / 53 - 1]), 11)
        .differences,
    ).toEqual([]);
  });

  test('sees a dividend the vendor forgot, and a split', () => {
    const forgotten = crossCheckAdjusted(bars, 'as-traded', vendor([0, 0.04, returns[2]!, returns[3]!]), 5);
    expect(forgotten.differences.map(({ session }) => session)).toEqual(['2024-01-03']);
    const wrongBasis = crossCheckAdjusted(bars, 'split-adjusted', vendor(returns), 5);
    expect(wrongBasis.differences.map(({ session }) => session)).toEqual(['2024-01-04']);
  });

  test('takes neither null nor 0 for a price, and compares across the gap', () => {
    const gaps = vendor(returns).set('2024-01-03', null).set('2024-01-04', 0);
    const found = crossCheckAdjusted(bars, 'as-traded', gaps, 0.001);
    expect(found).toEqual({
      compared: 1,
      unanswered: [
        { session: '2024-01-03', found: null },
        { session: '2024-01-04', found: 0 },
      ],
      differences: [],
    });
    gaps.delete('2024-01-05');
    expect(crossCheckAdjusted(bars, 'as-traded', gaps, 0.001)).toMatchObject({
      compared: 0,
      unanswered: { length: 3 },
    });
  });

  test('refuses bars of two symbols', () => {
    expect(() =>
      crossCheckAdjusted([...bars, barOf('2024-01-08', 1, { symbol: 'B' })], 'as-traded', new Map(), 5),
    ).toThrow(/bars of A and B/);
  });
});

describe('against closes adjusted in pandas', () => {
  type Stock = Record<
    'close' | 'dividend' | 'split' | 'splitAdjusted' | 'splitAdjustedDividend' | 'adjusted' | 'reinvested',
    number[]
  > & { symbol: string };
  const { sessions, stocks } = JSON.parse(
    readFileSync(new URL('../../oracles/market/adjustments.json', import.meta.url), 'utf8'),
  ) as { sessions: string[]; stocks: Stock[] };
  const events = (stock: Stock) => sessions.filter((_, t) => stock.dividend[t]! > 0 || stock.split[t] !== 1);
  const asTraded = ({ symbol, close, dividend, split }: Stock) =>
    sessions.map((session, t) =>
      barOf(session, close[t]!, { symbol, dividend: dividend[t]!, splitRatio: split[t]! }),
    );
  const splitAdjusted = ({ symbol, splitAdjusted: close, splitAdjustedDividend: dividend, split }: Stock) =>
    sessions.map((session, t) =>
      barOf(session, close[t]!, { symbol, dividend: dividend[t]!, splitRatio: split[t]! }),
    );
  const vendor = (adjusted: number[]) => new Map(sessions.map((session, t) => [session, adjusted[t]!]));

  test.each(stocks)(
    '$symbol agrees, as traded and split-adjusted, however the dividend was taken in',
    (stock) => {
      for (const adjusted of [stock.adjusted, stock.reinvested]) {
        for (const [basis, bars] of [
          ['as-traded', asTraded(stock)],
          ['split-adjusted', splitAdjusted(stock)],
        ] as const)
          expect(crossCheckAdjusted(bars, basis, vendor(adjusted), 0.01)).toEqual({
            compared: 499,
            unanswered: [],
            differences: [],
          });
      }
      expect(checkBars(asTraded(stock), 'as-traded')).toEqual([]);
      expect(checkBars(splitAdjusted(stock), 'split-adjusted')).toEqual([]);
    },
  );

  test.each(stocks)('$symbol loses exactly the events that are taken away', (stock) => {
    const stripped = asTraded(stock).map((bar) => ({ ...bar, dividend: 0, splitRatio: 1 }));
    const { differences } = crossCheckAdjusted(stripped, 'as-traded', vendor(stock.adjusted), 5);
    expect(differences.map(({ session }) => session)).toEqual(events(stock));
    expect(checkBars(stripped, 'as-traded').map(({ session, kind }) => `${session} ${kind}`)).toEqual(
      sessions.filter((_, t) => stock.split[t] !== 1).map((session) => `${session} like-split`),
    );
  });
});

describe('20 stocks by total return, 2013 to 2022', () => {
  test('raise no note: not one true move looks like a fault', () => {
    const { dates, symbols, values } = readWidePrices(bundledPrices).value;
    const bars = symbols.flatMap((symbol, i) =>
      dates.map((date, t) => barOf(date, values[i]![t]!, { symbol })),
    );
    expect(bars).toHaveLength(2516 * 21);
    expect(checkBars(bars, 'total-return')).toEqual([]);
  });
});
