import { newestDecision } from '../../adapters/postgres/decision-rows.ts';
import { newestValuation } from '../../adapters/postgres/valuation-rows.ts';
import { type OrderSheet, ordersFor } from '../../core/accounting/orders.ts';
import { addDays, type Session } from '../../core/calendar/session.ts';
import { readCloses } from '../../tasks/currencies.ts';
import type { PortfolioConfig } from '../config/schema.ts';
import type { Context } from '../context.ts';
import { UserError } from '../user-error.ts';

export type { OrderSheet } from '../../core/accounting/orders.ts';

/** Calendar days looked back for a close, so that an old one is named rather than missing. */
const lookBackDays = 30;

/**
 * The orders that carry out the decision in force at `asOf` (null: the newest), at that decision's own closes.
 * `value` is the account's worth in the portfolio's currency; null takes the configured value times net asset value.
 * Throws a UserError where nothing was decided, or a close is missing or stale.
 */
export async function readOrders(
  { database, ...context }: Pick<Context, 'database' | 'portfolio'>,
  { id, orders }: Pick<PortfolioConfig, 'id' | 'orders'>,
  { asOf, value }: { asOf: Session | null; value: number | null },
): Promise<OrderSheet> {
  const portfolio = context.portfolio(id);
  const { symbols } = portfolio.policy;
  const found = await newestDecision(database, id, asOf);
  if (!found) throw new UserError(`${id} has no decision yet; expected one made by the daemon or the demo`);
  const { decision } = found;
  const to = decision.asOf;
  const valuation = await newestValuation(database, id, to, symbols);
  const worth = value ?? portfolio.portfolioValue * valuation!.navNet;
  const window = { from: addDays(to, -lookBackDays), to, vintage: decision.inputs.vintage };
  try {
    const prices = await readCloses(database, portfolio, window);
    return ordersFor(decision, prices, worth, portfolio.plan.calendar.next(to), orders);
  } catch (error) {
    throw error instanceof RangeError ? new UserError(error.message) : error;
  }
}
