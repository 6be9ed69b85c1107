import { type JobInsert, PgBoss } from 'pg-boss';
import { openDatabase, type Sql } from '../../adapters/postgres/database.ts';
import { type Slot, type TaskName, taskNames } from '../../core/schedule/slot.ts';

const schema = 'rebalanced_queue';
/** A worker that is silent for this long is dead, and its job is given to another. */
const heartbeatSeconds = 30;
/** How often silent workers are looked for: with the above, an abandoned slot is taken up within a minute. */
export const supervisionSeconds = 10;
const queueOf = (task: TaskName) => `rebalanced-${task}`;

export type Job = { id: string; slot: Slot };

/** Hands ready slots to the workers: delivery at least once; the slot's row makes it exactly once. */
export type Queue = {
  /** Queues slots within the caller's transaction. */
  send(sql: Sql, slots: readonly Slot[]): Promise<void>;
  /** Takes up to `count` jobs of a task. */
  take(task: TaskName, count: number): Promise<Job[]>;
  /** The job is over, well or badly: its slot's row says how, and `reconcile` queues it again where it must. */
  finish(job: Job): Promise<void>;
  /** Tells that a long job is still being worked on. */
  keepAlive(job: Job): Promise<void>;
  /**
   * Puts the jobs of workers that have been silent for too long back for others; daemons share the work. Throws when
   * the queue's tables do not answer as they should.
   */
  supervise(): Promise<void>;
  /** Forgets every job. Only for a replay, which owns its database and queues open slots again. */
  clear(): Promise<void>;
  close(): Promise<void>;
};

type Rows = { rows: Record<string, unknown>[] };

/** What pg-boss sends SQL through. pg answers a text of several statements with a list, of which all rows are wanted. */
const dbOf = (sql: Sql) => ({
  executeSql: async (text: string, values?: unknown[]): Promise<Rows> => {
    const answer: Rows | Rows[] = await sql.query(text, values);
    return { rows: Array.isArray(answer) ? answer.flatMap(({ rows }) => rows) : answer.rows };
  },
});

/** Installs the queue's schema and queues; run as the database's owner, by `rebalanced migrate`. */
export async function installQueue(databaseUrl: string): Promise<void> {
  const database = openDatabase(databaseUrl, { connectionsMax: 2, statementMaxMs: 0 });
  const boss = new PgBoss({ db: dbOf(database), schema, supervise: false, schedule: false });
  boss.on('error', () => {}); // what matters rejects the calls below
  try {
    await boss.start();
    for (const task of taskNames) {
      const options = {
        retryLimit: 1000,
        retryDelay: 1,
        expireInSeconds: 6 * 3600,
        heartbeatSeconds,
        deleteAfterSeconds: 86_400,
      };
      await boss.createQueue(queueOf(task), options);
    }
    await boss.stop({ graceful: false });
  } finally {
    await database.close();
  }
}

/** True when the queue's schema and every task's queue are there. */
export async function isQueueInstalled(sql: Sql): Promise<boolean> {
  const { rows } = await sql.query<{ found: boolean }>(
    `select to_regclass('${schema}.queue') is not null as found`,
  );
  if (!rows[0]!.found) return false;
  const names = taskNames.map(queueOf);
  const { rowCount } = await sql.query(`select from ${schema}.queue where name = any($1)`, [names]);
  return rowCount === names.length;
}

/** Opens the queue over an existing schema. */
export async function openQueue(database: Sql, options: { onError: (error: Error) => void }): Promise<Queue> {
  const boss = new PgBoss({
    db: dbOf(database),
    schema,
    migrate: false,
    createSchema: false,
    schedule: false,
    // `supervise` below is called by the daemon itself: pg-boss's own timer would swallow what it throws.
    supervise: false,
    monitorIntervalSeconds: supervisionSeconds,
    reindex: false,
    monitorVacuum: false,
  });
  boss.on('error', options.onError);
  await boss.start();
  return {
    async send(sql, slots) {
      const byTask = Map.groupBy(slots, (slot) => slot.task);
      for (const [task, group] of byTask) {
        const jobs: JobInsert[] = group.map((slot) => ({ data: slot }));
        await boss.insert(queueOf(task), jobs, { db: dbOf(sql) });
      }
    },
    async take(task, count) {
      const jobs = await boss.fetch<Slot>(queueOf(task), { batchSize: count });
      return jobs.map((job) => ({ id: job.id, slot: job.data }));
    },
    async finish(job) {
      await boss.complete(queueOf(job.slot.task), job.id);
    },
    async keepAlive(job) {
      await boss.touch(queueOf(job.slot.task), job.id);
    },
    supervise: () => boss.supervise(),
    async clear() {
      for (const task of taskNames) await boss.deleteAllJobs(queueOf(task));
    },
    close: () => boss.stop({ graceful: false }),
  };
}
