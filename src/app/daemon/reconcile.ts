import type { Database, Sql } from '../../adapters/postgres/database.ts';
import {
  closeSlot,
  insertSlots,
  lockOpenSlots,
  markQueued,
  newestDone,
  newestPlanned,
  type OpenSlot,
} from '../../adapters/postgres/slot-rows.ts';
import type { Session } from '../../core/calendar/session.ts';
import { dueSlots, newestClosed, type SchedulePlan, slotAt } from '../../core/schedule/plan.ts';
import { readySlots, type Slot } from '../../core/schedule/slot.ts';
import type { Queue } from './queue.ts';

/**
 * Brings the slot table up to `now` and queues what is ready, in one transaction; returns what was queued.
 * Every tick, start and reconnect runs it, in any number of daemons: the table, not the clock's tick, decides.
 */
export async function reconcile(
  database: Database,
  queue: Queue,
  plan: SchedulePlan,
  now: number,
): Promise<Slot[]> {
  return database.transaction(async (sql) => {
    await sql.query(`select pg_advisory_xact_lock(hashtextextended('rebalanced reconcile ' || $1, 0))`, [
      plan.portfolio,
    ]);
    await insertSlots(sql, dueSlots(plan, await newestPlanned(sql, plan.portfolio), now));
    const newest = newestClosed(plan, now);
    let open = await lockOpenSlots(sql, plan.portfolio);
    const trained = await newestDone(sql, 'retrain', plan.portfolio);
    const missed = open.filter((slot) => isMissed(slot, trained, newest, now));
    if (missed.length > 0) {
      await miss(sql, plan, missed, newest, now);
      open = await lockOpenSlots(sql, plan.portfolio);
    }
    const ready = readySlots(open, now).filter((slot) => slot.state === 'waiting' && mayStart(slot, now));
    if (ready.length === 0) return [];
    await markQueued(sql, ready);
    const slots = ready.map(({ task, portfolio, session, reason, dueAt, deadlineAt }) => ({
      task,
      portfolio,
      session,
      reason,
      dueAt,
      deadlineAt,
    }));
    await queue.send(sql, slots);
    return slots;
  });
}

/** Not while a retry is waited for; and a decision whose own fill has passed waits for the next close to be final. */
function mayStart(slot: OpenSlot, now: number): boolean {
  return (slot.retryAt ?? 0) <= now && !(slot.task === 'rebalance' && slot.deadlineAt < now);
}

/**
 * Prices and valuations are always caught up with. A training is given up once a newer one has been done (`trained`, the
 * newest's session), and for no other reason; a decision, once a later close is final after its fill.
 */
function isMissed(slot: OpenSlot, trained: Session | null, newest: Session | null, now: number): boolean {
  if (slot.task === 'retrain') return trained !== null && trained > slot.session;
  return slot.task === 'rebalance' && slot.deadlineAt < now && newest !== null && newest > slot.session;
}

/**
 * Closes missed slots. Instead of a decision that is not too late, one is made as of the newest session; for what a
 * revaluation has found, a drawdown among it, it is never too late.
 */
async function miss(
  sql: Sql,
  plan: SchedulePlan,
  missed: readonly OpenSlot[],
  newest: Session | null,
  now: number,
): Promise<void> {
  for (const slot of missed) await closeSlot(sql, slot, 'missed', now);
  if (newest === null) return;
  const lateSessions = (slot: Slot) => plan.calendar.sessions(slot.session, newest).length - 1;
  const decisions = missed.filter((slot) => slot.task === 'rebalance');
  // A month's decision obeys the drawdown limits as well, so it comes first and takes the newest session's slot.
  const monthly = decisions.filter(
    (slot) => slot.reason === 'monthly' && lateSessions(slot) <= plan.lateSessionsMax,
  );
  const found = decisions.filter((slot) => slot.reason !== 'monthly');
  for (const { reason } of [...monthly, ...found])
    await insertSlots(sql, [slotAt(plan, 'rebalance', newest, reason)]);
}
