import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays, type Session } from '../../../src/core/calendar/session.ts';
import { type Bar, totalReturn } from '../../../src/core/market/bar.ts';
import { PricePanel, panelFromBars } from '../../../src/core/market/panel.ts';
import { barOf } from './bars.ts';

describe('totalReturn', () => {
  const split = barOf('2020-08-31', 26, { dividend: 0.5, splitRatio: 4 });

  test('of an as-traded close holds the split shares and their dividend', () => {
    expect(totalReturn('as-traded', 100, split)).toBeCloseTo((4 * 26.5) / 100 - 1, 14);
  });

  test('of a split-adjusted close adds the dividend alone', () => {
    expect(totalReturn('split-adjusted', 25, split)).toBeCloseTo(26.5 / 25 - 1, 14);
  });

  test('of a total-return close is the ratio of closes', () => {
    expect(totalReturn('total-return', 25, split)).toBeCloseTo(26 / 25 - 1, 14);
  });

  test('is the same for one holding told in each of the three bases', () => {
    // 100 before; 4 for 1, then 26 and 0.5 a new share: the holder of one old share has 106
    expect(totalReturn('split-adjusted', 100 / 4, split)).toBeCloseTo(
      totalReturn('as-traded', 100, split),
      14,
    );
    const adjustedBefore = 25 / (26.5 / 26);
    expect(totalReturn('total-return', adjustedBefore, split)).toBeCloseTo(0.06, 14);
  });
});

const week: Session[] = ['2024-03-14', '2024-03-15', '2024-03-18', '2024-03-19', '2024-03-20'];
const levelsOf = (bars: Bar[], sessions = week) => [
  ...panelFromBars(bars, sessions, ['A'], () => 'as-traded').column('A'),
];

describe('panelFromBars', () => {
  test('accumulates total returns from 1 at the first close, bars in any order', () => {
    const bars = [
      barOf('2024-03-15', 50),
      barOf('2024-03-18', 54, { dividend: 1 }),
      barOf('2024-03-19', 27, { splitRatio: 2 }),
      barOf('2024-03-20', 27),
    ];
    const levels = levelsOf(bars.toReversed());
    expect(levels[0]).toBeNaN();
    expect(levels[1]).toBe(1);
    [1.1, 1.1, 1.1].forEach((level, index) => {
      expect(levels[index + 2]).toBeCloseTo(level, 14);
    });
  });

  test('leaves a session without a close empty, and the next level spans the gap', () => {
    const levels = levelsOf([barOf('2024-03-14', 50), barOf('2024-03-18', 60)]);
    expect(levels).toEqual([1, Number.NaN, 1.2, Number.NaN, Number.NaN]);
  });

  test('lets weekend closes of a 7-day market reach the next session, events included', () => {
    const bars = [
      barOf('2024-03-15', 100),
      barOf('2024-03-16', 110),
      barOf('2024-03-17', 99, { dividend: 11 }),
      barOf('2024-03-18', 198),
    ];
    const levels = levelsOf(bars);
    expect(levels[2]).toBeCloseTo(1.1 * (110 / 110) * 2, 14);
    // also where the session itself has no close of its own
    expect(levelsOf(bars.slice(0, 3))[2]).toBeCloseTo(1.1, 14);
  });

  test('starts the level at a close before the first session, and drops closes after the last', () => {
    expect(levelsOf([barOf('2024-03-13', 50), barOf('2024-03-14', 55), barOf('2024-03-21', 99)])).toEqual([
      1.1,
      ...new Array(4).fill(Number.NaN),
    ]);
  });

  test('takes total-return closes as the levels they are, bit for bit, from wherever the bars begin', () => {
    const closes = [0.1, 0.3, 1 / 3, 7];
    const bars = closes.map((close, index) => barOf(week[index]!, close, { dividend: 1, splitRatio: 2 }));
    const levels = (known: Bar[]) => [...panelFromBars(known, week, ['A'], () => 'total-return').column('A')];
    expect(levels(bars)).toEqual([...closes, Number.NaN]);
    expect(levels(bars.slice(2)).slice(2)).toEqual(levels(bars).slice(2));
  });

  test('reads each symbol in its own basis and ignores symbols it was not asked for', () => {
    const bars = ['A', 'B', 'C'].flatMap((symbol) => [
      barOf('2024-03-14', 100, { symbol }),
      barOf('2024-03-15', 50, { symbol, splitRatio: 2, dividend: 5 }),
    ]);
    const basis = (symbol: string) => (symbol === 'A' ? 'as-traded' : 'total-return');
    const panel = panelFromBars(bars, week, ['B', 'A'], basis);
    expect(panel.symbols).toEqual(['B', 'A']);
    expect([panel.column('A')[1], panel.column('B')[1]]).toEqual([1.1, 50]);
    expect(panelFromBars(bars, week, ['X'], basis).column('X').every(Number.isNaN)).toBe(true);
  });
});

const anyBars = fc.array(
  fc.record({
    day: fc.integer({ min: 0, max: 40 }),
    close: fc.integer({ min: 1, max: 10_000 }),
    dividend: fc.integer({ min: 0, max: 50 }),
    splitRatio: fc.constantFrom(1, 2, 0.5),
  }),
  { minLength: 1, maxLength: 40 },
);
const days: Session[] = Array.from({ length: 41 }, (_, day) => addDays('2024-01-01', day));
const barsOf = (rows: { day: number; close: number; dividend: number; splitRatio: number }[]): Bar[] => [
  ...new Map(rows.map(({ day, ...rest }) => [day, barOf(days[day]!, rest.close, rest)])).values(),
];

describe('a panel cut by upTo', () => {
  test('is what would have been built from the bars known then, bit for bit', () => {
    fc.assert(
      fc.property(anyBars, fc.integer({ min: 0, max: 40 }), (rows, cut) => {
        const bars = barsOf(rows);
        const known = bars.filter(({ session }) => session <= days[cut]!);
        const whole = panelFromBars(bars, days, ['A'], () => 'as-traded').upTo(days[cut]!);
        const then = panelFromBars(known, days.slice(0, cut + 1), ['A'], () => 'as-traded');
        expect(whole.sessions).toEqual(then.sessions);
        expect([...whole.column('A')]).toEqual([...then.column('A')]);
      }),
    );
  });

  const panel = new PricePanel(
    week,
    ['A', 'B'],
    [Float64Array.of(1, 2, 3, 4, 5), Float64Array.of(6, 7, 8, 9, 10)],
  );

  test('may be cut at a date that is no session, before the first and after the last', () => {
    expect(panel.upTo('2024-03-17').sessions).toEqual(['2024-03-14', '2024-03-15']);
    expect(panel.upTo('2024-03-13').sessions).toEqual([]);
    expect(panel.upTo('2030-01-01').sessions).toEqual(week);
  });

  test('does not share memory with the panel it came from', () => {
    const cut = panel.upTo('2024-03-15');
    cut.levels[0]![0] = 99;
    expect(panel.column('A')[0]).toBe(1);
    expect(cut.column('A').buffer.byteLength).toBe(16);
  });

  test('keeps the last sessions, all of them when there are fewer', () => {
    expect(panel.last(2).sessions).toEqual(['2024-03-19', '2024-03-20']);
    expect([...panel.last(2).column('B')]).toEqual([9, 10]);
    expect(panel.last(99).sessions).toEqual(week);
    expect(panel.last(0).sessions).toEqual([]);
  });

  test('selects symbols in the order asked for', () => {
    expect([...panel.select(['B']).levels[0]!]).toEqual([6, 7, 8, 9, 10]);
    expect(() => panel.select(['B', 'X'])).toThrow(/no symbol X in the price panel, which holds A, B/);
  });

  test('tells its last session, and says so when there is none', () => {
    expect(panel.lastSession).toBe('2024-03-20');
    expect(() => panel.last(0).lastSession).toThrow(/empty/);
  });

  test('refuses levels that do not fit', () => {
    expect(() => new PricePanel(week, ['A'], [])).toThrow(/1 symbols and 5 sessions/);
    expect(() => new PricePanel(week, ['A'], [new Float64Array(4)])).toThrow(/5 sessions/);
  });
});
