import { randomBytes } from 'node:crypto';
import { type Database, openDatabase } from '../../../src/adapters/postgres/database.ts';
import { migrate } from '../../../src/adapters/postgres/migrate.ts';

export type Scratch = { url: string; database: Database; drop(): Promise<void> };

/** A migrated database of its own. */
export async function scratchDatabase(): Promise<Scratch> {
  const base = process.env.DATABASE_URL;
  if (!base) throw new Error('DATABASE_URL is not set');
  const name = `rebalanced_test_${randomBytes(6).toString('hex')}`;
  const admin = openDatabase(base, { connectionsMax: 1 });
  await admin.query(`create database ${name}`);
  const url = new URL(base);
  url.pathname = `/${name}`;
  await migrate(url.href);
  const database = openDatabase(url.href, { connectionsMax: 2 });
  return {
    url: url.href,
    database,
    async drop() {
      await database.close();
      await admin.query(`drop database ${name} with (force)`);
      await admin.close();
    },
  };
}
