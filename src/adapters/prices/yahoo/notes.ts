import type { Session } from '../../../core/calendar/session.ts';
import type { BarNote } from '../../../core/market/adjustments.ts';

/** The symbol and sessions asked for; an answer may reach further. */
export type Asked = { symbol: string; from: Session; to: Session };

/** What is said of an answer beside its bars. */
export type Notes = {
  warnings: string[];
  doubts: BarNote[];
  /** Only of the sessions asked for: the lead-in was told before. */
  warn(session: Session, message: string): void;
  doubt(session: Session, kind: BarNote['kind'], reason: string): void;
};

export function notesOn({ symbol, from, to }: Asked): Notes {
  const warnings: string[] = [];
  const doubts: BarNote[] = [];
  const isAsked = (session: Session) => session >= from && session <= to;
  return {
    warnings,
    doubts,
    warn(session, message) {
      if (isAsked(session)) warnings.push(`${symbol}: ${message}`);
    },
    doubt(session, kind, reason) {
      if (isAsked(session)) doubts.push({ symbol, session, kind, reason });
    },
  };
}
