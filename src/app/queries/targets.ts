import { importedOn } from '../../adapters/postgres/account-rows.ts';
import type { Database } from '../../adapters/postgres/database.ts';
import { newestDecision } from '../../adapters/postgres/decision-rows.ts';
import { cashSymbol } from '../../adapters/postgres/valuation-rows.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { TargetsAnswer } from '../../views/targets.ts';
import { UserError } from '../user-error.ts';

export type { TargetsAnswer } from '../../views/targets.ts';

/**
 * The targets in force at `asOf` (null: the newest). The decision is the question, so `held` is what was held when it
 * was made. Throws a UserError where nothing was decided by then.
 */
export async function readTargets(
  database: Database,
  portfolio: string,
  asOf: Session | null,
): Promise<TargetsAnswer> {
  const found = await newestDecision(database, portfolio, asOf);
  if (!found)
    throw new UserError(
      `${portfolio} has no decision${asOf ? ` at or before ${asOf}` : ' yet'}; expected one made by the daemon or the demo`,
    );
  const { decision, revision, decidedAt } = found;
  const { lines, cash } = decision;
  const all = [...lines, { symbol: cashSymbol, ...cash, trade: cash.target - cash.held }];
  return {
    portfolio,
    session: decision.asOf,
    revision,
    reason: decision.reason,
    fallbackLevel: decision.fallbackLevel,
    decidedAt,
    importedOn: await importedOn(database, portfolio, decision.asOf),
    targets: all.map(({ symbol, target, held, trade }) => ({
      symbol,
      target,
      weight: target,
      before: held,
      held,
      trade,
    })),
  };
}
