import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { testDatabase } from '../../support/database.ts';
import { insertManyDecisions } from '../../support/many-decisions.ts';

const database = openDatabase(await testDatabase(), { connectionsMax: 1 });
beforeAll(async () => {
  await insertManyDecisions(database, 'long', 10_000, ['SPY', 'GLD']);
  await insertManyDecisions(database, 'short', 3, ['SPY']);
  await database.query(`insert into rebalanced.portfolios values ('undecided', 'many', '2000-01-03')`);
});
afterAll(() => database.close());

test('the newest decision is the last revision of the last session decided, of each portfolio that has decided', async () => {
  const { rows } = await database.query(
    `select portfolio, session::text as session, revision, reason from rebalanced.newest_decisions order by portfolio`,
  );
  expect(rows).toEqual([
    { portfolio: 'long', session: '2027-05-20', revision: 2, reason: 'manual' },
    { portfolio: 'short', session: '2000-01-05', revision: 2, reason: 'manual' },
  ]);
});

test('current targets are those of the newest decisions, cash among them', async () => {
  const { rows } = await database.query(
    `select portfolio, session::text as session, revision, symbol, weight from rebalanced.current_targets
     where portfolio = 'long' order by symbol`,
  );
  const newest = { portfolio: 'long', session: '2027-05-20', revision: 2 };
  expect(rows).toEqual([
    { ...newest, symbol: 'CASH', weight: 0.5 },
    { ...newest, symbol: 'GLD', weight: 0.25 },
    { ...newest, symbol: 'SPY', weight: 0.25 },
  ]);
});

type PlanNode = { 'Node Type': string; 'Relation Name'?: string; 'Actual Rows': number; Plans?: PlanNode[] };

test.each(['newest_decisions', 'current_targets'])(
  '%s reads one decision of a portfolio, however many there are',
  async (view) => {
    const { rows } = await database.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `explain (analyze, format json) select * from rebalanced.${view} where portfolio = any('{long,short}')`,
    );
    const nodes = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodes)];
    const scans = nodes(rows[0]!['QUERY PLAN'][0].Plan).filter(
      (node) => node['Relation Name'] === 'decisions',
    );
    expect(scans.map((node) => [node['Node Type'], node['Actual Rows']])).toEqual([['Index Scan', 1]]);
  },
);
