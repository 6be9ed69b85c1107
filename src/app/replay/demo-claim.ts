import pg from 'pg';
import { UserError } from '../user-error.ts';

const claimKey = 7_201_620_221;
const claimSecondsMax = 20;

/**
 * Makes this process the only demo on its database: a lock that ends with its connection. Another demo that still runs,
 * such as one whose npm was killed over its head, is cut off and told by `onLost`; the newest one goes on.
 * Returns the release of the claim.
 */
export async function claimDemo(url: string, onLost: () => void): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url, application_name: 'rebalanced demo claim' });
  let released = false;
  client.on('error', () => {
    if (!released) onLost();
  });
  await client.connect();
  const free = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [claimKey]);
  if (!free.rows[0]!.taken) {
    await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and usename = current_user and pid <> pg_backend_pid()`,
    );
    await client.query(`set lock_timeout = '${claimSecondsMax}s'`);
    await client.query('select pg_advisory_lock($1)', [claimKey]).catch((error: Error) => {
      throw new UserError(
        `another demo holds the demo's database and does not let go: ${error.message}; end it first`,
      );
    });
  }
  return async () => {
    released = true;
    await client.end();
  };
}
