import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alwaysOpenCalendar } from '../../../src/core/calendar/always-open.ts';
import { newYorkCalendar } from '../../../src/core/calendar/new-york.ts';
import { periodsPerYearOf } from '../../../src/core/calendar/periods.ts';
import { addDays, type Session } from '../../../src/core/calendar/session.ts';

const newYork = newYorkCalendar();
const everyDay = alwaysOpenCalendar();

/** The last session of each `months` months from 2010 to 2019. */
function monthEnds(months: number): Session[] {
  const starts = Array.from({ length: 120 / months }, (_, i) =>
    new Date(Date.UTC(2010, (i + 1) * months, 1)).toISOString().slice(0, 10),
  );
  return starts.map((start) => newYork.previous(start));
}

const every = (days: number) =>
  Array.from({ length: Math.floor(3652 / days) }, (_, i) => addDays('2010-01-01', i * days));

const files: [name: string, dates: Session[], periodsPerYear: number][] = [
  ['days of New York', newYork.sessions('2010-01-01', '2019-12-31'), 252],
  ['days of a market that never closes', everyDay.sessions('2010-01-01', '2019-12-31'), 365],
  ['weeks', every(7), 52],
  ['month ends', monthEnds(1), 12],
  ['quarter ends', monthEnds(3), 4],
];

test.each(files)('%s', (_, dates, expected) => {
  expect(periodsPerYearOf(dates)).toBe(expected);
});

test.each(files)('%s, any cut of at least 15, with a tenth of the dates missing', (_, dates, expected) => {
  const cuts = fc.record({
    from: fc.nat({ max: dates.length - 15 }),
    length: fc.integer({ min: 15, max: 300 }),
    hole: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(cuts, ({ from, length, hole }) => {
      const cut = dates.slice(from, from + length).filter((__, i) => i % 10 !== hole);
      expect(periodsPerYearOf(cut)).toBe(expected);
    }),
    { seed: 252 },
  );
});

test('a calendar’s own sessions give its sessions a year, from any date on', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(newYork, everyDay),
      fc.integer({ min: 0, max: 14_000 }),
      fc.integer({ min: 14, max: 2000 }),
      (calendar, after, days) => {
        const from = addDays('1995-01-01', after);
        expect(periodsPerYearOf(calendar.sessions(from, addDays(from, days)))).toBe(calendar.sessionsPerYear);
      },
    ),
    { seed: 365, numRuns: 300 },
  );
});

test('a week of five days that begins on Sunday is no market that never closes', () => {
  const sundayToThursday = everyDay
    .sessions('2023-01-01', '2023-12-31')
    .filter((date) => ![5, 6].includes(new Date(date).getUTCDay()));
  expect(periodsPerYearOf(sundayToThursday)).toBe(252);
});

test('a stray price on one weekend changes nothing', () => {
  const dates = [...newYork.sessions('2023-01-01', '2023-12-31'), '2023-06-03', '2023-06-04'].sort();
  expect(periodsPerYearOf(dates)).toBe(252);
});

test.each([
  ['every second day', every(2), 365.25 / 2],
  ['every second week', every(14), 365.25 / 14],
  ['years', every(365), 365.25 / 365],
])('where no frequency is known, periods are counted: %s', (_, dates, expected) => {
  expect(periodsPerYearOf(dates)).toBeCloseTo(expected, 9);
});

test.each([[[]], [['2024-01-02']], [['2024-01-03', '2024-01-02']], [['2024-01-02', '2024-01-02']]])(
  'needs two ascending dates: %j',
  (dates) => {
    expect(() => periodsPerYearOf(dates)).toThrow(/at least two ascending dates/);
  },
);
