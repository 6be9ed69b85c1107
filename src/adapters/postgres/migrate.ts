import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { runner } from 'node-pg-migrate';
import type { Sql } from './database.ts';

const folder = resolve(import.meta.dirname, '../../../migrations');

/** Applies every migration that is missing, in order, each in its own transaction; returns their names. */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const applied = await runner({
    databaseUrl,
    dir: folder,
    direction: 'up',
    schema: 'rebalanced',
    createSchema: true,
    migrationsSchema: 'rebalanced',
    migrationsTable: 'migrations',
    createMigrationsSchema: true,
    checkOrder: true,
    log: () => {},
  });
  return applied.map(({ name }) => name);
}

/** Names of the migrations this code was written for. */
export function knownMigrations(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .map((name) => name.slice(0, -'.sql'.length))
    .sort();
}

/**
 * Compares the database's schema with this code's.
 * `older`: run `rebalanced migrate`; `newer`: a newer version has migrated it, and this one must not touch it.
 */
export async function schemaState(
  sql: Sql,
): Promise<{ state: 'equal' | 'older' | 'newer'; names: string[] }> {
  const exists = await sql.query<{ found: boolean }>(
    `select to_regclass('rebalanced.migrations') is not null as found`,
  );
  const applied = exists.rows[0]!.found
    ? (await sql.query<{ name: string }>('select name from rebalanced.migrations order by id')).rows.map(
        (r) => r.name,
      )
    : [];
  const known = knownMigrations();
  const unknown = applied.filter((name) => !known.includes(name));
  if (unknown.length > 0) return { state: 'newer', names: unknown };
  const missing = known.filter((name) => !applied.includes(name));
  return missing.length > 0 ? { state: 'older', names: missing } : { state: 'equal', names: [] };
}
