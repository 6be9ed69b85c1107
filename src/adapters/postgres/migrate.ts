import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { runner } from 'node-pg-migrate';
import type { ClientBase } from 'pg';
import { openDatabase, type Sql } from './database.ts';

const folder = resolve(import.meta.dirname, '../../../migrations');

// Any fixed number; the process that migrates holds it.
const migrationLock = 7_226_031;

/**
 * Applies every migration that is missing, in order and in one transaction; returns their names. Another process that
 * migrates the same database meanwhile waits. The runner's own lock and search path belong to a connection, which a
 * pooler would hand on to others; this lock ends with the transaction, and migrations name their schema.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const database = openDatabase(databaseUrl, { connectionsMax: 1, statementMaxMs: 0 });
  try {
    const applied = await database.transaction(async (sql) => {
      await sql.query('select pg_advisory_xact_lock($1)', [migrationLock]);
      return runner({
        dbClient: within(sql),
        noLock: true,
        singleTransaction: true,
        dir: folder,
        direction: 'up',
        migrationsSchema: 'rebalanced',
        migrationsTable: 'migrations',
        createMigrationsSchema: true,
        checkOrder: true,
        log: () => {},
      });
    });
    return applied.map(({ name }) => name);
  } finally {
    await database.close();
  }
}

/** A client for the runner, within a transaction that is not the runner's to begin or to end. */
function within(sql: Sql): ClientBase {
  const query = async (text: string, values?: unknown[]) =>
    /^(BEGIN|COMMIT|ROLLBACK)$/.test(text) ? { rows: [], rowCount: null } : sql.query(text, values);
  return { query } as unknown as ClientBase;
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
