import { expect, test } from 'vitest';
import { type DayOrder, readDate } from '../../../../src/adapters/prices/csv/dates.ts';

test.each<[string, DayOrder | null]>([
  ['2024-02-06', null],
  ['2024/2/6', null],
  ['2024.02.06', null],
  ['20240206', null],
  ['06.02.2024', null],
  ['6.2.2024 00:00', null],
  ['06-Feb-2024', null],
  ['6 February 2024', null],
  ['Feb 6, 2024', null],
  ['2/6/2024', 'month-first'],
  ['06/02/2024', 'day-first'],
  ['06-02-2024', 'day-first'],
  ['2/6/2024 4:00:00 PM', 'month-first'],
  ['2024-02-06T00:00:00+09:00', null],
  ['2024-02-06 00:00:00-05:00', null],
  ['2024-02-06T16:00:00-05:00', null],
  ['2024-02-06 05:00:00+00:00', null],
  ['2024-02-06 16:00:00', null],
])('%s is 6 February 2024', (text, order) => {
  expect(readDate(text, order)).toEqual({ session: '2024-02-06' });
});

test.each<[string, DayOrder | null, RegExp | null]>([
  ['2/6/2024', null, null],
  ['2024-02-30', null, null],
  ['13/02/2024', 'month-first', /other dates of the file have the month first/],
  ['12.31.2024', null, null],
  ['31/12/24', 'day-first', /the year needs four digits/],
  ['06-Feb-24', null, /the year needs four digits/],
  ['45328', null, /Excel counts days by/],
  ['1707177600', null, /an instant as computers count it/],
  ['2024-02-05T20:00:00-05:00', null, /of another date in UTC/],
  ['2024-02-06T06:00:00+09:00', null, /of another date in UTC/],
  ['2024-02-05T15:00:00Z', null, /in UTC it may belong to the next day/],
  ['2024-02-04 23:00:00', null, /an hour of a Sunday/],
  ['2024-02-06 25:00:00', null, /its time of day or its zone cannot be told/],
  ['0024-02-06', null, null],
  ['2024-02-06 16:00:00 EST', null, /its time of day or its zone cannot be told/],
  ['null', null, null],
  ['', null, null],
])('%s is refused', (text, order, why) => {
  const { wrong } = readDate(text, order) as { wrong: string | null };
  if (why === null) expect(wrong).toBeNull();
  else expect(wrong).toMatch(why);
});
