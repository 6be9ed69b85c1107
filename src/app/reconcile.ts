import type { Database, Sql } from '../adapters/postgres/database.ts';
import {
  closeSlot,
  insertSlots,
  lockOpenSlots,
  markQueued,
  newestPlanned,
  type OpenSlot,
} from '../adapters/postgres/slot-rows.ts';
import { dueSlots, newestClosed, type SchedulePlan, slotAt } from '../core/schedule/plan.ts';
import { readySlots, type Slot } from '../core/schedule/slot.ts';
import type { Queue } from './queue.ts';

/**
 * Brings the slot table up to `now` and queues what is ready, in one transaction; returns what was queued.
 * Every wake, start and reconnect runs it, in any number of daemons: the table, not the clock's tick, decides.
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
    let open = await lockOpenSlots(sql, plan.portfolio);
    const missed = open.filter((slot) => isMissed(slot, open, now));
    if (missed.length > 0) {
      await miss(sql, plan, missed, now);
      open = await lockOpenSlots(sql, plan.portfolio);
    }
    const ready = readySlots(open).filter((slot) => slot.state === 'waiting' && (slot.retryAt ?? 0) <= now);
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

/** Prices and valuations are always caught up with; a training or a decision past its deadline is not. */
function isMissed(slot: OpenSlot, open: readonly OpenSlot[], now: number): boolean {
  if (slot.task === 'retrain')
    return (
      slot.deadlineAt < now || open.some((other) => other.task === 'retrain' && other.session > slot.session)
    );
  return slot.task === 'rebalance' && slot.deadlineAt < now;
}

/** Closes missed slots; a month's decision that is not too late is made as of the newest session instead. */
async function miss(sql: Sql, plan: SchedulePlan, missed: readonly OpenSlot[], now: number): Promise<void> {
  const newest = newestClosed(plan, now);
  for (const slot of missed) {
    await closeSlot(sql, slot, 'missed', new Date(now).toISOString());
    if (slot.reason !== 'monthly' || newest === null || newest <= slot.session) continue;
    const late = plan.calendar.sessions(slot.session, newest).length - 1;
    if (late <= plan.lateSessionsMax) await insertSlots(sql, [slotAt(plan, 'rebalance', newest)]);
  }
}
