import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, inject } from 'vitest';

/** Address of a new database with the current schema, for this test file alone; it is dropped afterwards. */
export async function testDatabase(): Promise<string> {
  const name = `rebalanced_test_${randomUUID().replaceAll('-', '')}`;
  const server = inject('serverUrl');
  if (!server)
    throw new Error(
      'No PostgreSQL was started for this file: import support/database.ts or task-bench.ts in the file itself (tests/projects.ts)',
    );
  await onServer(server, `create database ${name} template ${inject('templateDatabase')}`);
  afterAll(() => onServer(server, `drop database if exists ${name} with (force)`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.toString();
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
