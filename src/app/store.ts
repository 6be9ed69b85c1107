import pg from 'pg';
import { startEmbedded } from '../adapters/embedded-postgres/server.ts';
import { cacheFolder, stateFolder } from './config/folders.ts';
import { type Environment, secret } from './config/secrets.ts';
import { projectRoot } from './project.ts';
import { UserError } from './user-error.ts';

export const demoDatabase = 'rebalanced_demo';
const embeddedDatabase = 'rebalanced';

/** A reachable database. `close` stops the embedded server if nobody else uses it. */
export type Store = { url: string; embedded: boolean; close(): Promise<void> };

/**
 * The database to work in: DATABASE_URL (or DATABASE_URL_FILE), else an embedded PostgreSQL in the state folder.
 * The demo always has a database of its own, on the same server.
 */
export async function openStore(
  env: Environment,
  options: { demo: boolean; log: (line: string) => void },
): Promise<Store> {
  const given = secret(env, 'DATABASE_URL');
  if (given !== null) {
    const url = checkedUrl(given);
    if (!options.demo) {
      await probe(url);
      return { url, embedded: false, close: async () => {} };
    }
    return { url: await ensureDatabase(url, demoDatabase), embedded: false, close: async () => {} };
  }
  const server = await startEmbedded({
    dataFolder: `${stateFolder(env, projectRoot)}/postgres`,
    cacheFolder: cacheFolder(env),
    log: options.log,
  });
  try {
    const url = await ensureDatabase(server.url, options.demo ? demoDatabase : embeddedDatabase);
    return { url, embedded: true, close: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

function checkedUrl(text: string): string {
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol))
    throw new UserError(
      'DATABASE_URL is no database address; expected postgres://user:password@host:port/database',
    );
  return text;
}

/** Where the address leads, without its password. */
function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

async function probe(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {}); // a break while closing changes nothing
  try {
    await client.connect();
    await client.query('select 1');
  } catch (error) {
    throw new UserError(
      `cannot reach the database at ${placeOf(url)}: ${(error as Error).message || (error as { code?: string }).code}; expected a PostgreSQL there (DATABASE_URL)`,
    );
  } finally {
    await client.end().catch(() => {});
  }
}

/** Creates the database on the server of `url` where it is missing, and returns its address. */
async function ensureDatabase(url: string, name: string): Promise<string> {
  const target = new URL(url);
  target.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (rowCount === 0)
      await client.query(`create database ${pg.escapeIdentifier(name)}`).catch((error: { code?: string }) => {
        if (error.code !== '42P04' && error.code !== '23505') throw error; // another process was first
      });
  } catch (error) {
    throw new UserError(
      `cannot open database ${name} at ${placeOf(url)}: ${(error as Error).message || (error as { code?: string }).code}; expected a PostgreSQL there whose user may create databases`,
    );
  } finally {
    await client.end().catch(() => {});
  }
  return target.toString();
}
