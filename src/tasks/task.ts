import type { Database, Sql } from '../adapters/postgres/database.ts';
import { closeSlot, lockSlot } from '../adapters/postgres/slot-rows.ts';
import type { Slot } from '../core/schedule/slot.ts';
import type { Portfolio } from './portfolio.ts';
import type { Services } from './services.ts';

/** One slot's task as it is run. `now`, in epoch milliseconds, is the daemon's or the replay's: tasks never read a clock. */
export type TaskRun = {
  database: Database;
  portfolio: Portfolio;
  slot: Slot;
  now: number;
  services: Services;
};

/** Does one slot's work and closes it, or throws: `NotReadyError` where waiting may help. */
export type Task = (run: TaskRun) => Promise<void>;

/** The world is not yet as the task needs it; it is tried again later. */
export class NotReadyError extends Error {
  override readonly name = 'NotReadyError';
}

/**
 * Does a slot's work and closes it in one transaction, so that "done" and its rows appear together or not at all.
 * Returns null when another daemon has closed the slot already.
 */
export async function completeSlot<Result>(
  { database, slot, now }: Pick<TaskRun, 'database' | 'slot' | 'now'>,
  work: (sql: Sql) => Promise<Result>,
): Promise<Result | null> {
  return database.transaction(async (sql) => {
    if ((await lockSlot(sql, slot)) === null) return null;
    const result = await work(sql);
    await closeSlot(sql, slot, 'done', now);
    return result;
  });
}
