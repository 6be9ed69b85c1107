import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays } from '../../../src/core/calendar/session.ts';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { cleanPanel, type QualityOptions } from '../../../src/core/market/quality.ts';

const none = Number.NaN;
const options: QualityOptions = {
  fillSessionsMax: 2,
  missingRatioMax: 0.3,
  windowSessions: 10,
  historySessionsMin: 10,
};
const first = '2024-01-01';
const day = (row: number) => addDays(first, row);

/** A panel whose columns are these levels, all of the same length, named A, B, C.. */
function panelOf(...columns: number[][]): PricePanel {
  return new PricePanel(
    columns[0]!.map((_, row) => day(row)),
    columns.map((_, index) => String.fromCharCode(65 + index)),
    columns.map((column) => Float64Array.from(column)),
  );
}

/** Levels 1, 2, 3.. with the given rows missing. */
const rising = (length: number, ...missing: number[]) =>
  Array.from({ length }, (_, row) => (missing.includes(row) ? none : row + 1));

describe('cleanPanel', () => {
  test('passes a sound panel through untouched', () => {
    const panel = panelOf(rising(12), rising(12));
    const clean = cleanPanel(panel, options);
    expect(clean.notes).toEqual([]);
    expect(clean.panel.symbols).toEqual(['A', 'B']);
    expect(clean.panel.levels).toEqual(panel.levels);
    expect(clean.historySessions).toEqual([12, 12]);
  });

  test('fills gaps up to the limit with the level before them, at the end too', () => {
    const clean = cleanPanel(panelOf(rising(12, 5, 6, 11), rising(12)), options);
    expect([...clean.panel.column('A')]).toEqual([1, 2, 3, 4, 5, 5, 5, 8, 9, 10, 11, 11]);
    expect(clean.notes).toEqual([
      {
        symbol: 'A',
        kind: 'filled',
        sessions: 3,
        firstSession: day(5),
        lastSession: day(11),
        reason: '3 missing closes filled with the last level before them',
      },
    ]);
  });

  test('drops a symbol for a gap one session beyond the limit', () => {
    const clean = cleanPanel(panelOf(rising(12), rising(12, 5, 6, 7)), options);
    expect(clean.panel.symbols).toEqual(['A']);
    expect(clean.notes).toEqual([
      {
        symbol: 'B',
        kind: 'dropped',
        sessions: 3,
        firstSession: day(5),
        lastSession: day(7),
        reason: 'a gap of 3 sessions, more than 2 may be filled',
      },
    ]);
  });

  test('drops a symbol whose closes have ended', () => {
    const [note] = cleanPanel(panelOf(rising(12, 9, 10, 11), rising(12)), options).notes;
    expect(note).toMatchObject({ kind: 'dropped', sessions: 3, firstSession: day(9), lastSession: day(11) });
    expect(note!.reason).toMatch(/no close any more for 3 sessions/);
  });

  test('drops a symbol that misses more of the window than allowed, though each gap is short', () => {
    const sparse = rising(20, 11, 13, 15, 17);
    const [note] = cleanPanel(panelOf(sparse, rising(20)), options).notes;
    expect(note).toMatchObject({ kind: 'dropped', sessions: 4, firstSession: day(11), lastSession: day(17) });
    expect(note!.reason).toBe('40.0% of the window is missing, more than 30.0%');
    // exactly the limit is allowed
    expect(cleanPanel(panelOf(rising(20, 11, 13, 15)), options).notes[0]!.kind).toBe('filled');
  });

  test('asks of sessions before the window nothing but causal filling', () => {
    const clean = cleanPanel(panelOf(rising(20, 3, 4, 5, 6)), options);
    expect([...clean.panel.column('A').slice(2, 8)]).toEqual([3, 3, 3, none, none, 8]);
    expect(clean.notes).toMatchObject([
      { kind: 'filled', sessions: 2, firstSession: day(3), lastSession: day(4) },
    ]);
  });

  test('counts a gap that begins before the window in full', () => {
    const [note] = cleanPanel(panelOf(rising(20, 8, 9, 10)), options).notes;
    expect(note).toMatchObject({ kind: 'dropped', sessions: 3, firstSession: day(8), lastSession: day(10) });
  });

  test('excludes the young: history counts from the first close', () => {
    const young = (age: number) => [...new Array<number>(12 - age).fill(none), ...rising(age)];
    const clean = cleanPanel(panelOf(young(9), young(10), young(0)), options);
    expect(clean.panel.symbols).toEqual(['B']);
    expect(clean.historySessions).toEqual([10]);
    expect(clean.notes).toEqual([
      {
        symbol: 'A',
        kind: 'excluded',
        sessions: 9,
        firstSession: day(3),
        lastSession: day(11),
        reason: '9 sessions since its first close, fewer than 10',
      },
      { symbol: 'C', kind: 'excluded', sessions: 0, reason: 'no close at all' },
    ]);
  });

  test('keeps a symbol younger than the window when that is allowed, and fills nothing before its first close', () => {
    const young = [none, none, none, none, none, 1, none, 3, 4, 5, 6, 7];
    const clean = cleanPanel(panelOf(young), { ...options, historySessionsMin: 5 });
    expect([...clean.panel.column('A')]).toEqual([none, none, none, none, none, 1, 1, 3, 4, 5, 6, 7]);
    expect(clean.historySessions).toEqual([7]);
  });

  test.each([0, -1, Number.POSITIVE_INFINITY])('drops a symbol with a level of %d', (level) => {
    const broken = rising(12);
    broken[4] = level;
    const [note] = cleanPanel(panelOf(broken), options).notes;
    expect(note).toMatchObject({ kind: 'dropped', sessions: 1, firstSession: day(4), lastSession: day(4) });
    expect(note!.reason).toMatch(/expected a finite one above 0/);
  });

  test('does not touch the panel it is given', () => {
    const panel = panelOf(rising(12, 5));
    cleanPanel(panel, options);
    expect(panel.column('A')[5]).toBeNaN();
  });

  test.each([
    [{ fillSessionsMax: -1 }, /fillSessionsMax is -1/],
    [{ fillSessionsMax: 1.5 }, /fillSessionsMax is 1.5/],
    [{ missingRatioMax: 5 }, /missingRatioMax is 5, expected a number from 0 to 1/],
    [{ missingRatioMax: none }, /missingRatioMax is NaN/],
    [{ windowSessions: 0 }, /windowSessions is 0/],
    [{ historySessionsMin: 0 }, /historySessionsMin is 0/],
  ])('refuses options %j', (wrong, message) => {
    expect(() => cleanPanel(panelOf(rising(12)), { ...options, ...wrong })).toThrow(message);
  });
});

const anyColumn = fc.array(
  fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 9 }) }, fc.constant(none)),
  {
    minLength: 30,
    maxLength: 30,
  },
);
const anyOptions = fc.record({
  fillSessionsMax: fc.integer({ min: 0, max: 5 }),
  missingRatioMax: fc.constantFrom(0.05, 0.3, 1),
  windowSessions: fc.integer({ min: 1, max: 40 }),
  historySessionsMin: fc.integer({ min: 1, max: 30 }),
});

describe('cleanPanel, whatever the gaps', () => {
  test('leaves no gap in the window since the first close, and keeps each known level', () => {
    fc.assert(
      fc.property(anyColumn, anyColumn, anyOptions, (a, b, chosen) => {
        const panel = panelOf(a, b);
        const clean = cleanPanel(panel, chosen);
        for (const symbol of clean.panel.symbols) {
          const before = panel.column(symbol);
          const after = clean.panel.column(symbol);
          const start = before.findIndex((level) => !Number.isNaN(level));
          expect(30 - start).toBeGreaterThanOrEqual(chosen.historySessionsMin);
          for (let row = 0; row < 30; row += 1) {
            if (!Number.isNaN(before[row])) expect(after[row]).toBe(before[row]);
            if (row >= Math.max(start, 30 - chosen.windowSessions)) expect(after[row]).not.toBeNaN();
            if (row < start) expect(after[row]).toBeNaN();
          }
        }
        const refused = clean.notes.filter(({ kind }) => kind !== 'filled').map(({ symbol }) => symbol);
        expect([...clean.panel.symbols, ...refused].toSorted()).toEqual(['A', 'B']);
      }),
    );
  });

  test('never fills from the future: a kept level is the same when later levels change', () => {
    fc.assert(
      fc.property(
        anyColumn,
        anyColumn,
        anyOptions,
        fc.integer({ min: 0, max: 28 }),
        (column, other, chosen, cut) => {
          const changed = [...column.slice(0, cut + 1), ...other.slice(cut + 1)];
          const now = cleanPanel(panelOf(column), chosen).panel;
          const then = cleanPanel(panelOf(changed), chosen).panel;
          fc.pre(now.symbols.length === 1 && then.symbols.length === 1);
          expect(then.levels[0]!.slice(0, cut + 1)).toEqual(now.levels[0]!.slice(0, cut + 1));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('never fills a run longer than the limit', () => {
    fc.assert(
      fc.property(anyColumn, anyOptions, (column, chosen) => {
        const panel = panelOf(column);
        const clean = cleanPanel(panel, chosen).panel;
        fc.pre(clean.symbols.length === 1);
        let run = 0;
        column.forEach((level, row) => {
          run = Number.isNaN(level) ? run + 1 : 0;
          if (run > chosen.fillSessionsMax) expect(clean.levels[0]![row]).toBeNaN();
        });
      }),
    );
  });
});
