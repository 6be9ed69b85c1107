import type { Sql } from '../../src/adapters/postgres/database.ts';

/**
 * As if the worker of every job that is being worked on had given no sign of life for an hour, and nobody had looked
 * since: the next supervision finds them.
 */
export async function silenceWorkers(sql: Sql): Promise<void> {
  await sql.query(
    `update rebalanced_queue.job set heartbeat_on = now() - interval '1 hour' where state = 'active'`,
  );
  await dueForSupervision(sql);
}

/** As if the last supervision were long ago. */
export async function dueForSupervision(sql: Sql): Promise<void> {
  await sql.query('update rebalanced_queue.queue set monitor_on = null, monitor_claim_on = null');
}
