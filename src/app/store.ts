import pg from 'pg';
import { startEmbedded } from '../adapters/embedded-postgres/server.ts';
import { type DatabaseAddress, databaseRedactor, readDatabaseAddress } from '../adapters/postgres/address.ts';
import { connectMaxMs, isDirect } from '../adapters/postgres/connection.ts';
import { cacheFolder, stateFolder } from './config/folders.ts';
import { type Environment, secret } from './config/secrets.ts';
import { projectRoot } from './project.ts';
import { UserError } from './user-error.ts';

const embeddedDatabase = 'rebalanced';

/** The replay that the product carries. */
export const demoName = 'demo';

/** The database of a replay. Throws a UserError on a name that cannot be one. */
export function replayDatabase(name: string): string {
  if (name === demoName) return 'rebalanced_demo';
  if (!/^[a-z0-9][a-z0-9_-]{0,39}$/.test(name))
    throw new UserError(`"${name}" cannot name a replay; expected 1 to 40 of a-z 0-9 _ -, such as 2008`);
  return `rebalanced_replay_${name}`;
}

/** A reachable database. `close` stops the embedded server if nobody else uses it. */
export type Store = { url: string; embedded: boolean; close(): Promise<void> };

/**
 * The database to work in: DATABASE_URL (or DATABASE_URL_FILE), else an embedded PostgreSQL in the state folder.
 * A replay, the demo among them, always has a database of its own, on the same server.
 */
export async function openStore(
  env: Environment,
  options: { replay: string | null; log: (line: string) => void },
): Promise<Store> {
  const database = options.replay === null ? embeddedDatabase : replayDatabase(options.replay);
  const given = secret(env, 'DATABASE_URL');
  if (given !== null) {
    const { url } = addressOf(given);
    if (options.replay === null) {
      await probe(url);
      return { url, embedded: false, close: async () => {} };
    }
    return { url: await ensureDatabase(url, database), embedded: false, close: async () => {} };
  }
  const server = await startEmbedded({
    dataFolder: `${stateFolder(env, projectRoot)}/postgres`,
    cacheFolder: cacheFolder(env),
    log: options.log,
  });
  try {
    const url = await ensureDatabase(server.url, database);
    return { url, embedded: true, close: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

function addressOf(text: string): DatabaseAddress {
  try {
    return readDatabaseAddress(text);
  } catch (error) {
    throw new UserError(`DATABASE_URL ${(error as Error).message}`);
  }
}

async function probe(url: string): Promise<void> {
  await withClient(url, 'cannot reach the database', 'expected a PostgreSQL there (DATABASE_URL)', (client) =>
    client.query('select 1'),
  );
}

/** Creates the database on the server of `url` where it is missing, and returns its address. */
async function ensureDatabase(url: string, name: string): Promise<string> {
  const target = new URL(url);
  target.pathname = `/${name}`;
  const expected = 'expected a PostgreSQL there whose user may create databases';
  await withClient(url, `cannot open database ${name}`, expected, async (client) => {
    // A pooler lends connections out by the transaction, but a lock that keeps other replays away lives on one of them.
    if (!(await isDirect(client)))
      throw new UserError(
        "DATABASE_URL leads to a connection pooler, through which a replay cannot keep others off its database; expected PostgreSQL's own address",
      );
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (rowCount === 0)
      await client.query(`create database ${pg.escapeIdentifier(name)}`).catch((error: { code?: string }) => {
        if (error.code !== '42P04' && error.code !== '23505') throw error; // another process was first
      });
  });
  return target.toString();
}

/** Runs `work` on a connection of its own; what goes wrong is told with its place, never with a user or a password. */
async function withClient(
  url: string,
  problem: string,
  expected: string,
  work: (client: pg.Client) => Promise<unknown>,
): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectMaxMs });
  client.on('error', () => {}); // a break while closing changes nothing
  try {
    await client.connect();
    await work(client);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { message, code } = databaseRedactor(url).login(error as Error) as Error & { code?: string };
    throw new UserError(`${problem} at ${addressOf(url).place}: ${message || code}; ${expected}`);
  } finally {
    await client.end().catch(() => {});
  }
}
