import { openDatabase } from '../adapters/postgres/database.ts';
import { migrate, schemaState } from '../adapters/postgres/migrate.ts';
import { installQueue } from './queue.ts';
import type { Store } from './store.ts';
import { UserError } from './user-error.ts';

/** Brings an embedded database up to this code's schema; a given one is only checked: its owner migrates it. */
export async function ensureSchema(store: Store): Promise<void> {
  const database = openDatabase(store.url, { connectionsMax: 1 });
  const { state, names } = await schemaState(database).finally(() => database.close());
  if (state === 'equal') return;
  if (state === 'newer')
    throw new UserError(
      `the database was migrated by a newer version (${names.join(', ')}); update this one`,
    );
  if (!store.embedded)
    throw new UserError(`the database lacks ${names.join(', ')}; run \`rebalanced migrate\` as its owner`);
  await migrateStore(store);
}

/** Applies the migrations and installs the queue; returns the names of what was applied. */
export async function migrateStore(store: Store): Promise<string[]> {
  const applied = await migrate(store.url);
  await installQueue(store.url);
  return applied;
}
