import { readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { openDatabase, type Sql } from '../../adapters/postgres/database.ts';
import { migrate } from '../../adapters/postgres/migrate.ts';
import { newestPlanned, readOpenSlots } from '../../adapters/postgres/slot-rows.ts';
import type { Session } from '../../core/calendar/session.ts';
import { loadConfig, portfolioBody } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { type Context, createContext } from '../context.ts';
import { installQueue } from '../daemon/queue.ts';
import { projectRoot } from '../project.ts';
import type { Store } from '../store.ts';

export const demoConfigPath = join(projectRoot, 'config/examples/demo.yaml');

/** The last session of the bundled closes. */
export const demoLast = '2022-12-28';

/** What was found in the demo's database: nothing to go on with, a run that was cut off, or one changed by hand since. */
export type DemoFound = 'none' | 'unfinished' | 'changed-by-hand';

/** The demo's database, ready to replay: a run that was cut off goes on; any other one starts over. */
export async function prepareDemo(
  store: Store,
  last: Session,
): Promise<{ config: Config; found: DemoFound }> {
  const config = loadConfig(demoConfigPath);
  const found = await findRun(store, config, last);
  if (found !== 'unfinished') await startOver(store, config);
  await migrate(store.url);
  await installQueue(store.url);
  return { config, found };
}

async function findRun(store: Store, config: Config, last: Session): Promise<DemoFound> {
  const database = openDatabase(store.url, { connectionsMax: 1 });
  try {
    const { rows } = await database.query<{ found: boolean }>(
      `select to_regclass('rebalanced.portfolios') is not null and to_regclass('rebalanced_queue.version') is not null as found`,
    );
    if (!rows[0]!.found) return 'none';
    const portfolio = config.portfolios[0]!;
    const { rows: known } = await database.query<{ hash: string }>(
      'select config_hash as hash from rebalanced.portfolios where portfolio = $1',
      [portfolio.id],
    );
    if (known[0]?.hash !== portfolioBody(portfolio, config.sources).hash) return 'none';
    const newest = await newestPlanned(database, portfolio.id);
    if (newest === null || newest > last) return 'none';
    const isOver = newest === last && (await readOpenSlots(database)).length === 0;
    if (isOver) return 'none';
    return (await hasHandiwork(database)) ? 'changed-by-hand' : 'unfinished';
  } finally {
    await database.close();
  }
}

/** True when decisions or holdings were entered beside the replay, whose numbers would no longer be its own. */
async function hasHandiwork(sql: Sql): Promise<boolean> {
  const { rows } = await sql.query<{ found: boolean }>(
    `select exists (select from rebalanced.decisions where reason = 'manual')
       or exists (select from rebalanced.imported_holdings) as found`,
  );
  return rows[0]!.found;
}

async function startOver(store: Store, config: Config): Promise<void> {
  const database = openDatabase(store.url, { connectionsMax: 1 });
  try {
    await database.query('drop schema if exists rebalanced cascade');
    await database.query('drop schema if exists rebalanced_queue cascade');
  } finally {
    await database.close();
  }
  removeLetters(lettersFolder(config));
}

/** Where the demo's letters lie. */
export const lettersFolder = (config: Config): string => resolve(projectRoot, config.mail.folder);

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

/** The demo's context; its clock stands at the replay's sessions, so registration uses its inception. */
export function demoContext(
  config: Config,
  store: Store,
  env: NodeJS.ProcessEnv,
  log: Logger,
): Promise<Context> {
  const inception = config.portfolios[0]!.inception!;
  // A mail server configured for production must never see the demo's letters.
  const { REBALANCED_SMTP_URL: _, REBALANCED_SMTP_URL_FILE: __, ...quiet } = env;
  return createContext({
    config,
    databaseUrl: `${store.url}${store.url.includes('?') ? '&' : '?'}options=-c%20synchronous_commit%3Doff`,
    env: quiet,
    log,
    now: () => Date.parse(`${inception}T12:00:00Z`),
  });
}
