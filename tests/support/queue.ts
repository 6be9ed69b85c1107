import { PgBoss } from 'pg-boss';
import type { Sql } from '../../src/adapters/postgres/database.ts';

/** As if the worker of every job that is being worked on had given no sign of life for an hour. */
export async function silenceWorkers(sql: Sql): Promise<void> {
  await sql.query(
    `update rebalanced_queue.job set heartbeat_on = now() - interval '1 hour' where state = 'active'`,
  );
}

/** What a supervising daemon does each minute, at once: jobs of silent workers are put back for others. */
export async function supervise(databaseUrl: string, sql: Sql): Promise<void> {
  const boss = new PgBoss({
    connectionString: databaseUrl,
    schema: 'rebalanced_queue',
    migrate: false,
    supervise: false,
    schedule: false,
    max: 1,
  });
  boss.on('error', () => {});
  await boss.start();
  await sql.query('update rebalanced_queue.queue set monitor_on = null, monitor_claim_on = null');
  await boss.supervise();
  await boss.stop({ graceful: false });
}
