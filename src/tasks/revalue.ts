import type { Database, Sql } from '../adapters/postgres/database.ts';
import { newestDecision, saveFill } from '../adapters/postgres/decision-rows.ts';
import { insertSlots } from '../adapters/postgres/slot-rows.ts';
import { newestValuation, saveValuation } from '../adapters/postgres/valuation-rows.ts';
import { lastReturns } from '../core/features/last-returns.ts';
import { openingValuation, revalue as step } from '../core/policy/valuation.ts';
import { isRebalanceSession, slotAt } from '../core/schedule/plan.ts';
import type { Slot } from '../core/schedule/slot.ts';
import type { Portfolio } from './portfolio.ts';
import { readPanel } from './prices.ts';
import { completeSlot, type Instant } from './task.ts';

/** Sessions looked back for the last close before a gap. */
const returnSessions = 10;

/**
 * Values the portfolio at the slot's close: holdings drift, a decision of the close before is filled and charged, the
 * drawdown state steps. A changed state asks for a decision of its own, unless the month's is due at this session.
 */
export async function revalue(
  database: Database,
  portfolio: Portfolio,
  slot: Slot,
  at: Instant,
): Promise<void> {
  await completeSlot(database, slot, at, (sql) => revalueIn(sql, portfolio, slot));
}

async function revalueIn(sql: Sql, portfolio: Portfolio, slot: Slot): Promise<void> {
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
  const { valuation, fill, stateChanged } = step(
    before,
    slot.session,
    returns,
    pending?.decision ?? null,
    targets,
    policy,
  );
  await saveValuation(sql, id, policy.symbols, valuation);
  if (pending && fill) await saveFill(sql, pending.decisionId, slot.session, fill);
  if (stateChanged && !isRebalanceSession(plan, slot.session))
    await insertSlots(sql, [slotAt(plan, 'rebalance', slot.session, 'drawdown')]);
}
