import type { Database, Sql } from '../adapters/postgres/database.ts';
import { newestDecision, saveFill } from '../adapters/postgres/decision-rows.ts';
import { insertSlots } from '../adapters/postgres/slot-rows.ts';
import { newestValuation, saveValuation } from '../adapters/postgres/valuation-rows.ts';
import { lastReturns } from '../core/features/last-returns.ts';
import { openingValuation, revalue as step } from '../core/policy/valuation.ts';
import { isRebalanceSession, slotAt } from '../core/schedule/plan.ts';
import type { Slot } from '../core/schedule/slot.ts';
import { type LetterContext, queueDrawdownNotice } from './letters.ts';
import { readPanel } from './prices.ts';
import { completeSlot, type Instant } from './task.ts';

/** Sessions looked back for the last close before a gap. */
const returnSessions = 10;

/**
 * Values the portfolio at the slot's close: holdings drift, a decision of the close before is filled and charged, the
 * drawdown state steps. A stricter state asks for a decision of its own, another one is told in a letter; where the
 * month's decision is due at this session, it does both.
 */
export async function revalue(
  database: Database,
  context: LetterContext,
  slot: Slot,
  at: Instant,
): Promise<void> {
  await completeSlot(database, slot, at, (sql) => revalueIn(sql, context, slot, at));
}

async function revalueIn(sql: Sql, context: LetterContext, slot: Slot, at: Instant): Promise<void> {
  const { portfolio } = context;
  const { policy, plan } = portfolio;
  const id = policy.portfolio;
  const before = await newestValuation(sql, id, slot.session, policy.symbols);
  if (before === null) {
    await saveValuation(sql, id, policy.symbols, openingValuation(slot.session, policy));
    return;
  }
  const panel = await readPanel(sql, portfolio, slot.session, returnSessions, null);
  const returns = lastReturns(panel.select(policy.symbols));
  const last = await newestDecision(sql, id, before.session);
  const pending = last?.decision.asOf === before.session ? last : null;
  const targets = last?.decision.lines.map((line) => line.target) ?? null;
  const { valuation, fill, stricter } = step(
    before,
    slot.session,
    returns,
    pending?.decision ?? null,
    targets,
    policy,
  );
  await saveValuation(sql, id, policy.symbols, valuation);
  if (pending && fill) await saveFill(sql, pending.decisionId, slot.session, fill);
  if (before.drawdown.state === valuation.drawdown.state || isRebalanceSession(plan, slot.session)) return;
  if (stricter) await insertSlots(sql, [slotAt(plan, 'rebalance', slot.session, 'drawdown')]);
  else {
    await queueDrawdownNotice(sql, context, before.drawdown.state, valuation, at);
    await insertSlots(sql, [slotAt(plan, 'deliver', slot.session)]);
  }
}
