import type { Sql } from '../../adapters/postgres/database.ts';
import { decisionAt } from '../../adapters/postgres/decision-rows.ts';
import { newestValuation } from '../../adapters/postgres/valuation-rows.ts';
import type { Valuation } from '../../core/accounting/valuation.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import { UserError } from '../user-error.ts';

/**
 * The newest valuation, where what is held there may still be told otherwise: its session is not decided. Throws a
 * UserError where it is, or before the first.
 */
export async function undecidedValuation(
  sql: Sql,
  { id, policy }: Pick<Portfolio, 'id' | 'policy'>,
): Promise<Valuation> {
  const valuation = await newestValuation(sql, id, null, policy.symbols);
  if (!valuation)
    throw new UserError(
      `${id} has not been valued yet, so nothing is held; run \`npm start\` or \`npm run demo\` first`,
    );
  if (await decisionAt(sql, id, valuation.session))
    throw new UserError(
      `${id} was decided at ${valuation.session} from other holdings; expected this before the decision, or after the next session`,
    );
  return valuation;
}
