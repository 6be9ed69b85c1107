import { newestBars } from '../../adapters/postgres/bar-rows.ts';
import { championModel } from '../../adapters/postgres/model-rows.ts';
import { insertSlots } from '../../adapters/postgres/slot-rows.ts';
import type { Session } from '../../core/calendar/session.ts';
import { slotAt } from '../../core/schedule/plan.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import type { Context } from '../context.ts';
import { catchUp } from '../daemon/catch-up.ts';
import { UserError } from '../user-error.ts';

/** What a training by hand has left: the newest model (null: none), and the last session of its window. */
export type Retrained = { modelId: string | null; session: Session };

/**
 * Fetches what is due, then trains on the window that ends with the newest session all symbols have a price of.
 * Throws a UserError where the portfolio has no forecaster, an Error with the reasons where the training is not done;
 * rejects with its reason once `stop` is aborted.
 */
export async function retrainNow(
  context: Context,
  portfolio: Portfolio,
  stop: AbortSignal,
): Promise<Retrained> {
  const { database } = context;
  const { id, policy, forecaster } = portfolio;
  if (!forecaster)
    throw new UserError(`${id} has no forecaster in its configuration, so there is nothing to train`);
  if (forecaster.kind === 'naive')
    throw new UserError(
      `${id} forecasts by the rule ${forecaster.name}, which needs no training: its forecaster is naive`,
    );
  await catchUp(context, ['ingest'], Date.now(), stop);
  const newest = await newestBars(database, portfolio.sourceName, policy.symbols);
  const session = [...newest.values()].sort()[0];
  if (session === undefined)
    throw new Error(`${id} has no prices yet; run \`rebalanced ingest\` and see what it says`);
  const slot = slotAt(portfolio.plan, 'retrain', session);
  const now = Math.max(Date.now(), slot.dueAt);
  await insertSlots(database, [{ ...slot, deadlineAt: now + 3_600_000 }]);
  const failed = await catchUp(context, ['retrain'], now, stop);
  if (failed.length > 0) throw new Error(failed.join('\n'));
  const model = await championModel(database, id, forecaster.head, session);
  return { modelId: model?.modelId ?? null, session };
}
