import type { Session } from '../calendar/session.ts';
import type { Holdings } from '../portfolio/holdings.ts';

/** A sum of money known at a session's close, with net NAV there: NAV carries it to any other session. */
export type Carried = { session: Session; amount: number; navNet: number };

/**
 * What an account's worth is made of, in the portfolio's currency. `imports` are the worths that reports of quantities
 * said, ascending; `flows` are deposits (above 0) and withdrawals, `recordedAt` telling those of an import's own session
 * apart: what was recorded before an import is in it.
 */
export type Account = {
  /** configured worth at the portfolio's first session, where net NAV is 1 */
  portfolioValue: number;
  imports: readonly (Carried & { importedAt: string })[];
  flows: readonly (Carried & { recordedAt: string })[];
};

/**
 * What the account is worth at a session with this net NAV: the newest worth that was reported up to it, else the
 * configured one, and every flow since, each carried by NAV. Returns stay time-weighted: no flow moves NAV.
 */
export function worthAt(account: Account, { session, navNet }: { session: Session; navNet: number }): number {
  const known = account.imports.findLast((one) => one.session <= session);
  const base = known ? carriedTo(navNet, known) : account.portfolioValue * navNet;
  const later = account.flows.filter(
    (flow) =>
      flow.session <= session &&
      (!known ||
        flow.session > known.session ||
        (flow.session === known.session && flow.recordedAt > known.importedAt)),
  );
  return later.reduce((sum, flow) => sum + carriedTo(navNet, flow), base);
}

const carriedTo = (navNet: number, { amount, navNet: then }: Carried) => (amount * navNet) / then;

/**
 * Holdings of an account worth `worth` once `amount` of money has come (or, below 0, gone): no share is traded, so
 * every weight shrinks or grows alike and cash takes the rest. Throws a RangeError where nothing would be left.
 */
export function afterFlow(holdings: Holdings, worth: number, amount: number): Holdings {
  if (!(worth + amount > 0))
    throw new RangeError(
      `a withdrawal of ${-amount} leaves nothing of an account worth ${worth}; expected less than that`,
    );
  const share = worth / (worth + amount);
  const weights = holdings.weights.map((weight) => weight * share);
  return { weights, cash: 1 - weights.reduce((sum, weight) => sum + weight, 0) };
}
