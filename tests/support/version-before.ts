import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, openDatabase } from '../../src/adapters/postgres/database.ts';
import { knownMigrations } from '../../src/adapters/postgres/migrate.ts';
import { projectRoot } from '../../src/app/project.ts';

/** A database as it was before the migration `name`, and what applies that one and all later ones. */
export async function databaseBefore(
  url: string,
  name: string,
): Promise<{ database: Database; migrateOn(): Promise<void> }> {
  const database = openDatabase(url, { connectionsMax: 1 });
  await database.query('drop schema rebalanced cascade');
  const names = knownMigrations();
  const at = names.indexOf(name);
  const apply = async (some: readonly string[]) => {
    for (const one of some)
      await database.query(readFileSync(join(projectRoot, 'migrations', `${one}.sql`), 'utf8'));
  };
  await apply(names.slice(0, at));
  return { database, migrateOn: () => apply(names.slice(at)) };
}
