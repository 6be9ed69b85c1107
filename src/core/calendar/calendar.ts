import { isIsoDate, type Session } from './session.ts';

/** The trading days of one exchange and when each of them closes. */
export type Calendar = {
  readonly name: string;
  /** First and last dates the rules are known for; a question outside them is an error, never a guess. */
  readonly first: Session;
  readonly last: Session;
  /** Sessions in a year, as is usual for this market: what daily figures are annualised by. */
  readonly sessionsPerYear: number;
  isSession(date: Session): boolean;
  /** Sessions from `from` to `to`, both included, ascending. */
  sessions(from: Session, to: Session): Session[];
  /** The first session after `date`, which need not be a session. */
  next(date: Session): Session;
  /** The last session before `date`, which need not be a session. */
  previous(date: Session): Session;
  /** The instant, epoch milliseconds, at which `session` closes (early closes included). */
  closeAt(session: Session): number;
};

/** What a calendar is made of: its sessions, ascending, and a pure rule for the close of each. */
export type SessionTable = {
  readonly name: string;
  readonly first: Session;
  readonly last: Session;
  readonly sessionsPerYear: number;
  readonly sessions: readonly Session[];
  readonly closeAt: (session: Session) => number;
};

/** A calendar over a table of sessions; every look-up is a binary search. */
export function calendarFromTable(table: SessionTable): Calendar {
  const { name, first, last, sessionsPerYear, sessions } = table;

  /** How many sessions lie before `date`. */
  const position = (date: Session): number => {
    if (!isIsoDate(date)) throw new RangeError(`${date} is not a date: expected YYYY-MM-DD`);
    if (date < first || date > last)
      throw new RangeError(`the ${name} calendar knows ${first} to ${last}; ${date} lies outside`);
    let low = 0;
    let high = sessions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sessions[middle]! < date) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const isSession = (date: Session): boolean => sessions[position(date)] === date;
  const sessionAt = (index: number, date: Session, side: string): Session => {
    const session = sessions[index];
    if (session === undefined)
      throw new RangeError(
        `the ${name} calendar knows ${first} to ${last}: no session ${side} ${date} in it`,
      );
    return session;
  };

  return {
    name,
    first,
    last,
    sessionsPerYear,
    isSession,
    sessions: (from, to) => sessions.slice(position(from), position(to) + (isSession(to) ? 1 : 0)),
    next: (date) => sessionAt(position(date) + (isSession(date) ? 1 : 0), date, 'after'),
    previous: (date) => sessionAt(position(date) - 1, date, 'before'),
    closeAt: (session) => {
      if (!isSession(session)) throw new RangeError(`${session} is not a session of the ${name} calendar`);
      return table.closeAt(session);
    },
  };
}
