import type { Sql } from '../../adapters/postgres/database.ts';
import { cashSymbol, newestValuation } from '../../adapters/postgres/valuation-rows.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import { UserError } from '../user-error.ts';

export { cashSymbol } from '../../adapters/postgres/valuation-rows.ts';

/** What is held at the close of `session`; weights are ratios of net asset value, cash last. */
export type HeldAnswer = {
  portfolio: string;
  session: Session;
  holdings: { symbol: string; weight: number }[];
};

/** What a portfolio held at its newest valuation, imported holdings included. Throws a UserError before the first. */
export async function readHoldings(
  sql: Sql,
  { id, policy }: Pick<Portfolio, 'id' | 'policy'>,
): Promise<HeldAnswer> {
  const { symbols } = policy;
  const valuation = await newestValuation(sql, id, null, symbols);
  if (!valuation)
    throw new UserError(
      `${id} has not been valued yet, so nothing is held; run \`npm start\` or \`npm run demo\` first`,
    );
  const { session, live } = valuation;
  const held = symbols.map((symbol, i) => ({ symbol, weight: live.weights[i]! }));
  return { portfolio: id, session, holdings: [...held, { symbol: cashSymbol, weight: live.cash }] };
}
