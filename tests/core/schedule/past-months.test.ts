import { expect, test } from 'vitest';
import { calendarByName } from '../../../src/core/calendar/calendars.ts';
import { pastMonths } from '../../../src/core/schedule/past-months.ts';
import { dueSlots } from '../../../src/core/schedule/plan.ts';
import { samplePlan } from './samples.ts';

const plan = { ...samplePlan(), calendar: calendarByName('XNYS'), inception: '2024-01-02' };
const at = (instant: string) => pastMonths(plan, Date.parse(instant));

test('a portfolio started at its inception, or before a month has ended, has lost none', () => {
  for (const instant of ['1970-01-01T00:00:00Z', '2024-01-02T12:00:00Z', '2024-01-30T12:00:00Z'])
    expect(at(instant)).toEqual([]);
});

test('a month whose decision may still be made late is not past deciding', () => {
  expect(at('2024-01-31T23:00:00Z')).toEqual([]);
  expect(at('2024-02-05T23:00:00Z')).toEqual([]); // three sessions late
  expect(at('2024-02-06T23:00:00Z')).toEqual(['2024-01-31']);
});

test('what is past deciding is exactly what no slot is planned for', () => {
  for (let day = 0; day < 200; day += 1) {
    const now = Date.parse('2024-01-05T23:00:00Z') + day * 86_400_000;
    const ends = ['2024-01-31', '2024-02-29', '2024-03-28', '2024-04-30', '2024-05-31', '2024-06-28'];
    const over = ends.filter((end) => plan.calendar.closeAt(end) + plan.graceMinutes * 60_000 <= now);
    const planned = dueSlots(plan, null, now).filter(({ task }) => task === 'rebalance').length;
    expect(pastMonths(plan, now)).toEqual(over.slice(0, over.length - planned));
  }
});
