import type { Session } from '../core/calendar/session.ts';
import type { Decision } from '../core/policy/decision.ts';
import type { DrawdownState } from '../core/portfolio/drawdown.ts';
import type { Uninvested } from './account.ts';

export const letterStates = ['pending', 'sending', 'sent', 'ambiguous', 'refused'] as const;
/** Where a letter is: `ambiguous` may or may not have arrived and is never repeated by itself. */
export type LetterState = (typeof letterStates)[number];

/** All a letter says. It is rendered from this alone: the same content gives the same letter. */
export type LetterContent = {
  decision: Decision;
  /** the session at whose close the trades are to be filled */
  fillSession: Session;
  performance: {
    navNet: number;
    navGross: number;
    /** since the decision before this one; null on the first */
    returnNetSinceLast: number | null;
    returnNetSinceInception: number;
    inception: Session;
    /** the largest loss of net NAV from a mark since inception; its sign does not matter */
    maximumDrawdown: number;
  };
  costs: {
    /** costs charged since inception, as a ratio of net asset value */
    chargedSinceInceptionRatio: number;
    turnoverTwoWaySinceInception: number;
  };
  currency: string;
  /** what the account is worth at the decision's close, in `currency`; null where not known, and no amounts are then given */
  worth: number | null;
  /** session of the newest holdings a broker told; null: they are simulated from the configured value */
  importedOn: Session | null;
  /** what prices that came otherwise have changed since the decision before, in the order it was found */
  restatements: {
    fromSession: Session;
    /** of net asset value, in basis points */
    effectBps: number;
    stateBefore: DrawdownState;
    stateAfter: DrawdownState;
    reason: string;
  }[];
  /** in the first letters of a portfolio that was started after its inception; null otherwise */
  uninvested: Uninvested | null;
  model: {
    id: string;
    backend: string;
    backendVersion: string;
    /** the last session of the training window */
    trainedOn: Session;
    /** the last session at which decisions may use it; null beyond what the calendar knows */
    expiresAfter: Session | null;
  } | null;
  /** true when the decision came after its planned time */
  late: boolean;
  statusUrl: string | null;
};
