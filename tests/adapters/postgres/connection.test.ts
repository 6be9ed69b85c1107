import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { readDecisions } from '../../../src/adapters/postgres/decision-rows.ts';
import { createMetricsReader } from '../../../src/adapters/postgres/views/metrics.ts';
import { readStatus } from '../../../src/adapters/postgres/views/status.ts';
import { lossesOf } from '../../../src/core/portfolio/drawdown.ts';
import { upcomingSlots } from '../../../src/core/schedule/plan.ts';
import { command } from '../../support/command.ts';
import { commandHere } from '../../support/command-here.ts';
import { dueAt, portfolioInput, runDue, testContext, testMonthEnd } from '../../support/context.ts';
import { testDatabase } from '../../support/database.ts';
import { isPgbouncerInstalled, type Pgbouncer, startPgbouncer } from '../../support/pgbouncer.ts';
import { portfolioRows } from '../../support/portfolio-rows.ts';

// A month comes out the same to the last bit however the database is set, and whatever stands before it.

const dayAfter = '2024-02-01';

/** Text formats that nobody's parser here reads, and a transaction isolation that nothing here was written for. */
const foreign = {
  datestyle: "'German, DMY'",
  intervalstyle: 'sql_standard',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  timezone: "'Asia/Kathmandu'",
  client_encoding: 'LATIN1',
  standard_conforming_strings: 'off',
  default_transaction_isolation: 'serializable',
};

/** A database of the current schema; `foreign` ones answer in formats of their own unless they are told otherwise. */
async function databaseSet(how: 'plain' | 'foreign'): Promise<string> {
  const url = await testDatabase();
  if (how === 'plain') return url;
  const name = new URL(url).pathname.slice(1);
  await asOtherClient(url, async (client) => {
    for (const [setting, value] of Object.entries(foreign))
      await client.query(`alter database ${name} set ${setting} to ${value}`);
  });
  return url;
}

/** On a connection that is not ours. */
async function asOtherClient<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The end of January with its letters, the fill a session later, and everything that is read from it afterwards. */
async function month(url: string) {
  const letter = { from: 'desk@example.org', to: ['one@example.org', 'zwei@example.org'] };
  await using context = await testContext(url, { portfolios: [portfolioInput({ letter })] });
  const portfolio = context.portfolios[0]!;
  for (const session of [testMonthEnd, dayAfter]) await runDue(context, dueAt(portfolio, session));
  const { database } = context;
  const now = dueAt(portfolio, dayAfter);
  const nextSlots = (_: string, after: string | null) => upcomingSlots(portfolio.plan, after);
  const { policy, sourceName, forecaster } = portfolio;
  const watched = [
    {
      portfolio: policy.portfolio,
      source: sourceName,
      symbols: policy.symbols,
      drawdownLimits: policy.drawdown && lossesOf(policy.drawdown),
      forecaster,
    },
  ];
  const reader = createMetricsReader(database, { portfolios: watched, nextSlots, wallClock: null });
  const folder = context.config.mail.folder;
  const files = (await readdir(folder)).sort();
  return {
    lines: context.lines.filter(({ level }) => level >= 40),
    decisions: await readDecisions(database, policy.portfolio),
    rows: await portfolioRows(database, portfolio),
    letters: (
      await database.query<{ message: Buffer }>('select message from rebalanced.letters order by recipient')
    ).rows.map(({ message }) => message.toString('latin1')),
    delivered: await Promise.all(files.map((name) => readFile(join(folder, name), 'latin1'))),
    status: await readStatus(database, { now, nextSlots, portfolios: watched }),
    metrics: await reader.read(),
  };
}

/** What our connections are set to, as a lone statement sees it and as one in a transaction does. */
async function ownSettings(url: string): Promise<Record<string, string>[]> {
  const names = [...Object.keys(foreign), 'transaction_isolation', 'statement_timeout', 'lock_timeout'];
  const text = `select ${names.map((name) => `current_setting('${name}') as ${name}`).join(', ')}`;
  const database = openDatabase(url, { connectionsMax: 1 });
  const alone = await database.query<Record<string, string>>(text);
  const within = await database.transaction((sql) => sql.query<Record<string, string>>(text));
  await database.close();
  return [alone, within].map(({ rows }) => rows[0]!);
}

const ours = {
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  timezone: 'UTC',
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
  default_transaction_isolation: 'read committed',
  transaction_isolation: 'read committed',
  statement_timeout: '1min',
  lock_timeout: '20s',
};

let plain: Awaited<ReturnType<typeof month>>;
beforeAll(async () => {
  plain = await month(await databaseSet('plain'));
});

test('the month has decisions, delivered letters and a valuation, and nothing went wrong', () => {
  expect(plain.lines).toEqual([]);
  expect(plain.decisions.map(({ decision }) => decision.asOf)).toEqual([testMonthEnd]);
  expect(plain.letters).toHaveLength(2);
  expect(plain.delivered.toSorted()).toEqual(plain.letters.toSorted());
  expect(plain.status.portfolios[0]!.valuation?.session).toBe(dayAfter);
});

describe('a database with formats of its own', () => {
  let url: string;
  let other: string;
  beforeAll(async () => {
    url = await databaseSet('foreign');
    other = await databaseSet('foreign');
  });

  test('answers other clients in them', async () => {
    const { rows } = await asOtherClient(url, (client) =>
      client.query(`select date '2024-01-31'::text as day, (1 / 3.0::float8)::text as third`),
    );
    expect(rows).toEqual([{ day: '31.01.2024', third: '0.3' }]);
  });

  test('is set to ours on our connections', async () => {
    expect(await ownSettings(url)).toEqual([ours, ours]);
  });

  test('gives the same month', async () => {
    expect(await month(url)).toEqual(plain);
  });

  test('is migrated and read by the commands', () => migratedAndRead(other, other));
});

/** Empties a database and has `rebalanced migrate` fill it again, then reads it with `rebalanced status`. */
async function migratedAndRead(
  url: string,
  through: string,
  run: typeof commandHere | typeof command = commandHere,
): Promise<void> {
  const owner = openDatabase(url, { connectionsMax: 1 });
  for (const schema of ['rebalanced', 'rebalanced_queue']) await owner.query(`drop schema ${schema} cascade`);
  await owner.close();
  const env = { DATABASE_URL: through };
  const config = join(folder, 'config.yaml');
  await writeFile(
    config,
    JSON.stringify({ portfolios: [portfolioInput()], sources: { prices: { kind: 'yahoo' } } }),
  );
  const runs = [['migrate'], ['migrate'], ['status', '--config', config]];
  const said = [];
  for (const args of runs) said.push(await run(args, env));
  expect(said.map(({ code, output, errors }) => [code, errors, output])).toEqual([
    [0, '', expect.stringMatching(/^Applied 0001_spine, .*\.\n$/)],
    [0, '', 'Nothing to do: the database is up to date.\n'],
    [0, '', expect.stringContaining('No portfolio has run yet.')],
  ]);
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rebalanced-connections-'));
});
afterAll(() => rm(folder, { recursive: true }));

const missing = isPgbouncerInstalled
  ? ''
  : ' (not run: pgbouncer is not installed, apt-get install pgbouncer)';
describe.skipIf(!isPgbouncerInstalled).each(['transaction', 'session'] as const)(
  `PgBouncer in %s mode${missing}`,
  (mode) => {
    let bouncer: Pgbouncer;
    let urls: { plain: string; foreign: string; shared: string; empty: string };
    beforeAll(async () => {
      bouncer = await startPgbouncer(inject('serverUrl'), mode);
      urls = {
        plain: await databaseSet('plain'),
        foreign: await databaseSet('foreign'),
        shared: await databaseSet('plain'),
        empty: await databaseSet('plain'),
      };
    });
    afterAll(() => bouncer.stop());

    test.each(['plain', 'foreign'] as const)('before a %s database gives the same month', async (how) => {
      expect(await month(bouncer.urlOf(urls[how]))).toEqual(plain);
    });

    test('holds our settings, whatever the database is set to', async () => {
      expect(await ownSettings(bouncer.urlOf(urls.foreign))).toEqual([ours, ours]);
    });

    test('takes nothing from other clients on the same connections, and leaves them nothing', async () => {
      const url = bouncer.urlOf(urls.shared);
      const settings = [
        'extra_float_digits',
        'bytea_output',
        'lock_timeout',
        'statement_timeout',
        'TimeZone',
      ];
      const shown = async (client: pg.Client) => {
        const { rows } = await client.query(
          `select ${settings.map((name) => `current_setting('${name}')`).join(` || ' ' || `)} as s`,
        );
        return rows[0].s;
      };
      const mine = '-15 escape 7s 8s Asia/Kathmandu';
      await asOtherClient(url, async (client) => {
        await client.query(
          'set extra_float_digits = -15; set bytea_output = escape; set lock_timeout = 7000',
        );
        await client.query(`set statement_timeout = 8000; set timezone = 'Asia/Kathmandu'`);
        expect(await shown(client)).toBe(mine);
        expect(await month(url)).toEqual(plain);
        expect(await shown(client)).toBe(mine);
      });
    });

    test('is migrated through and read through by the commands', async () => {
      await migratedAndRead(
        urls.empty,
        bouncer.urlOf(urls.empty),
        mode === 'transaction' ? command : commandHere,
      );
    });

    test('is told apart from PostgreSQL, which the demo needs', async () => {
      const { code, errors } = await commandHere(['demo'], { DATABASE_URL: bouncer.urlOf(urls.shared) });
      expect(errors).toBe(
        "rebalanced: DATABASE_URL leads to a connection pooler, through which a replay cannot keep others off its database; expected PostgreSQL's own address\n",
      );
      expect(code).toBe(2);
    });
  },
);
