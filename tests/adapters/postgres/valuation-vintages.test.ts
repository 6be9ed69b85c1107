import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../src/adapters/postgres/database.ts';
import { newestValuation } from '../../../src/adapters/postgres/valuation-rows.ts';
import { testDatabase } from '../../support/database.ts';
import { databaseBefore } from '../../support/version-before.ts';

// Valuations, holdings and fills as the version before left them, one row a session.

let database: Database;
beforeAll(async () => {
  const before = await databaseBefore(await testDatabase(), '0009_valuation');
  database = before.database;
  await database.query(`insert into rebalanced.configs values ('c', '{}', '2024-01-01T00:00:00Z')`);
  await database.query(`insert into rebalanced.portfolios values ('core', 'c', '2024-01-30')`);
  await database.query(
    `insert into rebalanced.slots (task, portfolio, session, due_at, deadline_at, state, finished_at)
     values ('revalue', 'core', '2024-01-31', '2024-01-31T21:45Z', '2024-02-01T21:00Z', 'done', '2024-01-31T22:10:00.125Z')`,
  );
  const status = JSON.stringify({ state: 'normal' });
  await database.query(
    `insert into rebalanced.valuations values
       ('core', '2024-01-30', 1, 1, 1, 0, 0, 0, 'normal', 0, 1, $1),
       ('core', '2024-01-31', 1.25, 1.25, 1, 0, 0, 0, 'normal', 0, 1.25, $1)`,
    [status],
  );
  await database.query(
    `insert into rebalanced.holdings
     select 'core', session::date, strategy, symbol, weight
     from unnest(array['2024-01-30', '2024-01-31']) as session cross join unnest(array['live', 'shadow']) as strategy
     cross join (values ('SPY', 0.75), ('CASH', 0.25)) as held (symbol, weight)`,
  );
  await before.migrateOn();
});
afterAll(() => database.close());

test('are one vintage each, made when their slot was done, or at the migration', async () => {
  const { rows } = await database.query<{ session: string; at: string; held: number }>(
    `select session, valued_at as at, (
       select count(*)::integer from rebalanced.holdings h where h.session = v.session and h.valued_at = v.valued_at
     ) as held from rebalanced.valuations v order by session`,
  );
  expect(rows.map(({ session, held }) => [session, held])).toEqual([
    ['2024-01-30', 4],
    ['2024-01-31', 4],
  ]);
  expect(Date.parse(rows[0]!.at)).toBeGreaterThan(Date.parse('2024-06-01'));
  expect(Date.parse(rows[1]!.at)).toBe(Date.parse('2024-01-31T22:10:00.125Z'));
  expect(await newestValuation(database, 'core', null, ['SPY'])).toMatchObject({
    session: '2024-01-31',
    live: { weights: [0.75], cash: 0.25 },
    unfilled: null,
  });
});

test('of a session one counts', async () => {
  const again = `insert into rebalanced.valuation_vintages
    select portfolio, session, nav_gross, nav_net, nav_shadow, return_gross, return_net, drift_one_way, drawdown_state,
      drawdown_ratio, high_water_mark, drawdown, unfilled, valued_at + interval '1 day'
    from rebalanced.valuations where session = '2024-01-31'`;
  await expect(database.query(again)).rejects.toMatchObject({ constraint: 'valuations_current' });
  const supersede = (at: string) =>
    database.query(
      `update rebalanced.valuation_vintages set superseded_at = $1 where session = '2024-01-31' and superseded_at is null`,
      [at],
    );
  await expect(supersede('2024-01-31T22:10Z')).rejects.toMatchObject({
    constraint: 'valuations_superseded_later',
  });
  await supersede('2024-02-01T22:10Z');
  const { rows } = await database.query('select session from rebalanced.holdings group by session');
  expect(rows).toEqual([{ session: '2024-01-30' }]);
});
