import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Database, openDatabase } from '../../adapters/postgres/database.ts';
import { migrate } from '../../adapters/postgres/migrate.ts';
import { type ReplayRow, readReplay, saveReplay } from '../../adapters/postgres/replay-rows.ts';
import type { Config } from '../config/schema.ts';
import { type Context, createContext } from '../context.ts';
import { installQueue } from '../daemon/queue.ts';
import type { Store } from '../store.ts';
import { planHash, type ReplayPlan } from './plan.ts';

/**
 * What was found in a replay's database: nothing to go on with, a run that was cut off or ended earlier, one changed by
 * hand since, or this very replay, made already.
 */
export type ReplayFound = 'none' | 'unfinished' | 'changed-by-hand' | 'over';

/**
 * A replay's database, ready to go on: a run that was cut off, or that ended earlier, is gone on with; any other one is
 * dropped and begun again, and so is one that is over where `again` says so. The database must hold nothing else.
 */
export async function prepareReplay(
  store: Store,
  plan: ReplayPlan,
  { again }: { again: boolean },
): Promise<ReplayFound> {
  const found = await findRun(store, plan);
  const goesOn = found === 'unfinished' || (found === 'over' && !again);
  if (!goesOn) await startOver(store, plan.config);
  await migrate(store.url);
  await installQueue(store.url);
  if (found === 'over' && !again) return found;
  await withDatabase(store, (database) => saveReplay(database, rowOf(plan)));
  return found === 'over' ? 'none' : found;
}

const rowOf = ({ name, configPath, config, from, last }: ReplayPlan) => ({
  name,
  configPath,
  planHash: planHash(config),
  firstSession: from,
  lastSession: last,
});

async function findRun(store: Store, { config, last }: ReplayPlan): Promise<ReplayFound> {
  return withDatabase(store, async (database) => {
    const { rows } = await database.query<{ found: boolean }>(
      `select to_regclass('rebalanced.replay') is not null and to_regclass('rebalanced_queue.version') is not null as found`,
    );
    const known = rows[0]!.found ? await readReplay(database) : null;
    if (!known || known.planHash !== planHash(config) || known.lastSession > last) return 'none';
    if (known.finishedAt !== null && known.lastSession === last) return 'over';
    return (await hasHandiwork(database)) ? 'changed-by-hand' : 'unfinished';
  });
}

/** True when something was entered beside the replay, whose numbers would no longer be its own. */
async function hasHandiwork(database: Database): Promise<boolean> {
  const { rows } = await database.query<{ found: boolean }>(
    `select exists (select from rebalanced.decisions where reason = 'manual')
       or exists (select from rebalanced.imported_holdings) as found`,
  );
  return rows[0]!.found;
}

async function startOver(store: Store, config: Config): Promise<void> {
  await withDatabase(store, async (database) => {
    await database.query('drop schema if exists rebalanced cascade');
    await database.query('drop schema if exists rebalanced_queue cascade');
  });
  removeLetters(config.mail.folder);
}

async function withDatabase<Result>(
  store: Store,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = openDatabase(store.url, { connectionsMax: 1 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Removes a folder's letters, and nothing else in it; throws where it cannot be read. */
export function removeLetters(folder: string): void {
  for (const name of listed(folder)) if (name.endsWith('.eml')) rmSync(join(folder, name));
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // no folder, no letters
    throw error;
  }
}

/** What a database is a replay of; null where it is of none. */
export function replayOf(store: Store): Promise<ReplayRow | null> {
  return withDatabase(store, readReplay);
}

/** A replay's context. Its clock stands at the first inception: sessions bring their own time. */
export function replayContext(
  config: Config,
  store: Store,
  env: NodeJS.ProcessEnv,
  log: Logger,
): Promise<Context> {
  const inception = config.portfolios.map((portfolio) => portfolio.inception!).sort()[0]!;
  // A mail server configured for production must never see a replay's letters.
  const { REBALANCED_SMTP_URL: _, REBALANCED_SMTP_URL_FILE: __, ...quiet } = env;
  return createContext({
    config,
    databaseUrl: `${store.url}${store.url.includes('?') ? '&' : '?'}options=-c%20synchronous_commit%3Doff`,
    env: quiet,
    log,
    now: () => Date.parse(`${inception}T12:00:00Z`),
  });
}
