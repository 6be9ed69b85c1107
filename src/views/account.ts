import type { Session } from '../core/calendar/session.ts';

/** Money with its currency. */
export type Worth = { amount: number; currency: string };

/**
 * Sessions from the inception on without an investment, because the portfolio was first started later: `monthEnds` of them
 * were past deciding then. `to` is the first decision's session, or the newest valued one before it is made.
 */
export type Uninvested = { from: Session; to: Session; monthEnds: number };
