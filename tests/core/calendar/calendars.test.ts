import { describe, expect, it } from 'vitest';
import { alwaysOpenCalendar } from '../../../src/core/calendar/always-open.ts';
import { type CalendarName, calendarByName } from '../../../src/core/calendar/calendars.ts';
import { newYorkCalendar } from '../../../src/core/calendar/new-york.ts';
import { describeWithReference, referenceData } from '../../support/reference-data.ts';
import { csvRows } from '../market/csv-rows.ts';

describe('the 24/7 calendar', () => {
  const calendar = alwaysOpenCalendar();

  it('has every date as a session, leap days and weekends too', () => {
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

  it('has 365 sessions a year, New York 252', () => {
    expect([calendar.sessionsPerYear, newYorkCalendar().sessionsPerYear]).toEqual([365, 252]);
  });

  it('closes at midnight UTC after the session', () => {
    expect(calendar.closeAt('2024-03-30')).toBe(Date.parse('2024-03-31T00:00:00Z'));
    expect(calendar.closeAt(calendar.last)).toBe(Date.parse('2041-01-01T00:00:00Z'));
  });

  it('knows its bounds', () => {
    expect(() => calendar.next(calendar.last)).toThrow(/no session after 2040-12-31/);
    expect(() => calendar.isSession('1989-12-31')).toThrow(/24\/7 calendar knows 1990-01-01 to 2040-12-31/);
  });
});

describe('calendarByName', () => {
  it('hands overrides to New York', () => {
    const calendar = calendarByName('XNYS', { closed: ['2027-03-10'] });
    expect([calendar.name, calendar.next('2027-03-09')]).toEqual(['XNYS', '2027-03-11']);
  });

  it('refuses overrides of a market that never closes, and names it does not know', () => {
    expect(calendarByName('24/7').isSession('2027-03-13')).toBe(true);
    expect(() => calendarByName('24/7', { closed: ['2027-03-10'] })).toThrow(/takes no overrides/);
    expect(() => calendarByName('XLON' as CalendarName)).toThrow(
      /no calendar XLON: expected one of XNYS, 24\/7/,
    );
  });
});

describeWithReference('sessions and real closes', () => {
  const dates = (path: string, symbol?: string) =>
    csvRows(referenceData(path))
      .filter((row) => symbol === undefined || row.symbol === symbol)
      .map((row) => row.date!);

  it.each([
    ['SPY, 2004 to 2024', 'prices/etf_daily.csv.gz', 'SPY'],
    ['the S&P 500, 2000 to 2024', 'prices/index_gspc.csv', undefined],
  ])('New York has those of %s', (_name, path, symbol) => {
    const traded = dates(path, symbol);
    expect(traded.length).toBeGreaterThan(5000);
    expect(newYorkCalendar().sessions(traded[0]!, traded.at(-1)!)).toEqual(traded);
  });

  it('24/7 has those of bitcoin, 2014 to 2024', () => {
    const traded = dates('prices/btc_usd.csv');
    expect(alwaysOpenCalendar().sessions(traded[0]!, traded.at(-1)!)).toEqual(traded);
  });
});
