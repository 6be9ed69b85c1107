import { type Calendar, calendarFromTable } from './calendar.ts';
import { dayMs, minuteMs } from './milliseconds.ts';
import { isIsoDate, type Session } from './session.ts';

/** Corrections to a calendar by its user, e.g. a day of mourning proclaimed after this version was made. */
export type CalendarOverrides = {
  /** dates without trading */
  closed?: readonly Session[];
  /** dates with trading although the rules say none */
  open?: readonly Session[];
  /** session -> local time of its close, `HH:MM` */
  earlyCloses?: Readonly<Record<Session, string>>;
};

/** The exchange's sessions in a year, as the trade counts them. */
export const newYorkSessionsPerYear = 252;

const first: Session = '1990-01-01';
const last: Session = '2040-12-31';
const regularClose = '16:00';

/** Closures no rule foresees. */
const adHocClosures: readonly Session[] = [
  '1994-04-27', // funeral of Richard Nixon
  ...['2001-09-11', '2001-09-12', '2001-09-13', '2001-09-14'], // attack on New York
  '2004-06-11', // funeral of Ronald Reagan
  '2007-01-02', // mourning for Gerald Ford
  ...['2012-10-29', '2012-10-30'], // hurricane Sandy
  '2018-12-05', // mourning for George H. W. Bush
  '2025-01-09', // mourning for Jimmy Carter
];

/**
 * Early closes no rule foresees, as announced beforehand. Halts of the day itself (snow 1994-02-11 and
 * 1996-01-08, circuit breaker 1997-10-27, a failed data line 2005-06-01) keep their scheduled close.
 */
const adHocEarlyCloses: Readonly<Record<Session, string>> = {
  '1996-07-05': '13:00',
  '1997-12-26': '13:00',
  '1999-12-31': '13:00',
  '2002-07-05': '13:00',
  '2003-12-26': '13:00',
};

/** Days since 1970-01-01 of a date of the proleptic Gregorian calendar; month 1 to 12. */
const epochDay = (year: number, month: number, day: number): number => Date.UTC(year, month - 1, day) / dayMs;
const isoDate = (day: number): Session => new Date(day * dayMs).toISOString().slice(0, 10);
/** 0 Sunday to 6 Saturday (1970-01-01 was a Thursday). */
const weekday = (day: number): number => (((day + 4) % 7) + 7) % 7;
const [sunday, monday, thursday, friday, saturday] = [0, 1, 4, 5, 6] as const;

/** The n-th given weekday of a month. */
function nthWeekday(year: number, month: number, day: number, n: number): number {
  const start = epochDay(year, month, 1);
  return start + ((day - weekday(start) + 7) % 7) + 7 * (n - 1);
}

/** The last given weekday of a month. */
function lastWeekday(year: number, month: number, day: number): number {
  const end = epochDay(year, month + 1, 0);
  return end - ((weekday(end) - day + 7) % 7);
}

/** Easter Sunday, in days since 1970-01-01: the Sunday after the paschal full moon; valid 1900 to 2099. */
export function easterDay(year: number): number {
  const moonAge = (19 * (year % 19) + 24) % 30;
  // two corrections keep the paschal moon out of 19 April and, late in the cycle, out of 18 April
  const late = moonAge === 29 || (moonAge === 28 && year % 19 > 10) ? 1 : 0;
  const fullMoon = epochDay(year, 3, 21) + moonAge - late;
  return fullMoon + 7 - weekday(fullMoon);
}

/** A fixed-date holiday is kept on Friday when it falls on Saturday, on Monday when on Sunday. */
function observed(day: number): number {
  if (weekday(day) === saturday) return day - 1;
  return weekday(day) === sunday ? day + 1 : day;
}

/** The exchange's regular holidays of a year (NYSE Rule 7.2 and its forerunner, Rule 51). */
function holidays(year: number): number[] {
  const newYear = epochDay(year, 1, 1);
  return [
    // never moved back to Friday: that would close the last day of the accounting year
    weekday(newYear) === saturday ? newYear : observed(newYear),
    ...(year >= 1998 ? [nthWeekday(year, 1, monday, 3)] : []), // Martin Luther King, Jr. Day
    nthWeekday(year, 2, monday, 3), // Washington's Birthday
    easterDay(year) - 2, // Good Friday
    lastWeekday(year, 5, monday), // Memorial Day
    ...(year >= 2022 ? [observed(epochDay(year, 6, 19))] : []), // Juneteenth
    observed(epochDay(year, 7, 4)), // Independence Day
    nthWeekday(year, 9, monday, 1), // Labor Day
    nthWeekday(year, 11, thursday, 4), // Thanksgiving
    observed(epochDay(year, 12, 25)), // Christmas
  ];
}

/** Regular early closes of a year; one that falls on a closed day has no effect. */
function earlyCloses(year: number): [day: number, time: string][] {
  const time = year >= 1993 ? '13:00' : '14:00';
  const closes: [number, string][] = [[epochDay(year, 12, 24), time]];
  if (year >= 1992) closes.push([nthWeekday(year, 11, thursday, 4) + 1, time]);
  const julyThird = epochDay(year, 7, 3);
  // until 2012 a Thursday holiday shortened the Friday after it, by announcement, instead of the Wednesday before
  const wednesday = weekday(julyThird) === 3;
  if (year >= 1995 && weekday(julyThird) !== friday && (!wednesday || year >= 2013))
    closes.push([julyThird, time]);
  return closes;
}

/** True where New York keeps summer time at noon: April to October until 2006, March to November since 2007. */
function isSummerTime(day: number): boolean {
  const year = new Date(day * dayMs).getUTCFullYear();
  const [start, end] =
    year >= 2007
      ? [nthWeekday(year, 3, sunday, 2), nthWeekday(year, 11, sunday, 1)]
      : [nthWeekday(year, 4, sunday, 1), lastWeekday(year, 10, sunday)];
  return day >= start && day < end;
}

/**
 * The New York Stock Exchange, 1990 to 2040: its rules, the closures and early closes no rule foresees, and the
 * caller's overrides. Throws a RangeError that names an override which contradicts itself or cannot be.
 */
export function newYorkCalendar(overrides: CalendarOverrides = {}): Calendar {
  const closed = new Set<Session>(adHocClosures);
  const closes = new Map<Session, string>();
  for (let year = Number(first.slice(0, 4)); year <= Number(last.slice(0, 4)); year += 1) {
    for (const day of holidays(year)) closed.add(isoDate(day));
    for (const [day, time] of earlyCloses(year)) closes.set(isoDate(day), time);
  }
  for (const [session, time] of Object.entries(adHocEarlyCloses)) closes.set(session, time);
  for (const date of overrides.closed ?? []) closed.add(date);
  for (const date of overrides.open ?? []) closed.delete(date);
  for (const [session, time] of Object.entries(overrides.earlyCloses ?? {})) closes.set(session, time);

  const opened = new Set(overrides.open);
  const sessions: Session[] = [];
  for (let day = Date.parse(first) / dayMs; day <= Date.parse(last) / dayMs; day += 1) {
    const date = isoDate(day);
    const isWeekday = weekday(day) !== saturday && weekday(day) !== sunday;
    if (opened.has(date) || (isWeekday && !closed.has(date))) sessions.push(date);
  }
  const calendar = calendarFromTable({
    name: 'XNYS',
    first,
    last,
    sessionsPerYear: newYorkSessionsPerYear,
    sessions,
    closeAt: (session) => closeMs(session, closes),
  });
  checkOverrides(overrides, calendar);
  return calendar;
}

function closeMs(session: Session, closes: ReadonlyMap<Session, string>): number {
  const [hours, minutes] = (closes.get(session) ?? regularClose).split(':').map(Number) as [number, number];
  const midnight = Date.parse(`${session}T00:00:00Z`);
  const behindUtcHours = isSummerTime(midnight / dayMs) ? 4 : 5;
  return midnight + ((hours + behindUtcHours) * 60 + minutes) * minuteMs;
}

function checkOverrides(overrides: CalendarOverrides, calendar: Calendar): void {
  const { closed = [], open = [], earlyCloses = {} } = overrides;
  for (const [list, dates] of Object.entries({ closed, open, earlyCloses: Object.keys(earlyCloses) }))
    for (const date of dates)
      if (!isIsoDate(date) || date < first || date > last)
        throw new RangeError(`calendar override ${list}: ${date} is not a date from ${first} to ${last}`);
  const both = open.find((date) => closed.includes(date));
  if (both) throw new RangeError(`calendar overrides: ${both} is both closed and open; keep one`);
  for (const [session, time] of Object.entries(earlyCloses)) {
    if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(time) || time <= '09:30' || time > regularClose)
      throw new RangeError(
        `calendar override earlyCloses: ${session} closes at "${time}", expected HH:MM from 09:31 to ${regularClose}`,
      );
    if (!calendar.isSession(session))
      throw new RangeError(
        `calendar override earlyCloses: ${session} is not a session, so it cannot close early`,
      );
  }
}
