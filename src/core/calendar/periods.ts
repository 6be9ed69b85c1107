import { alwaysOpenSessionsPerYear } from './always-open.ts';
import { dayMs } from './milliseconds.ts';
import { newYorkSessionsPerYear } from './new-york.ts';
import type { Session } from './session.ts';

const daysPerYear = 365.25;

/** Spacings, in days, that a frequency is known by; holidays and the unequal lengths of months stay inside. */
const frequencies = [
  { lower: 6, upper: 8, periodsPerYear: 52 },
  { lower: 27, upper: 32, periodsPerYear: 12 },
  { lower: 85, upper: 96, periodsPerYear: 4 },
];

/**
 * How many of a series' periods make a year, told from its dates (ascending, at least two; a RangeError otherwise).
 * The median spacing names the frequency, so that holidays and a few holes change nothing: days count as those of a
 * market that never closes where Saturdays and Sundays both have prices, and as New York's elsewhere; weeks, months and
 * quarters as 52, 12 and 4. Where the median names none (every second day, twice a month), it is the mean number of
 * periods in a year of these dates.
 */
export function periodsPerYearOf(dates: readonly Session[]): number {
  const days = dates.map((date) => Date.parse(`${date}T00:00:00Z`) / dayMs);
  const spacings = days.slice(1).map((day, i) => day - days[i]!);
  if (spacings.length === 0 || spacings.some((spacing) => !(spacing > 0)))
    throw new RangeError(
      `periods a year are told from at least two ascending dates, got ${dates.join(', ')}`,
    );
  const median = spacings.toSorted((a, b) => a - b)[(spacings.length - 1) >> 1]!;
  if (median === 1) return tradesAtWeekends(days) ? alwaysOpenSessionsPerYear : newYorkSessionsPerYear;
  const known = frequencies.find(({ lower, upper }) => median >= lower && median <= upper);
  return known ? known.periodsPerYear : (spacings.length * daysPerYear) / (days.at(-1)! - days[0]!);
}

/** A third of the weekends is enough, a stray one is not. Some exchanges trade on Sundays, but then not on Saturdays. */
function tradesAtWeekends(days: readonly number[]): boolean {
  const share = (weekday: number) => days.filter((day) => weekdayOf(day) === weekday).length / days.length;
  return Math.min(share(saturday), share(sunday)) >= 1 / 21;
}

const sunday = 0;
const saturday = 6;
/** 1970-01-01, day 0, was a Thursday. */
const weekdayOf = (day: number) => (day + 4) % 7;
