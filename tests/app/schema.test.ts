import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/adapters/postgres/database.ts';
import { knownMigrations } from '../../src/adapters/postgres/migrate.ts';
import { ensureSchema, migrateStore } from '../../src/app/schema.ts';
import { UserError } from '../../src/app/user-error.ts';
import { testDatabase } from '../support/database.ts';

let url: string;
let database: Database;
beforeAll(async () => {
  url = await testDatabase();
  database = openDatabase(url, { connectionsMax: 1 });
});
afterAll(() => database.close());

const store = (embedded: boolean) => ({ url, embedded, close: async () => {} });

beforeEach(async () => {
  await migrateStore(store(true));
});

describe('a database', () => {
  test('that is up to date is left alone, whichever role owns it', async () => {
    await ensureSchema(store(false));
    await ensureSchema(store(true));
    expect(await migrateStore(store(false))).toEqual([]);
  });

  test('given by its address and empty is not touched: the message says what to run', async () => {
    await database.query('drop schema rebalanced cascade');
    await expect(ensureSchema(store(false))).rejects.toThrow(UserError);
    await expect(ensureSchema(store(false))).rejects.toThrow(
      `the database lacks ${knownMigrations().join(', ')}; run \`rebalanced migrate\` as its owner`,
    );
    const { rows } = await database.query(`select to_regnamespace('rebalanced') as schema`);
    expect(rows).toEqual([{ schema: null }]);
  });

  test('of its own is migrated', async () => {
    await database.query('drop schema rebalanced cascade');
    await ensureSchema(store(true));
    await ensureSchema(store(false));
  });

  test('whose migration was cut off before the queue was installed gets it at the next start', async () => {
    await database.query('drop schema rebalanced_queue cascade');
    await expect(ensureSchema(store(false))).rejects.toThrow('the database lacks its queue');
    await ensureSchema(store(true));
    await ensureSchema(store(false));
  });

  test('whose migration was cut off in the middle of the queue is fixed as well', async () => {
    await database.query(`delete from rebalanced_queue.queue where name = 'rebalanced-deliver'`);
    await expect(ensureSchema(store(false))).rejects.toThrow('the database lacks its queue');
    await ensureSchema(store(true));
    await ensureSchema(store(false));
  });

  test('that a newer version has migrated is refused, to run and to migrate', async () => {
    await database.query(`insert into rebalanced.migrations (name, run_on) values ('9999_tomorrow', now())`);
    for (const attempt of [ensureSchema, migrateStore])
      for (const embedded of [true, false])
        await expect(attempt(store(embedded))).rejects.toThrow(
          'the database was migrated by a newer version (9999_tomorrow); update this one',
        );
    await database.query(`delete from rebalanced.migrations where name = '9999_tomorrow'`);
  });
});
