import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Database, openDatabase } from '../../../src/adapters/postgres/database.ts';
import { testDatabase } from '../../support/database.ts';
import { type DatabaseProxy, startDatabaseProxy } from '../../support/database-proxy.ts';

let url: string;
let database: Database;
let proxy: DatabaseProxy;
beforeAll(async () => {
  url = await testDatabase();
  database = openDatabase(url, { connectionsMax: 2 });
  proxy = await startDatabaseProxy(url);
  await database.query('create table notes (note text, constraint notes_said check (note <> $$$$))');
});
afterAll(async () => {
  await database.close();
  await proxy.close();
});

const notes = async () =>
  (await database.query<{ note: string }>('select note from notes order by note')).rows.map(
    (row) => row.note,
  );

describe('what comes out of it', () => {
  test('dates stay dates, instants are ISO in UTC, identities and float arrays are numbers', async () => {
    const { rows } = await database.query(
      `select date '2024-03-10' as day, timestamptz '2024-03-10 02:30:00.125-05' as at, 9007199254740991::bigint as id,
         array[0.1, 2]::float8[] as numbers, 0.1::float8 as number, null::date as nothing`,
    );
    expect(rows).toEqual([
      {
        day: '2024-03-10',
        at: '2024-03-10T07:30:00.125Z',
        id: 9007199254740991,
        numbers: [0.1, 2],
        number: 0.1,
        nothing: null,
      },
    ]);
  });

  test('a double comes back bit for bit', async () => {
    const numbers = [Math.PI, 1 / 3, 5e-324, 1.7976931348623157e308, -0.1 - 0.2];
    const { rows } = await database.query<{ n: number }>('select n from unnest($1::float8[]) as t (n)', [
      numbers,
    ]);
    expect(rows.map((row) => row.n)).toEqual(numbers);
  });
});

describe('a transaction', () => {
  test('is committed when its work returns, and rolled back when it throws', async () => {
    expect(
      await database.transaction(async (sql) => {
        await sql.query(`insert into notes values ('kept')`);
        return 7;
      }),
    ).toBe(7);
    const failing = database.transaction(async (sql) => {
      await sql.query(`insert into notes values ('lost')`);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await notes()).toEqual(['kept']);
  });

  test('is rolled back by a refused statement too, whose constraint is named', async () => {
    const failing = database.transaction(async (sql) => {
      await sql.query(`insert into notes values ('lost')`);
      await sql.query(`insert into notes values ('')`);
    });
    await expect(failing).rejects.toMatchObject({ constraint: 'notes_said' });
    expect(await notes()).toEqual(['kept']);
  });
});

describe('a connection that breaks', () => {
  test('between two statements of a transaction: it fails, the process lives, and the next one works', async () => {
    const single = openDatabase(url, { connectionsMax: 1 });
    let gone = () => {};
    const ended = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const broken = single.transaction(async (sql) => {
      const { rows } = await sql.query<{ pid: number }>('select pg_backend_pid() as pid');
      await database.query('select pg_terminate_backend($1)', [rows[0]!.pid]);
      await vi.waitFor(async () => {
        const { rowCount } = await database.query('select from pg_stat_activity where pid = $1', [
          rows[0]!.pid,
        ]);
        expect(rowCount).toBe(0);
      });
      gone();
      await sql.query(`insert into notes values ('lost')`);
    });
    await expect(broken).rejects.toThrow();
    await ended;
    expect((await single.query<{ one: number }>('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(await notes()).toEqual(['kept']);
    await single.close();
  });

  test('while idle: it is told, and replaced', async () => {
    const errors: string[] = [];
    const single = openDatabase(proxy.url, {
      connectionsMax: 1,
      onError: (error) => errors.push(error.message),
    });
    await single.query('select 1');
    proxy.setReachable(false);
    await vi.waitFor(() => expect(errors).toHaveLength(1));
    await expect(single.query('select 1')).rejects.toThrow();
    proxy.setReachable(true);
    await single.query('select 1');
    await single.close();
  });

  test('at the commit: the caller is told of it, whether or not it was carried out', async () => {
    for (const [when, expected] of [
      ['before', ['kept']],
      ['after', ['in doubt', 'kept']],
    ] as const) {
      const single = openDatabase(proxy.url, { connectionsMax: 1 });
      await single.query('select 1'); // connected, and settled
      proxy.cutAt(3, when);
      const doubtful = single.transaction((sql) => sql.query(`insert into notes values ('in doubt')`));
      await expect(doubtful).rejects.toThrow();
      expect(await notes()).toEqual(expected);
      await single.close();
    }
  });
});

test('a login that is refused is not told', async () => {
  const address = new URL(url);
  address.username = 'rebalanced_unknown';
  address.password = 'hunter2';
  const refused = openDatabase(address.toString(), { connectionsMax: 1 });
  const error = await refused.query('select 1').catch((e: Error) => e);
  expect(inspect(error, { depth: 9 })).toMatch(/(authentication failed|does not exist)/);
  expect(inspect(error, { depth: 9 })).not.toMatch(/unknown|hunter2/);
  await refused.close();
});

test('a server that accepts and then says nothing is given up after five seconds', async () => {
  const silent = createServer((socket) => void socket.resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address() as { port: number };
  const hanging = openDatabase(`postgres://nobody@127.0.0.1:${address.port}/none`, { connectionsMax: 1 });
  const startedAt = performance.now();
  await expect(hanging.query('select 1')).rejects.toThrow(/timeout/);
  expect(performance.now() - startedAt).toBeLessThan(15_000);
  await hanging.close();
  await new Promise((resolve) => silent.close(resolve));
});
