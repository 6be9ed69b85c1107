import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { lockAccount, saveFlow, saveToldHoldings } from '../../src/adapters/postgres/account-rows.ts';
import { recordFetchOutcomes, saveBars, saveGap } from '../../src/adapters/postgres/bar-rows.ts';
import { type Database, openDatabase } from '../../src/adapters/postgres/database.ts';
import { settleLetter, takeLetter } from '../../src/adapters/postgres/letter-rows.ts';
import { savePortfolio } from '../../src/adapters/postgres/portfolio-rows.ts';
import { closeSlot, lockOpenSlots, markQueued, postponeSlot } from '../../src/adapters/postgres/slot-rows.ts';
import { readSupervision, saveSupervision } from '../../src/adapters/postgres/supervision-rows.ts';
import { openQueue } from '../../src/app/daemon/queue.ts';
import { insertRows } from '../adapters/postgres/views/rows.ts';
import { testDatabase } from '../support/database.ts';
import { dueForSupervision } from '../support/queue.ts';

// Roles belong to the whole server, so the test gives them names of its own.
const suffix = randomUUID().slice(0, 8);
const daemonRole = `rebalanced_daemon_${suffix}`;
const readerRole = `rebalanced_reader_${suffix}`;
const rolesSql = readFileSync(resolve(import.meta.dirname, '../../ops/postgres/roles.sql'), 'utf8')
  .replaceAll('rebalanced_daemon', daemonRole)
  .replaceAll('rebalanced_reader', readerRole);

let owner: Database;
let daemon: Database;
let reader: Database;

async function dropRoles() {
  const server = openDatabase(inject('serverUrl'), { connectionsMax: 1 });
  await server.query(`drop role if exists ${daemonRole}, ${readerRole}`).finally(() => server.close());
}

// Hooks run last first: connections are closed, then the database goes, and with it the roles' privileges.
afterAll(dropRoles);
const url = await testDatabase();
afterAll(() => Promise.all([owner, daemon, reader].map((database) => database?.close())));

beforeAll(async () => {
  owner = openDatabase(url, { connectionsMax: 1 });
  await owner.query(rolesSql);
  await owner.query(`grant ${daemonRole}, ${readerRole} to current_user`);
  const as = (role: string) => {
    const address = new URL(url);
    address.searchParams.set('options', `-c role=${role} -c timezone=UTC`);
    return openDatabase(address.href, { connectionsMax: 2 });
  };
  daemon = as(daemonRole);
  reader = as(readerRole);
});

type Grant = { name: string; privileges: string };

/** Every privilege of both roles on every table and column, as text. */
async function grants(): Promise<Grant[]> {
  const { rows } = await owner.query<Grant>(
    `select c.oid::regclass || coalesce('.' || a.attname, '') as name,
       coalesce(c.relacl, '{}')::text || coalesce(a.attacl, '{}')::text as privileges
     from pg_class c left join pg_attribute a on a.attrelid = c.oid and a.attacl is not null
     where relnamespace in ('rebalanced'::regnamespace, 'rebalanced_queue'::regnamespace) order by 1`,
  );
  return rows;
}

async function tables(schema = 'rebalanced'): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(
    `select table_schema || '.' || table_name as name from information_schema.tables
     where table_schema = $1 and table_type = 'BASE TABLE' order by 1`,
    [schema],
  );
  return rows.map(({ name }) => name);
}

const refused = /permission denied|must be owner/;

test('a connection really is the role it says', async () => {
  for (const [database, role] of [
    [daemon, daemonRole],
    [reader, readerRole],
  ] as const)
    expect(
      (await database.query<{ current_user: string }>('select current_user')).rows[0]!.current_user,
    ).toBe(role);
});

test('running it again changes nothing, and takes back what was granted by hand', async () => {
  const before = await grants();
  await owner.query(`grant delete on rebalanced.decisions to ${daemonRole}`);
  expect(await grants()).not.toEqual(before);
  await owner.query(rolesSql);
  expect(await grants()).toEqual(before);
});

describe('the daemon', () => {
  test('writes all it has to write', async () => {
    await insertRows(daemon);
    expect(await savePortfolio(daemon, 'core', 'c1', '2030-01-02', 0)).toBe('2024-01-02');
    const bar = {
      symbol: 'SPY',
      session: '2024-03-01',
      close: 503,
      dividend: 0,
      splitRatio: 1,
      high: null,
      low: null,
      volume: null,
    };
    await saveBars(
      daemon,
      'file',
      'total-return',
      { bars: [bar], restated: [bar] },
      Date.parse('2024-03-09T00:00:00Z'),
    );
    await saveGap(daemon, {
      source: 'file',
      symbol: 'SPY',
      session: '2024-03-04',
      reason: 'closed',
      at: Date.parse('2024-03-09T00:00:00Z'),
    });
    await recordFetchOutcomes(daemon, 'file', Date.parse('2024-03-09T00:00:00Z'), [
      { symbol: 'SPY', failure: null, restated: 1, readTo: null, comparedOn: null, revision: null },
    ]);
    await daemon.transaction(async (sql) => {
      await lockAccount(sql, 'core');
      const lines = [{ symbol: 'CASH', weight: 1, quantity: null, price: null }];
      const at = await saveToldHoldings(sql, 'core', '2024-03-01', 'flow', lines, 0);
      await saveFlow(sql, 'core', { session: '2024-03-01', amount: 5, kind: 'deposit', note: null }, at);
    });
    const [first, second] = await daemon.transaction((sql) => lockOpenSlots(sql, 'core'));
    await markQueued(daemon, [second!]);
    await postponeSlot(
      daemon,
      second!,
      Date.parse('2024-03-09T00:00:00Z'),
      { firstSeconds: 60, maxSeconds: 600 },
      'no route to host',
    );
    expect(await closeSlot(daemon, first!, 'done', Date.parse('2024-03-09T00:00:00Z'))).toBe(true);
    const letter = await takeLetter(daemon, 'core', '2024-02-29');
    await settleLetter(daemon, letter!.letterId, 'sent', null, Date.parse('2024-03-09T00:00:00Z'));
  });

  test('works the queue', async () => {
    const errors: Error[] = [];
    const queue = await openQueue(daemon, { onError: (error) => errors.push(error) });
    const slot = {
      task: 'ingest',
      portfolio: 'core',
      session: '2024-03-05',
      reason: null,
      dueAt: 0,
      deadlineAt: 1,
    } as const;
    await daemon.transaction((sql) => queue.send(sql, [slot]));
    const [job] = await queue.take('ingest', 1);
    expect(job!.slot).toEqual(slot);
    await queue.keepAlive(job!);
    await queue.finish(job!);
    await queue.close();
    expect(errors).toEqual([]);
  });

  test('keeps the queue in order: dead jobs, old jobs, statistics', async () => {
    const errors: Error[] = [];
    const queue = await openQueue(daemon, { onError: (error) => errors.push(error) });
    await dueForSupervision(owner);
    await queue.supervise();
    await saveSupervision(daemon, Date.parse('2024-03-09T00:00:00Z'));
    await saveSupervision(daemon, Date.parse('2024-03-08T00:00:00Z'));
    expect(await readSupervision(daemon)).toBe(Date.parse('2024-03-09T00:00:00Z') / 1000);
    await queue.close();
    expect(errors).toEqual([]);
  });

  test('has a say on every table, so that a new one is not forgotten here', async () => {
    const { rows } = await owner.query<{ name: string }>(
      `select table_schema || '.' || table_name as name from information_schema.role_table_grants
       where grantee = $1 and privilege_type = 'INSERT' and table_schema = 'rebalanced' order by 1`,
      [daemonRole],
    );
    expect(rows.map(({ name }) => name)).toEqual(
      (await tables()).filter((name) => !['rebalanced.migrations', 'rebalanced.replay'].includes(name)),
    );
  });

  test('cannot delete or empty any table, nor change its form', async () => {
    for (const table of (await tables()).filter((name) => name !== 'rebalanced.raw_answers'))
      for (const statement of [
        `delete from ${table}`,
        `truncate ${table} cascade`,
        `drop table ${table} cascade`,
        `alter table ${table} add column extra text`,
        `alter table ${table} disable trigger all`,
      ])
        await expect(daemon.query(statement), statement).rejects.toThrow(refused);
    await expect(daemon.query('create table rebalanced.extra (x int)')).rejects.toThrow(refused);
    await expect(daemon.query('drop schema rebalanced cascade')).rejects.toThrow(refused);
    await expect(
      daemon.query(`insert into rebalanced.migrations (name, run_on) values ('x', now())`),
    ).rejects.toThrow(refused);
  });

  test.each([
    'update rebalanced.configs set body = body',
    'update rebalanced.portfolios set inception = inception',
    'update rebalanced.bars set close = close',
    'update rebalanced.gaps set reason = reason',
    'update rebalanced.slots set session = session',
    'update rebalanced.models set artefact = artefact',
    'update rebalanced.model_roles set reason = reason',
    'update rebalanced.decisions set fallback_level = fallback_level',
    'update rebalanced.targets set weight = weight',
    'update rebalanced.fills set cost_ratio = cost_ratio',
    'update rebalanced.valuation_vintages set nav_net = nav_net',
    'update rebalanced.valuation_vintages set valued_at = valued_at',
    'update rebalanced.holding_vintages set weight = weight',
    'update rebalanced.valuations set nav_net = nav_net',
    'update rebalanced.restatements set effect_bps = effect_bps',
    'update rebalanced.imported_holdings set weight = weight',
    'update rebalanced.flows set amount = amount',
    'update rebalanced.letters set message = message',
    'update rebalanced.letters set recipient = recipient',
  ])('cannot %s', async (statement) => {
    await expect(daemon.query(statement)).rejects.toThrow(refused);
  });
});

describe('the reader', () => {
  test('reads every table and view, the queue too', async () => {
    const views = [
      'rebalanced.newest_decisions',
      'rebalanced.current_targets',
      'rebalanced.cost_history',
      'rebalanced.told_holdings',
      'rebalanced.account_imports',
      'rebalanced.valuations',
      'rebalanced.holdings',
    ];
    const names = [...(await tables()), ...(await tables('rebalanced_queue')), ...views];
    for (const name of names) await reader.query(`select * from ${name} limit 1`);
  });

  test('writes nothing', async () => {
    for (const table of [...(await tables()), ...(await tables('rebalanced_queue'))])
      for (const statement of [
        `insert into ${table} default values`,
        `delete from ${table}`,
        `truncate ${table} cascade`,
      ])
        await expect(reader.query(statement), statement).rejects.toThrow(refused);
    await expect(reader.query(`update rebalanced.slots set state = 'done'`)).rejects.toThrow(refused);
    await expect(reader.query('create table rebalanced.extra (x int)')).rejects.toThrow(refused);
  });
});

test('a table of a later migration can be read by both and written by neither, until it is granted', async () => {
  await owner.query('create table rebalanced.later (x integer)');
  for (const database of [daemon, reader]) {
    expect((await database.query('select * from rebalanced.later')).rows).toEqual([]);
    await expect(database.query('insert into rebalanced.later values (1)')).rejects.toThrow(refused);
  }
  await owner.query('drop table rebalanced.later');
});
