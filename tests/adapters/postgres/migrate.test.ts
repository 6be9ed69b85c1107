import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../src/adapters/postgres/database.ts';
import { knownMigrations, migrate, schemaState } from '../../../src/adapters/postgres/migrate.ts';
import { projectRoot } from '../../../src/app/project.ts';
import { testDatabase } from '../../support/database.ts';

let url: string;
let database: Database;
beforeAll(async () => {
  url = await testDatabase();
  database = openDatabase(url, { connectionsMax: 1 });
});
afterAll(() => database.close());

const newest = knownMigrations().at(-1)!;

describe('the schema of a database', () => {
  test('that was just migrated is equal, and migrating it again does nothing', async () => {
    expect(await schemaState(database)).toEqual({ state: 'equal', names: [] });
    expect(await migrate(url)).toEqual([]);
  });

  test('that a newer version has migrated is newer, and names what is not known here', async () => {
    await database.query(`insert into rebalanced.migrations (name, run_on) values ('9999_tomorrow', now())`);
    expect(await schemaState(database)).toEqual({ state: 'newer', names: ['9999_tomorrow'] });
    await database.query(`delete from rebalanced.migrations where name = '9999_tomorrow'`);
  });

  test('that lacks a migration is older, and names it', async () => {
    await database.query(`delete from rebalanced.migrations where name = $1`, [newest]);
    expect(await schemaState(database)).toEqual({ state: 'older', names: [newest] });
  });

  test('that holds nothing is older by all of them', async () => {
    await database.query('drop schema rebalanced cascade');
    expect(await schemaState(database)).toEqual({ state: 'older', names: knownMigrations() });
  });

  test('migrated by two at once is whole in the end', async () => {
    const results = await Promise.allSettled([migrate(url), migrate(url)]);
    const applied = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    expect(new Set(applied).size).toBe(applied.length);
    await migrate(url);
    expect(await schemaState(database)).toEqual({ state: 'equal', names: [] });
  });
});

describe('a migration that has landed', () => {
  // What ran somewhere must not change: a fix is a further migration. Once one lands, add its SHA-256 to the file.
  const recorded: Record<string, string> = JSON.parse(
    readFileSync(join(import.meta.dirname, 'migrations.json'), 'utf8'),
  );

  test('is on record', () => {
    expect(Object.keys(recorded)).toEqual(knownMigrations());
  });

  test.each(Object.entries(recorded))('%s is as it was when it landed', (name, hash) => {
    const text = readFileSync(join(projectRoot, 'migrations', `${name}.sql`));
    expect(createHash('sha256').update(text).digest('hex')).toBe(hash);
  });
});
