import { lockAccount } from '../adapters/postgres/account-rows.ts';
import type { Database, Sql } from '../adapters/postgres/database.ts';
import { decisionAt, saveDecision } from '../adapters/postgres/decision-rows.ts';
import { reopenSlot } from '../adapters/postgres/slot-rows.ts';
import type { Decision, DecisionReason } from '../core/policy/decision.ts';
import { isRebalanceSession, slotAt } from '../core/schedule/plan.ts';
import { assertBelieved } from './gates.ts';
import { queueLetters } from './letters.ts';
import type { Portfolio } from './portfolio.ts';
import { proposeDecision } from './proposal.ts';
import type { Services } from './services.ts';
import { completeSlot, NotReadyError, type TaskRun } from './task.ts';

/** What a decision is made and told with. */
export type DecisionContext = {
  portfolio: Portfolio;
  services: Pick<Services, 'codeVersion' | 'readModel' | 'letters'>;
};

/**
 * Decides the slot's portfolio at the slot's close, unless another daemon has. The decision, its letters and the closing
 * of the slot are one transaction, so a session is decided once whatever breaks.
 */
export async function rebalance(run: TaskRun): Promise<void> {
  const { portfolio, slot, now, services } = run;
  const { session } = slot;
  const reason = slot.reason ?? 'monthly';
  const late = reason === 'monthly' && !isRebalanceSession(portfolio.plan, session);
  const decision = await completeSlot(run, async (sql) => {
    if (now > slot.deadlineAt)
      throw new NotReadyError(
        `the fill of a decision of ${session} has passed; once the next close is final, it is made as of that`,
      );
    await assertBelieved(sql, portfolio, slot, now);
    return decideIn(sql, run, session, reason, now, late);
  });
  if (!decision) return;
  const { fallbackLevel, turnoverOneWay } = decision;
  services.log.info({ portfolio: portfolio.id, session, reason, fallbackLevel, turnoverOneWay }, 'decided');
}

/**
 * Decides by hand as of `session`, `at` epoch milliseconds; a session decided before gets a further revision. Throws a
 * NotReadyError once the close it would be filled at has passed: nobody can trade there any more.
 */
export async function rebalanceByHand(
  database: Database,
  context: DecisionContext,
  session: string,
  at: number,
): Promise<Decision> {
  const { id, plan } = context.portfolio;
  const fill = plan.calendar.next(session);
  if (at >= plan.calendar.closeAt(fill))
    throw new NotReadyError(
      `the fill of a decision of ${id} at ${session}, the close of ${fill}, has passed; expected the sessions since to be valued first (\`npm start\`), or --dry-run`,
    );
  return database.transaction(async (sql) => decideIn(sql, context, session, 'manual', at, false));
}

async function decideIn(
  sql: Sql,
  context: DecisionContext,
  session: string,
  reason: DecisionReason,
  at: number,
  late: boolean,
): Promise<Decision> {
  const { id, plan } = context.portfolio;
  await lockAccount(sql, id);
  const before = await decisionAt(sql, id, session);
  const { decision, forecastResult } = await proposeDecision(sql, context, session, reason);
  const revision = before === null ? 0 : before.revision + 1;
  const decisionId = await saveDecision(sql, decision, forecastResult, revision, at);
  await queueLetters(sql, context, { decision, decisionId, revision, late, at });
  await reopenSlot(sql, slotAt(plan, 'deliver', session));
  return decision;
}
