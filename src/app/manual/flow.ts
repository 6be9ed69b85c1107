import {
  lockAccount,
  readAccount,
  saveFlow,
  saveToldHoldings,
} from '../../adapters/postgres/account-rows.ts';
import type { Database } from '../../adapters/postgres/database.ts';
import { cashSymbol } from '../../adapters/postgres/valuation-rows.ts';
import { afterFlow, worthAt } from '../../core/accounting/account.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { Holdings } from '../../core/portfolio/holdings.ts';
import { effectivePortfolio } from '../../tasks/effective.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import { UserError } from '../user-error.ts';
import { undecidedValuation } from './undecided-valuation.ts';

/** A deposit (`amount` above 0) or a withdrawal, in the portfolio's currency. */
export type Flow = { amount: number; note: string | null };

/** What a flow has left: the account's worth after it, and where it counts from. */
export type Flowed = { session: Session; worth: number };

/**
 * Records money that came or went at the close of the newest valued session: worth and weights follow from there on,
 * NAV does not move. Throws a UserError where that session is decided already, or more is withdrawn than is there.
 * `now` in epoch milliseconds.
 */
export async function recordFlow(
  database: Database,
  configured: Portfolio,
  { amount, note }: Flow,
  now: number,
): Promise<Flowed> {
  const { id } = configured;
  return database.transaction(async (sql) => {
    await lockAccount(sql, id);
    const portfolio = await effectivePortfolio(sql, configured, null);
    const { policy } = portfolio;
    const { session, navNet, live } = await undecidedValuation(sql, portfolio);
    const worth = worthAt(await readAccount(sql, portfolio), { session, navNet });
    const held = withFlow(portfolio, live, worth, amount);
    const lines = [...policy.symbols, cashSymbol].map((symbol, i) => ({
      symbol,
      weight: held.weights[i] ?? held.cash,
      quantity: null,
      price: null,
    }));
    const at = await saveToldHoldings(sql, id, session, 'flow', lines, now);
    const kind = amount > 0 ? 'deposit' : 'withdrawal';
    await saveFlow(sql, id, { session, amount, kind, note }, at);
    return { session, worth: worth + amount };
  });
}

function withFlow({ id, currency }: Portfolio, live: Holdings, worth: number, amount: number): Holdings {
  try {
    return afterFlow(live, worth, amount);
  } catch (error) {
    throw error instanceof RangeError ? new UserError(`${id} (${currency}): ${error.message}`) : error;
  }
}
