import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { easterDay, newYorkCalendar } from '../../../src/core/calendar/new-york.ts';
import { addDays, type Session } from '../../../src/core/calendar/session.ts';

type Oracle = {
  first: Session;
  last: Session;
  sessionCount: number;
  closed: Session[];
  open: Session[];
  closes: [Session, number][];
  early: Record<Session, number>;
  easter: Session[];
};
const oraclePath = join(import.meta.dirname, '../../oracles/calendar/xnys.json');
const oracle: Oracle = JSON.parse(readFileSync(oraclePath, 'utf8'));

function oracleSessions(): Session[] {
  const closed = new Set(oracle.closed);
  const sessions: Session[] = [];
  for (let date = oracle.first; date <= oracle.last; date = addDays(date, 1)) {
    const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
    if (weekday !== 0 && weekday !== 6 && !closed.has(date)) sessions.push(date);
  }
  return sessions;
}

const calendar = newYorkCalendar();
const sessions = oracleSessions();
const instant = (session: Session, minutes: number) => Date.parse(`${session}T00:00:00Z`) + minutes * 60_000;
const anyDate = fc.integer({ min: 1, max: 18_000 }).map((days) => addDays(calendar.first, days));

describe('New York sessions against exchange_calendars', () => {
  test('are the same, 1990 to 2040', () => {
    expect(sessions).toHaveLength(oracle.sessionCount);
    expect(oracle.open).toEqual([]);
    expect([calendar.first, calendar.last]).toEqual([oracle.first, oracle.last]);
    expect(calendar.sessions(oracle.first, oracle.last)).toEqual(sessions);
  });

  test('close at the same instants, early closes and summer time included', () => {
    const expected: number[] = [];
    let run = 0;
    for (const session of sessions) {
      while (run + 1 < oracle.closes.length && oracle.closes[run + 1]![0] <= session) run += 1;
      expected.push(instant(session, oracle.early[session] ?? oracle.closes[run]![1]));
    }
    expect(sessions.map((session) => calendar.closeAt(session))).toEqual(expected);
  });
});

test('Easter agrees with dateutil, 1900 to 2099', () => {
  const found = oracle.easter.map((_, index) => addDays('1970-01-01', easterDay(1900 + index)));
  expect(found).toEqual(oracle.easter);
});

describe('New York look-ups', () => {
  test('next and previous agree with a plain walk, and undo each other on sessions', () => {
    const known = new Set(sessions);
    const walk = (from: Session, days: number) => {
      let date = addDays(from, days);
      while (!known.has(date)) date = addDays(date, days);
      return date;
    };
    fc.assert(
      fc.property(anyDate, (date) => {
        fc.pre(date > sessions[0]! && date < sessions.at(-1)!);
        expect(calendar.next(date)).toBe(walk(date, 1));
        expect(calendar.previous(date)).toBe(walk(date, -1));
        if (known.has(date)) expect(calendar.previous(calendar.next(date))).toBe(date);
      }),
    );
  });

  test('sessions of a range are the filtered whole, both ends included', () => {
    fc.assert(
      fc.property(anyDate, anyDate, (from, to) => {
        expect(calendar.sessions(from, to)).toEqual(sessions.filter((s) => s >= from && s <= to));
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    ['isSession before the first date', () => calendar.isSession('1989-12-31'), /1990-01-01 to 2040-12-31/],
    [
      'sessions past the last date',
      () => calendar.sessions('2040-12-01', '2041-01-02'),
      /2041-01-02 lies outside/,
    ],
    ['next past the table', () => calendar.next('2040-12-31'), /no session after 2040-12-31/],
    ['previous before the table', () => calendar.previous('1990-01-02'), /no session before 1990-01-02/],
    ['the close of a holiday', () => calendar.closeAt('2024-12-25'), /2024-12-25 is not a session/],
    ['a date that is none', () => calendar.isSession('2023-02-29'), /2023-02-29 is not a date/],
  ])('refuses %s', (_name, ask, message) => {
    expect(ask).toThrow(message);
  });

  test('answers fast enough to be asked for each session of a walk-forward', () => {
    // Of the processor's time, which a busy machine does not lengthen.
    const before = process.cpuUsage();
    for (const session of sessions.slice(0, 10_000)) calendar.next(session);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(500);
  });
});

describe('New York overrides', () => {
  test('close, open and shorten days, and touch no other', () => {
    const changed = newYorkCalendar({
      closed: ['2027-03-10'],
      open: ['2027-03-13', '2025-01-09'],
      earlyCloses: { '2027-03-11': '12:30', '2026-11-27': '16:00' },
    });
    const between = (from: Session, to: Session) => changed.sessions(from, to);
    expect(between('2027-03-09', '2027-03-15')).toEqual([
      '2027-03-09',
      '2027-03-11',
      '2027-03-12',
      '2027-03-13',
      '2027-03-15',
    ]);
    expect(changed.isSession('2025-01-09')).toBe(true);
    expect(changed.closeAt('2027-03-11')).toBe(Date.parse('2027-03-11T17:30:00Z'));
    expect(changed.closeAt('2026-11-27')).toBe(Date.parse('2026-11-27T21:00:00Z'));
    expect(changed.closeAt('2027-03-15')).toBe(Date.parse('2027-03-15T20:00:00Z'));
    const others = (all: Session[]) =>
      all.filter((s) => !['2027-03-10', '2027-03-13', '2025-01-09'].includes(s));
    expect(others(between(changed.first, changed.last))).toEqual(others(sessions));
  });

  test('closes by the clock of the day on the Sundays the clocks change', () => {
    const { closeAt } = newYorkCalendar({ open: ['2027-03-14', '2027-11-07'] });
    expect(closeAt('2027-03-14')).toBe(Date.parse('2027-03-14T20:00:00Z'));
    expect(closeAt('2027-11-07')).toBe(Date.parse('2027-11-07T21:00:00Z'));
  });

  test('may repeat what the rules already say', () => {
    const repeated = newYorkCalendar({ closed: ['2024-12-25', '2024-12-28'], open: ['2024-12-26'] });
    expect(repeated.sessions(oracle.first, oracle.last)).toEqual(sessions);
  });

  test.each([
    [{ closed: ['2027-02-30'] }, /closed: 2027-02-30 is not a date from 1990-01-01/],
    [{ open: ['2041-01-02'] }, /open: 2041-01-02 is not a date/],
    [{ open: ['2027-03-13'], closed: ['2027-03-13'] }, /2027-03-13 is both closed and open/],
    [{ earlyCloses: { '2027-03-13': '13:00' } }, /2027-03-13 is not a session/],
    [{ earlyCloses: { '2027-03-12': '1pm' } }, /closes at "1pm", expected HH:MM/],
    [{ earlyCloses: { '2027-03-12': '16:30' } }, /expected HH:MM from 09:31 to 16:00/],
  ])('refuse %j', (overrides, message) => {
    expect(() => newYorkCalendar(overrides)).toThrow(message);
  });
});
