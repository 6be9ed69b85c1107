import { readBars } from '../adapters/postgres/bar-rows.ts';
import { quoteCurrencies } from '../adapters/postgres/currency-rows.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import { addDays, type Session } from '../core/calendar/session.ts';
import { CurrencyError, checkConvertible, closesIn, settledCurrencies } from '../core/market/currency.ts';
import { type Portfolio, pricedSymbols } from './portfolio.ts';
import { NotReadyError } from './task.ts';

/** Calendar days before a close within which its rate is looked for. */
const rateDaysMax = 14;

/**
 * Throws a NotReadyError that names symbols, currencies and what to configure, where the portfolio's stored prices are in
 * currencies that cannot be converted into its own: it decides nothing from a mixture.
 */
export async function assertConvertible(sql: Sql, portfolio: Portfolio): Promise<void> {
  const found = await quoteCurrencies(sql, portfolio.sourceName, pricedSymbols(portfolio));
  try {
    checkConvertible(portfolio, settledCurrencies(found));
  } catch (error) {
    throw error instanceof CurrencyError ? new NotReadyError(error.message) : error;
  }
}

/**
 * The newest close of each of the policy's symbols among sessions `from`..`to`, in the portfolio's currency, as known at
 * `vintage` (null: now). Throws a CurrencyError where one cannot be converted.
 */
export async function readCloses(
  sql: Sql,
  portfolio: Portfolio,
  { from, to, vintage }: { from: Session; to: Session; vintage: string | null },
): Promise<Map<string, { session: Session; close: number }>> {
  const { policy, sourceName: source } = portfolio;
  const symbols = pricedSymbols(portfolio);
  const bars = await readBars(sql, { source, symbols, from: addDays(from, -rateDaysMax), to, vintage });
  const rates = new Set(Object.values(portfolio.fx).map(({ symbol }) => symbol));
  const wanted = bars.filter(({ symbol, session }) => session >= from || rates.has(symbol));
  return new Map(
    [...closesIn(portfolio, policy.symbols, wanted)].filter(([, { session }]) => session >= from),
  );
}
