import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readWidePrices } from '../../../src/adapters/prices/csv/csv.ts';
import { alwaysOpenCalendar } from '../../../src/core/calendar/always-open.ts';
import { type CalendarName, calendarByName } from '../../../src/core/calendar/calendars.ts';
import { newYorkCalendar } from '../../../src/core/calendar/new-york.ts';
import { addDays } from '../../../src/core/calendar/session.ts';
import { bundledPrices } from '../../support/bundled-prices.ts';

describe('the 24/7 calendar', () => {
  const calendar = alwaysOpenCalendar();

  test('has every date as a session, leap days and weekends too', () => {
    expect(calendar.sessions('2024-02-28', '2024-03-03')).toEqual([
      '2024-02-28',
      '2024-02-29',
      '2024-03-01',
      '2024-03-02',
      '2024-03-03',
    ]);
    expect(calendar.sessions('2015-01-01', '2024-12-31')).toHaveLength(3653);
    expect([calendar.next('2023-12-31'), calendar.previous('2024-01-01')]).toEqual([
      '2024-01-01',
      '2023-12-31',
    ]);
  });

  test('has 365 sessions a year, New York 252', () => {
    expect([calendar.sessionsPerYear, newYorkCalendar().sessionsPerYear]).toEqual([365, 252]);
  });

  test('closes at midnight UTC after the session', () => {
    expect(calendar.closeAt('2024-03-30')).toBe(Date.parse('2024-03-31T00:00:00Z'));
    expect(calendar.closeAt(calendar.last)).toBe(Date.parse('2041-01-01T00:00:00Z'));
  });

  test('knows its bounds', () => {
    expect(() => calendar.next(calendar.last)).toThrow(/no session after 2040-12-31/);
    expect(() => calendar.isSession('1989-12-31')).toThrow(/24\/7 calendar knows 1990-01-01 to 2040-12-31/);
  });
});

describe('calendarByName', () => {
  test('hands overrides to New York', () => {
    const calendar = calendarByName('XNYS', { closed: ['2027-03-10'] });
    expect([calendar.name, calendar.next('2027-03-09')]).toEqual(['XNYS', '2027-03-11']);
  });

  test('refuses overrides of a market that never closes, and names it does not know', () => {
    expect(calendarByName('24/7').isSession('2027-03-13')).toBe(true);
    expect(() => calendarByName('24/7', { closed: ['2027-03-10'] })).toThrow(/takes no overrides/);
    expect(() => calendarByName('XLON' as CalendarName)).toThrow(
      /no calendar XLON: expected one of XNYS, 24\/7/,
    );
  });
});

/** Weekdays without a close of the S&P 500, from data of its trading; made by tests/oracles/calendar/make_traded.py. */
describe('New York and real trading', () => {
  type Traded = { first: string; last: string; sessionCount: number; closed: string[] };
  const traded: Traded = JSON.parse(
    readFileSync(new URL('../../oracles/calendar/traded.json', import.meta.url), 'utf8'),
  );

  test('has the 8313 sessions of the S&P 500 from 1990 to 2022, and no other', () => {
    const closed = new Set(traded.closed);
    const days: string[] = [];
    for (let day = traded.first; day <= traded.last; day = addDays(day, 1)) {
      const weekday = new Date(day).getUTCDay();
      if (weekday !== 0 && weekday !== 6 && !closed.has(day)) days.push(day);
    }
    expect(days).toHaveLength(traded.sessionCount);
    expect(newYorkCalendar().sessions(traded.first, traded.last)).toEqual(days);
  });

  test('has the dates of the bundled prices', () => {
    const { dates } = readWidePrices(bundledPrices).value;
    expect(dates).toHaveLength(2516);
    expect(newYorkCalendar().sessions(dates[0]!, dates.at(-1)!)).toEqual(dates);
  });
});
