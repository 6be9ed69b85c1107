import { alwaysOpenCalendar } from './always-open.ts';
import type { Calendar } from './calendar.ts';
import { type CalendarOverrides, newYorkCalendar } from './new-york.ts';

export const calendarNames = ['XNYS', '24/7'] as const;
export type CalendarName = (typeof calendarNames)[number];

/** The calendar of that name. Throws a RangeError on an unknown name, or on overrides of a market that never closes. */
export function calendarByName(name: CalendarName, overrides: CalendarOverrides = {}): Calendar {
  if (name === 'XNYS') return newYorkCalendar(overrides);
  if (name !== '24/7')
    throw new RangeError(`no calendar ${name}: expected one of ${calendarNames.join(', ')}`);
  const { closed = [], open = [], earlyCloses = {} } = overrides;
  if (closed.length + open.length + Object.keys(earlyCloses).length > 0)
    throw new RangeError('the 24/7 calendar takes no overrides: its market never closes');
  return alwaysOpenCalendar();
}
