import type { Database, Sql } from '../adapters/postgres/database.ts';
import { closeSlot, lockSlot } from '../adapters/postgres/slot-rows.ts';
import type { Slot } from '../core/schedule/slot.ts';

/** What happened, for whoever watches. */
export type Log = {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
};

/** The instant a task runs at: ISO, from the daemon's clock or the replay's. Tasks never read a clock. */
export type Instant = string;

/** The world is not yet as the task needs it; it is tried again later. */
export class NotReadyError extends Error {
  override readonly name = 'NotReadyError';
}

/**
 * Does a slot's work and closes it in one transaction, so that "done" and its rows appear together or not at all.
 * Returns null when another daemon has closed the slot already.
 */
export async function completeSlot<Result>(
  database: Database,
  slot: Slot,
  at: Instant,
  work: (sql: Sql) => Promise<Result>,
): Promise<Result | null> {
  return database.transaction(async (sql) => {
    if ((await lockSlot(sql, slot)) === null) return null;
    const result = await work(sql);
    await closeSlot(sql, slot, 'done', at);
    return result;
  });
}
