import { type Calendar, calendarFromTable } from './calendar.ts';
import { addDays, type Session } from './session.ts';

/** Sessions in a year of a market that never closes; the leap day is left out. */
export const alwaysOpenSessionsPerYear = 365;

/** A market that never closes (crypto): every date is a session, final at 00:00 UTC of the next date. */
export function alwaysOpenCalendar(): Calendar {
  const first = '1990-01-01';
  const last = '2040-12-31';
  const sessions: Session[] = [];
  for (let date = first; date <= last; date = addDays(date, 1)) sessions.push(date);
  const closeAt = (session: Session): number => Date.parse(`${addDays(session, 1)}T00:00:00Z`);
  return calendarFromTable({
    name: '24/7',
    first,
    last,
    sessionsPerYear: alwaysOpenSessionsPerYear,
    sessions,
    closeAt,
  });
}
