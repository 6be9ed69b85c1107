import { type Database, openDatabase } from '../adapters/postgres/database.ts';
import { migrate, schemaState } from '../adapters/postgres/migrate.ts';
import { installQueue, isQueueInstalled } from './daemon/queue.ts';
import { demoName, type Store } from './store.ts';
import { UserError } from './user-error.ts';

export type { Database } from '../adapters/postgres/database.ts';

/** Brings an embedded database up to this code's schema; a given one is only checked: its owner migrates it. */
export async function ensureSchema(store: Store): Promise<void> {
  const lacking = await missingFrom(store);
  if (lacking.length === 0) return;
  if (!store.embedded)
    throw new UserError(`the database lacks ${lacking.join(', ')}; run \`rebalanced migrate\` as its owner`);
  await migrateStore(store);
}

/** Applies the migrations and installs the queue; returns the names of what was applied. */
export async function migrateStore(store: Store): Promise<string[]> {
  await missingFrom(store);
  const applied = await migrate(store.url);
  await installQueue(store.url);
  return applied;
}

/**
 * A database to read from, of this code's schema; the caller closes it. Throws a UserError where nothing was migrated
 * yet, or by a newer version.
 */
export async function openMigrated(store: Store, { replay }: { replay: string | null }): Promise<Database> {
  const database = openDatabase(store.url, { connectionsMax: 2 });
  try {
    const lacking = await migrationsMissing(database);
    if (lacking.length === 0) return database;
  } catch (error) {
    await database.close();
    throw error;
  }
  await database.close();
  throw new UserError(
    replay !== null
      ? notReplayed(replay)
      : 'the database holds no rows of rebalanced yet; run `rebalanced migrate`, or `npm start`',
  );
}

/** What to say of a replay that is asked about before it was made. */
export const notReplayed = (name: string): string =>
  name === demoName
    ? 'the demo has not run yet; run `npm run demo` first'
    : `there is no replay ${name} yet; run \`rebalanced replay --config FILE --name ${name}\` first`;

/** What this code needs and the database has not: migrations by name, and the queue. */
async function missingFrom(store: Store): Promise<string[]> {
  const database = openDatabase(store.url, { connectionsMax: 1 });
  try {
    const names = await migrationsMissing(database);
    return (await isQueueInstalled(database)) ? names : [...names, 'its queue'];
  } finally {
    await database.close();
  }
}

async function migrationsMissing(database: Database): Promise<string[]> {
  const { state, names } = await schemaState(database);
  if (state === 'newer')
    throw new UserError(
      `the database was migrated by a newer version (${names.join(', ')}); update this one`,
    );
  return names;
}
