import { isIsoDate, type Session } from '../../../core/calendar/session.ts';

/** Which of two numbers before a year is the day. */
export type DayOrder = 'day-first' | 'month-first';

/** A date, or why a text is none that can be told. */
export type ReadDate = { session: Session } | { wrong: string | null };

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const monthNames =
  'january february march april may june july august september october november december'.split(' ');

/** A date may carry a time behind a space or a T. */
const withTime = /^(.*?)(?:T|[T ,] *)(\d{1,2}:\d{2}.*)$/;
const numbered = /^(\d{1,2})([/-])(\d{1,2})\2(\d{4})$/;

/** True for a text written as some date, whether or not its day can be told from its month. */
export function looksLikeDate(text: string): boolean {
  const day = withTime.exec(text)?.[1] ?? text;
  return numbered.test(day) || partsOf(day, 'day-first') !== null;
}

/** What one cell tells of the order of day and month; `either` where both are possible, null where no order is needed. */
export function dayOrderHint(text: string): DayOrder | 'either' | null {
  const found = numbered.exec(withTime.exec(text)?.[1] ?? text);
  if (!found) return null;
  const [first, second] = [Number(found[1]), Number(found[3])];
  if (first > 12 && second <= 12) return 'day-first';
  if (second > 12 && first <= 12) return 'month-first';
  return 'either';
}

/**
 * The exchange's date a cell tells. A time of day does not change it where it is midnight, or where its zone is the
 * exchange's; an instant that is of one date there and of another in UTC is none.
 */
export function readDate(text: string, order: DayOrder | null): ReadDate {
  if (isIsoDate(text) && isPlausible(text)) return { session: text };
  const [, day = text, time] = withTime.exec(text) ?? [];
  const parts = partsOf(day, order);
  if (!parts) return { wrong: whyNoDate(day) };
  const session = parts.map((part, i) => `${part}`.padStart(i === 0 ? 4 : 2, '0')).join('-');
  if (!isIsoDate(session) || !isPlausible(session)) return { wrong: whyNoSuchDay(day, order) };
  if (time === undefined) return { session };
  const wrong = whyNotOfThatDay(session, time);
  return wrong === null ? { session } : { wrong };
}

/** No exchange had a session before; no file has one far ahead. */
const isPlausible = (session: Session) => session > '1800' && session < '2200';

/** Year, month and day; null where the text is no date, or `order` is needed and not known. */
function partsOf(day: string, order: DayOrder | null): [number, number, number] | null {
  let found = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})$/.exec(day);
  if (found) return [Number(found[1]), Number(found[3]), Number(found[4])];
  found = /^(\d{4})(\d{2})(\d{2})$/.exec(day);
  if (found) return [Number(found[1]), Number(found[2]), Number(found[3])];
  found = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(day);
  if (found) return [Number(found[3]), Number(found[2]), Number(found[1])];
  found = numbered.exec(day);
  if (found && order === 'day-first') return [Number(found[4]), Number(found[3]), Number(found[1])];
  if (found && order === 'month-first') return [Number(found[4]), Number(found[1]), Number(found[3])];
  found = /^(\d{1,2})[- ]([a-z]{3,9})\.?[- ](\d{4})$/i.exec(day);
  if (found) return named(found[3]!, found[2]!, found[1]!);
  found = /^([a-z]{3,9})\.?[- ](\d{1,2})(?:, ?|[- ])(\d{4})$/i.exec(day);
  return found ? named(found[3]!, found[1]!, found[2]!) : null;
}

function named(year: string, name: string, day: string): [number, number, number] | null {
  const lower = name.toLowerCase();
  const month = Math.max(months.indexOf(lower), monthNames.indexOf(lower));
  return month < 0 && lower !== 'sept' ? null : [Number(year), lower === 'sept' ? 9 : month + 1, Number(day)];
}

function whyNoSuchDay(day: string, order: DayOrder | null): string | null {
  if (!numbered.test(day) || order === null) return null;
  return `other dates of the file have the ${order === 'day-first' ? 'day' : 'month'} first`;
}

function whyNoDate(day: string): string | null {
  if (/^\d{1,6}(\.\d+)?$/.test(day))
    return 'a number such as Excel counts days by; format the column as a date before it is saved as CSV';
  if (/^\d{9,19}$/.test(day)) return 'an instant as computers count it; write the date of the exchange';
  if (/^\d{1,2}([/.-])\d{1,2}\1\d{2}$/.test(day) || /^\d{1,2}[- ][a-z]{3,9}[- ]\d{2}$/i.test(day))
    return 'the year needs four digits';
  return null;
}

const timePattern =
  /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([ap]m)?\s*(z|utc|gmt|[+-]\d{2}(?::?\d{2})?)?$/i;
const minutesPerDay = 1440;

/** Null where the session of an instant is the date it was written with. */
function whyNotOfThatDay(session: Session, time: string): string | null {
  const found = timePattern.exec(time);
  if (!found) return 'its time of day or its zone cannot be told';
  const [, hours, minutesPast, seconds = '0', half, zone] = found;
  let hour = Number(hours);
  if (half) hour = (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
  const minute = Number(minutesPast);
  if (hour > 23 || minute > 59 || Number(seconds) > 59) return 'its time of day or its zone cannot be told';
  const atMinute = hour * 60 + minute;
  if (atMinute === 0 && Number(seconds) === 0) return null;
  // In another zone than the exchange's, Monday's midnight is an hour of Sunday.
  const isSunday = new Date(`${session}T00:00:00Z`).getUTCDay() === 0;
  if (isSunday) return 'an hour of a Sunday may belong to Monday at the exchange; write the date there';
  if (zone === undefined) return null;
  const offset = offsetMinutes(zone);
  if (offset === 0)
    return hour < 12 ? null : 'in UTC it may belong to the next day at the exchange; write the date there';
  const inUtc = atMinute - offset;
  return inUtc >= 0 && inUtc < minutesPerDay
    ? null
    : 'it is of another date in UTC, and which one is the session is not said; write the date at the exchange';
}

function offsetMinutes(zone: string): number {
  const found = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone);
  if (!found) return 0;
  return (found[1] === '-' ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3] ?? 0));
}
