import pg from 'pg';
import { databaseRedactor } from '../../adapters/postgres/address.ts';
import type { Sql } from '../../adapters/postgres/database.ts';
import { UserError } from '../user-error.ts';

const claimKey = 7_201_620_221;
/** Held beside the claim until the replay is over: while one only serves its status page, its rows may be changed. */
const replayKey = 7_201_620_222;
const claimSecondsMax = 20;

export type ReplayClaim = { replayed(): Promise<void>; release(): Promise<void> };

/**
 * Makes this process the only replay on its database: a lock that ends with its connection, which must therefore be one
 * to PostgreSQL itself and not to a pooler (`openStore` sees to that). Another one that still runs,
 * such as one whose npm was killed over its head, is cut off and told by `onLost`; the newest one goes on.
 * `replayed` lets others change the replay's rows; `release` gives the claim up.
 */
export async function claimReplay(url: string, onLost: () => void): Promise<ReplayClaim> {
  const client = new pg.Client({ connectionString: url, application_name: 'rebalanced replay claim' });
  let released = false;
  client.on('error', () => {
    if (!released) onLost();
  });
  await client.connect().catch((error: Error) => {
    throw databaseRedactor(url).login(error);
  });
  const free = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [claimKey]);
  if (!free.rows[0]!.taken) {
    await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and usename = current_user and pid <> pg_backend_pid()`,
    );
    await client.query(`set lock_timeout = '${claimSecondsMax}s'`);
    await client.query('select pg_advisory_lock($1)', [claimKey]).catch((error: Error) => {
      throw new UserError(
        `another process replays in this database and does not let go: ${error.message}; end it first`,
      );
    });
  }
  await client.query('select pg_advisory_lock($1)', [replayKey]); // its last holder had the claim
  return {
    async replayed() {
      await client.query('select pg_advisory_unlock($1)', [replayKey]);
    },
    async release() {
      released = true;
      await client.end();
    },
  };
}

/** Refuses a change by hand while a replay runs: it would go into its numbers. */
export async function refuseDuringReplay(sql: Sql): Promise<void> {
  const { rows } = await sql.query<{ free: boolean }>('select pg_try_advisory_xact_lock_shared($1) as free', [
    replayKey,
  ]);
  if (!rows[0]!.free)
    throw new UserError(
      'the replay is running, and what is entered by hand would go into its numbers; expected it finished or stopped first',
    );
}
