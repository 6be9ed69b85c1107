import type { Database, Sql } from '../adapters/postgres/database.ts';
import { decisionAt, saveDecision } from '../adapters/postgres/decision-rows.ts';
import { reopenSlot } from '../adapters/postgres/slot-rows.ts';
import type { Decision, DecisionReason } from '../core/policy/decision.ts';
import { isRebalanceSession, slotAt } from '../core/schedule/plan.ts';
import type { Slot } from '../core/schedule/slot.ts';
import { type LetterWriter, queueLetters } from './letters.ts';
import { type ProposalContext, proposeDecision } from './proposal.ts';
import { completeSlot, type Instant, NotReadyError } from './task.ts';

export type RebalanceContext = ProposalContext & { letters: LetterWriter };

/**
 * Decides the slot's portfolio at the slot's close. The decision, its letters and the closing of the slot are one
 * transaction, so a session is decided once whatever breaks. Returns null when it was decided already.
 */
export async function rebalance(
  database: Database,
  context: RebalanceContext,
  slot: Slot,
  at: Instant,
): Promise<Decision | null> {
  const reason = slot.reason ?? 'monthly';
  const late = reason === 'monthly' && !isRebalanceSession(context.portfolio.plan, slot.session);
  return completeSlot(database, slot, at, (sql) => {
    if (Date.parse(at) > slot.deadlineAt)
      throw new NotReadyError(
        `the fill of a decision of ${slot.session} has passed; once the next close is final, it is made as of that`,
      );
    return decideIn(sql, context, slot.session, reason, at, late);
  });
}

/** Decides by hand at `session`; a session decided before gets a further revision. */
export async function rebalanceByHand(
  database: Database,
  context: RebalanceContext,
  session: string,
  at: Instant,
): Promise<Decision> {
  return database.transaction(async (sql) => decideIn(sql, context, session, 'manual', at, false));
}

async function decideIn(
  sql: Sql,
  context: RebalanceContext,
  session: string,
  reason: DecisionReason,
  at: Instant,
  late: boolean,
): Promise<Decision> {
  const { policy, plan } = context.portfolio;
  const before = await decisionAt(sql, policy.portfolio, session);
  const { decision, forecastResult } = await proposeDecision(sql, context, session, reason);
  const revision = before === null ? 0 : before.revision + 1;
  const decisionId = await saveDecision(sql, decision, forecastResult, revision, at);
  await queueLetters(sql, context, { decision, decisionId, revision, late, at });
  await reopenSlot(sql, slotAt(plan, 'deliver', session));
  return decision;
}
