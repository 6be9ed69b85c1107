import { afterAll, beforeAll, expect, test } from 'vitest';
import { importedOn, readAccount, readHeldShares } from '../../../src/adapters/postgres/account-rows.ts';
import type { Database } from '../../../src/adapters/postgres/database.ts';
import { testDatabase } from '../../support/database.ts';
import { databaseBefore } from '../../support/version-before.ts';

// Accounts as the version before left them: reports of quantities without the prices they were valued at.

let database: Database;
beforeAll(async () => {
  const before = await databaseBefore(await testDatabase(), '0009_valuation');
  database = before.database;
  await database.query(`insert into rebalanced.configs values ('c', '{}', '2024-01-01T00:00:00Z')`);
  await database.query(`insert into rebalanced.portfolios values ('core', 'c', '2024-01-02')`);
  await database.query(
    `insert into rebalanced.valuations values
       ('core', '2024-01-30', 1, 1, 1, 0, 0, 0, 'normal', 0, 1, '{}'),
       ('core', '2024-01-31', 1.25, 1.25, 1, 0, 0, 0, 'normal', 0, 1.25, '{}'),
       ('core', '2024-02-01', 1.5, 1.5, 1, 0, 0, 0, 'normal', 0, 1.5, '{}')`,
  );
  const report = (session: string, lines: [string, number, number | null][]) =>
    database.query(
      `insert into rebalanced.imported_holdings
       select 'core', $1, symbol, weight, quantity, '2024-02-02T00:00:00Z'
       from unnest($2::text[], $3::float8[], $4::float8[]) as line (symbol, weight, quantity)`,
      [
        session,
        lines.map(([symbol]) => symbol),
        lines.map(([, weight]) => weight),
        lines.map(([, , q]) => q),
      ],
    );
  await report('2024-01-30', [
    ['AAA', 0.5, 10],
    ['BBB', 0.25, 2],
    ['CCC', 0, 0],
    ['CASH', 0.25, 500],
  ]);
  await report('2024-01-31', [
    ['AAA', 0.5, null],
    ['CASH', 0.5, null],
  ]);
  await report('2024-02-01', [
    ['AAA', 1, 7],
    ['CASH', 0, 0],
  ]);
  await before.migrateOn();
});
afterAll(() => database.close());

test('the prices of a report that told cash follow from its weights, and with them its worth', async () => {
  const { rows } = await database.query(
    `select symbol, price from rebalanced.imported_holdings where session = '2024-01-30' order by symbol`,
  );
  expect(rows).toEqual([
    { symbol: 'AAA', price: 100 },
    { symbol: 'BBB', price: 250 },
    { symbol: 'CASH', price: null },
    { symbol: 'CCC', price: null },
  ]);
});

test('an account is worth what could be worked out, and nothing is made of the rest', async () => {
  expect(await readAccount(database, { id: 'core', portfolioValue: 5 })).toEqual({
    portfolioValue: 5,
    imports: [{ session: '2024-01-30', amount: 2000, navNet: 1, importedAt: '2024-02-02T00:00:00.000Z' }],
    flows: [],
  });
  expect(await importedOn(database, 'core', null)).toBe('2024-02-01');
  expect(await importedOn(database, 'core', '2024-01-31')).toBe('2024-01-31');
  expect(await importedOn(database, 'core', '2024-01-29')).toBeNull();
});

test('shares are known where the newest report told quantities that could be valued', async () => {
  expect(await readHeldShares(database, 'core', '2024-01-30')).toEqual({
    session: '2024-01-30',
    shares: new Map([
      ['AAA', 10],
      ['BBB', 2],
      ['CCC', 0],
    ]),
  });
  expect(await readHeldShares(database, 'core', '2024-01-31')).toBeNull();
  expect(await readHeldShares(database, 'core', '2024-01-29')).toBeNull();
});
