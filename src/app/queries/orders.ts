import { importedOn, readAccount, readHeldShares } from '../../adapters/postgres/account-rows.ts';
import { newestDecision } from '../../adapters/postgres/decision-rows.ts';
import { newestValuation } from '../../adapters/postgres/valuation-rows.ts';
import { worthAt } from '../../core/accounting/account.ts';
import {
  type HeldAssets,
  type OrderSheet,
  ordersFor,
  type WeightTrade,
  weightTrades,
} from '../../core/accounting/orders.ts';
import { addDays, type Session } from '../../core/calendar/session.ts';
import type { Decision } from '../../core/policy/decision.ts';
import { effectivePortfolio, withSymbols } from '../../tasks/effective.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import type { PortfolioConfig } from '../config/schema.ts';
import type { Context } from '../context.ts';
import { UserError } from '../user-error.ts';
import { type TradedPrices, type TradedPricesContext, tradedPrices } from './traded-prices.ts';

/** Calendar days looked back for a close, so that an old one is named rather than missing. */
const lookBackDays = 30;

/** What is asked: the decision in force at `asOf` (null: the newest) at `now`, and for whom; null: the account as it is known. */
export type OrdersQuestion = { asOf: Session | null; value: number | null; now: number };

/** What holds of a decision's orders however they are told. */
export type OrdersAbout = {
  /** session of the newest holdings a broker told; null: they are simulated from the configured value */
  importedOn: Session | null;
  /** true once the close they were to be filled at has passed: they are history */
  isFillPast: boolean;
};

export type OrdersAnswer = OrderSheet & OrdersAbout;
export type WeightsAnswer = Pick<OrderSheet, 'portfolio' | 'decidedAt' | 'executeFrom' | 'netAssetValue'> &
  OrdersAbout & { trades: WeightTrade[] };

type OrdersContext = TradedPricesContext & Pick<Context, 'portfolio'>;

/**
 * The orders that carry out a decision, at that decision's own traded closes and for what the account was worth then.
 * Throws a UserError where nothing was decided, closes are not traded ones, or one is missing or stale.
 */
export async function readOrders(
  context: OrdersContext,
  { id, orders }: Pick<PortfolioConfig, 'id' | 'orders'>,
  question: OrdersQuestion,
): Promise<OrdersAnswer> {
  const configured = context.portfolio(id);
  const { decision, worth, about } = await decided(context, configured, question);
  const { asOf, inputs, lines } = decision;
  // What is sold may have left the configuration.
  const portfolio = withSymbols(
    configured,
    lines.map(({ symbol }) => symbol),
  );
  const told = await readHeldShares(context.database, id, asOf);
  const lookBack = addDays(asOf, -lookBackDays);
  const { closes, splits } = await tradedPrices(context, portfolio, {
    from: told && told.session < lookBack ? told.session : lookBack,
    to: asOf,
    vintage: inputs.vintage,
    now: question.now,
  });
  const there = told && { shares: afterSplits(told, splits), cash: decision.cash.held * worth };
  const executeFrom = portfolio.plan.calendar.next(asOf);
  const size = question.value ?? worth;
  try {
    return { ...ordersFor(decision, closes, size, executeFrom, orders, there), ...about };
  } catch (error) {
    throw error instanceof RangeError ? new UserError(error.message) : error;
  }
}

/** The same as weights and money alone, which need no price. */
export async function readWeightOrders(
  context: OrdersContext,
  { id }: Pick<PortfolioConfig, 'id'>,
  question: OrdersQuestion,
): Promise<WeightsAnswer> {
  const portfolio = context.portfolio(id);
  const { decision, worth, about } = await decided(context, portfolio, question);
  const netAssetValue = question.value ?? worth;
  return {
    portfolio: id,
    decidedAt: decision.asOf,
    executeFrom: portfolio.plan.calendar.next(decision.asOf),
    netAssetValue,
    trades: weightTrades(decision, netAssetValue),
    ...about,
  };
}

async function decided(
  { database }: OrdersContext,
  portfolio: Portfolio,
  { asOf, now }: OrdersQuestion,
): Promise<{ decision: Decision; worth: number; about: OrdersAbout }> {
  const { id, plan } = portfolio;
  const found = await newestDecision(database, id, asOf);
  if (!found) throw new UserError(`${id} has no decision yet; expected one made by the daemon or the demo`);
  const { decision } = found;
  const to = decision.asOf;
  const kept = decision.inputs.portfolioValue;
  const { policy } = await effectivePortfolio(database, portfolio, to);
  const valuation = kept === undefined ? await newestValuation(database, id, to, policy.symbols) : null;
  return {
    decision,
    worth: kept ?? worthAt(await readAccount(database, portfolio), valuation!),
    about: {
      importedOn: await importedOn(database, id, to),
      isFillPast: plan.calendar.closeAt(plan.calendar.next(to)) <= now,
    },
  };
}

/** Shares as told at `session`, multiplied by what was split since. */
function afterSplits(
  { session, shares }: { session: Session; shares: ReadonlyMap<string, number> },
  splits: TradedPrices['splits'],
): HeldAssets['shares'] {
  const now = new Map(shares);
  for (const split of splits)
    if (split.session > session) now.set(split.symbol, (now.get(split.symbol) ?? 0) * split.splitRatio);
  return now;
}
