// A connection that says "this process uses the server". It ends with the process, however that ends, so the last user
// can be known without any book-keeping on disk.
import { Client } from 'pg';

// Any fixed number; a shared lock on it in the database `postgres` is a lease.
const leaseLock = 7_225_197;
// Wrong password, no such role or database: waiting cannot help.
const hopeless = /^(28|3D)/;

export type Lease = {
  /** Gives the lease up; true when no other process had one, and none can have one any more. */
  isLast(): Promise<boolean>;
  close(): Promise<void>;
};

/** Connects and takes a lease; null while the server is starting, stopping or not listening. */
export async function takeLease(url: string): Promise<Lease | null> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    application_name: 'rebalanced lease',
  });
  // Not in the published types: an idle lease must not keep the process alive.
  const held = client as Client & { ref(): void; unref(): void };
  client.on('error', () => {}); // the server has gone; every user of it sees so on a connection of its own
  try {
    await client.connect();
    // Waits for a process that is stopping the server, and then ends with the server.
    await client.query('select pg_advisory_lock_shared($1)', [leaseLock]);
  } catch (error) {
    await client.end().catch(() => {});
    if (hopeless.test((error as { code?: string }).code ?? '')) throw error;
    return null;
  }
  held.unref();
  return {
    async isLast() {
      held.ref();
      await client.query('select pg_advisory_unlock_shared($1)', [leaseLock]);
      const { rows } = await client.query('select pg_try_advisory_lock($1) as last', [leaseLock]);
      return rows[0].last;
    },
    async close() {
      await client.end().catch(() => {});
    },
  };
}
