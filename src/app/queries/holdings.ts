import { importedOn, readAccount } from '../../adapters/postgres/account-rows.ts';
import type { Sql } from '../../adapters/postgres/database.ts';
import { cashSymbol, newestValuation } from '../../adapters/postgres/valuation-rows.ts';
import { worthAt } from '../../core/accounting/account.ts';
import type { Session } from '../../core/calendar/session.ts';
import { effectivePortfolio } from '../../tasks/effective.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import { UserError } from '../user-error.ts';

export { cashSymbol } from '../../adapters/postgres/valuation-rows.ts';

/** What is held at the close of `session`; weights are ratios of net asset value, cash last. */
export type HeldAnswer = {
  portfolio: string;
  session: Session;
  /** session of the newest holdings a broker told; null: they are simulated from the configured value */
  importedOn: Session | null;
  /** what the account is worth, in `currency` */
  worth: number;
  currency: string;
  holdings: { symbol: string; weight: number }[];
};

/** What a portfolio held at its newest valuation, imported holdings included. Throws a UserError before the first. */
export async function readHoldings(sql: Sql, configured: Portfolio): Promise<HeldAnswer> {
  const portfolio = await effectivePortfolio(sql, configured, null);
  const { id, policy, currency } = portfolio;
  const { symbols } = policy;
  const valuation = await newestValuation(sql, id, null, symbols);
  if (!valuation)
    throw new UserError(
      `${id} has not been valued yet, so nothing is held; run \`npm start\` or \`npm run demo\` first`,
    );
  const { session, live } = valuation;
  const held = symbols.map((symbol, i) => ({ symbol, weight: live.weights[i]! }));
  return {
    portfolio: id,
    session,
    importedOn: await importedOn(sql, id, session),
    worth: worthAt(await readAccount(sql, portfolio), valuation),
    currency,
    holdings: [...held, { symbol: cashSymbol, weight: live.cash }],
  };
}
