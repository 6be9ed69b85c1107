import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/adapters/postgres/database.ts';
import { command } from '../support/command.ts';
import { commandHere } from '../support/command-here.ts';
import { testDatabase } from '../support/database.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';

// Whatever is wrong with what it was given: one sentence that names the place and what was expected, exit code 2,
// and nothing written.

const good = `portfolios:
  - id: core
    symbols: [AAA, BBB]
    source: prices
    inception: 2024-01-29
    historyStart: 2023-10-02
    allocator: { method: equal }
sources:
  prices: { kind: file, path: prices.csv, basis: total-return }
mail: { folder: /nowhere/letters }
`;
const prices = `date,AAA,BBB\n2024-01-26,10,20\n2024-01-29,10.5,20.5\n2024-01-30,10.6,20.6\n`;

let url: string;
let database: Database;
let folder: string;
let before: string;
beforeAll(async () => {
  url = await testDatabase();
  database = openDatabase(url, { connectionsMax: 1 });
  folder = await mkdtemp(join(tmpdir(), 'rebalanced-input-'));
  await writeFile(join(folder, 'good.yaml'), good);
  await writeFile(join(folder, 'prices.csv'), prices);
  before = await counts();
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

/** How many rows each table holds; that a configuration was seen is no harm. */
async function counts(): Promise<string> {
  const { rows } = await database.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema in ('rebalanced', 'rebalanced_queue') and table_type = 'BASE TABLE' order by 1`,
  );
  const found: string[] = [];
  for (const { name } of rows) {
    if (/^rebalanced\.(configs|portfolios)$|^rebalanced_queue\.(?!job)/.test(name)) continue;
    const { rows: counted } = await database.query<{ n: number }>(
      `select count(*)::integer as n from ${name}`,
    );
    found.push(`${name} ${counted[0]!.n}`);
  }
  return found.join('\n');
}

let files = 0;
async function configFile(text: string): Promise<string> {
  files += 1;
  const path = join(folder, `bad-${files}.yaml`);
  await writeFile(path, text);
  return path;
}

type Run = (
  args: readonly string[],
  env?: Record<string, string>,
) => Promise<{ code: number | null; output: string; errors: string }>;

/** Runs a command that must be refused, in this process or in one of its own; returns its sentence. */
async function refusal(
  args: readonly string[],
  env: Record<string, string> = {},
  run: Run = commandHere,
): Promise<string> {
  const { code, output, errors } = await run(args, { DATABASE_URL: url, LOG_LEVEL: 'silent', ...env });
  expect(errors, output).not.toMatch(/\n\s+at /); // no stack
  expect([code, output], errors).toEqual([2, '']);
  const [sentence, ...more] = errors.trim().split('\n');
  // Commander may add what was perhaps meant, and where help is.
  for (const line of more) expect(line).toMatch(/^\(.*\)$/);
  return sentence!;
}

const refusalOfProcess = (args: readonly string[], env: Record<string, string> = {}) =>
  refusal(args, env, command);

afterAll(async () => {
  expect(await counts()).toBe(before);
});

describe.concurrent('the command line', () => {
  test.each<[string[], RegExp]>([
    [['dance'], /unknown command 'dance'/],
    [['status', '--jsno'], /unknown option '--jsno'/],
    [['targets', '--as-of', '2024-02-30'], /--as-of <date>.*'2024-02-30'.*Expected a date like 2024-12-31/],
    [['targets', '--as-of', 'yesterday'], /'yesterday'.*Expected a date like 2024-12-31/],
    [['targets', '--format', 'xml'], /'xml'.*Allowed choices are table, csv, json/],
    [
      ['demo', '--until', '2031-01-01'],
      /--until 2031-01-01 is outside .*; expected 201\d-\d\d-\d\d to 2022-12-28/,
    ],
    [['backtest', '--from', 'soon'], /'soon'.*Expected a date/],
    [['allocate', '--method', 'magic', '--prices', 'x.csv'], /'magic'.*Allowed choices are/],
  ])('%j', async (args, sentence) => {
    expect(await refusalOfProcess(args)).toMatch(sentence);
  });
});

describe('a configuration', () => {
  test('that is not there', async () => {
    expect(await refusal(['status', '--config', '/nowhere/config.yaml'])).toMatch(
      /cannot read the configuration \/nowhere\/config.yaml: expected a YAML file there/,
    );
  });

  test('that is a folder', async () => {
    expect(await refusal(['status', '--config', folder])).toContain(
      `cannot read the configuration ${folder}`,
    );
  });

  // Each is a file named after its fault, whose last line is a pattern of the sentence that must be said.
  const faults = join(import.meta.dirname, 'bad-configurations');
  test.each(readdirSync(faults))('%s', async (file) => {
    const path = join(faults, file);
    const [, pattern] = /# refused: (.*)\n$/.exec(readFileSync(path, 'utf8'))!;
    const said = await refusal(['status', '--config', path]);
    expect(said).toMatch(new RegExp(pattern!));
    expect(said).toContain(path);
  });
});

describe('a database', () => {
  const status = (DATABASE_URL: string) =>
    refusal(['status', '--config', join(folder, 'good.yaml')], { DATABASE_URL });

  test('whose address is none', async () => {
    expect(await status('localhost:5432')).toBe(
      'rebalanced: DATABASE_URL is no database address; expected postgres://user:password@host:port/database',
    );
  });

  const unescaped = [
    'postgres://me:12/s3cretTail@127.0.0.1:1/prod',
    'postgres://me:s3cr/etTail@127.0.0.1:1/prod',
    'postgres://me:qu@mp!#s3cretTail@127.0.0.1:1/prod',
    'postgres://me:12?s3cretTail@127.0.0.1:1/prod',
  ];
  const withoutLogin = (said: string) => {
    expect(said).toMatch(/^rebalanced: DATABASE_URL .*; in a user or a password write \/ as %2F, @ as %40/);
    expect(said).not.toMatch(/me:|s3c|cretT|etTail|mp!|prod/);
  };

  test.each(unescaped)('whose password is not escaped: %s', async (address) => {
    withoutLogin(await status(address));
    withoutLogin(await refusal(['migrate'], { DATABASE_URL: address }));
  });

  test('whose password is not escaped, in processes of their own', async () => {
    const env = { DATABASE_URL: unescaped[0]! };
    withoutLogin(await refusalOfProcess(['status', '--config', join(folder, 'good.yaml')], env));
    withoutLogin(await refusalOfProcess(['migrate'], env));
    withoutLogin(await refusalOfProcess(['run', '--config', join(folder, 'good.yaml')], env));
  });

  test('that does not answer', async () => {
    const proxy = await startDatabaseProxy(url);
    await proxy.close();
    const said = await status(proxy.url);
    expect(said).toMatch(
      /cannot reach the database at 127\.0\.0\.1:\d+\/\w+: .*; expected a PostgreSQL there/,
    );
    const { password } = new URL(url);
    if (password) expect(said).not.toContain(password);
  });

  test('that is no PostgreSQL', async () => {
    const server = createServer((socket) => socket.end('220 mail.example.org ESMTP\r\n')).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    expect(await status(`postgres://u:hunter2@127.0.0.1:${port}/d`)).toMatch(
      /cannot reach the database at 127/,
    );
    server.close();
  });

  test('that does not know the user or the password', async () => {
    const unknownRole = new URL(url);
    unknownRole.username = 'rebalanced_unknown';
    unknownRole.password = 'hunter2';
    const said = await status(unknownRole.toString());
    expect(said).toMatch(/cannot reach the database at .*(password authentication failed|does not exist)/);
    expect(said).not.toMatch(/hunter2|unknown/);
  });

  test('that holds no tables yet', async () => {
    const other = new URL(await emptyDatabase());
    expect(await status(other.toString())).toMatch(/run `rebalanced migrate`/);
    const said = await refusal(['ingest', '--config', join(folder, 'good.yaml')], {
      DATABASE_URL: other.toString(),
    });
    expect(said).toMatch(/the database lacks 0001_spine.*; run `rebalanced migrate` as its owner/);
  });

  test('whose secret is given twice', async () => {
    const said = await refusal(['status'], { DATABASE_URL_FILE: '/nowhere/secret' });
    expect(said).toBe('rebalanced: DATABASE_URL and DATABASE_URL_FILE are both set; expected one of them');
  });

  let empty: string;
  beforeAll(async () => {
    empty = await testDatabase();
    const owner = openDatabase(empty, { connectionsMax: 1 });
    await owner.query('drop schema rebalanced cascade');
    await owner.query('drop schema rebalanced_queue cascade');
    await owner.close();
  });
  const emptyDatabase = async () => empty;
});

test('a tick that is no cron line, at the start of the daemon', async () => {
  const path = await configFile(`${good}schedule: { cron: every minute }\nserver: { port: 0 }\n`);
  expect(await refusal(['run', '--config', path])).toBe(
    'rebalanced: schedule.cron is "every minute"; expected a cron line such as "* * * * *"',
  );
});

describe('a portfolio, a session', () => {
  test('that nobody configured', async () => {
    const args = ['targets', '--config', join(folder, 'good.yaml'), '--portfolio', 'other'];
    expect(await refusal(args)).toBe(
      'rebalanced: no portfolio other in the configuration; expected one of core',
    );
  });

  test('not named where there are several', async () => {
    const path = await configFile(
      good.replace(
        'sources:',
        '  - { id: more, symbols: [AAA], source: prices, allocator: { method: equal } }\nsources:',
      ),
    );
    expect(await refusal(['targets', '--config', path])).toBe(
      'rebalanced: name a portfolio with --portfolio: core, more',
    );
  });

  test('without any decision', async () => {
    expect(await refusal(['targets', '--config', join(folder, 'good.yaml')])).toMatch(
      /core has no decision yet; expected/,
    );
  });
});

describe('a file of prices', () => {
  const withPrices = async (name: string, text: string | null) => {
    if (text !== null) await writeFile(join(folder, name), text);
    return configFile(good.replace('prices.csv', name));
  };

  test.each<[string, string | null, RegExp]>([
    ['that is not there', null, /the file .*none\.csv is not there; expected a CSV file of prices/],
    ['without a date', 'AAA,BBB\n1,2\n', /line 1 begins with the column AAA; expected/],
    [
      'with a word for a price',
      'date,AAA,BBB\n2024-01-29,ten,20\n',
      /line 2 has "ten" in the column AAA; expected a number/,
    ],
    [
      'with a price of 0',
      'date,AAA,BBB\n2024-01-29,0,20\n',
      /line 2 has "0" in the column AAA; expected a number above 0/,
    ],
    [
      'with a day that is none',
      'date,AAA,BBB\n30.02.2024,10,20\n',
      /line 2 has "30.02.2024" in the column date; expected a date like 2024-12-31/,
    ],
    ['without one of the symbols', 'date,AAA\n2024-01-29,10\n', /has no BBB; it has AAA/],
  ])('%s', async (what, text, sentence) => {
    const path = await withPrices(
      text === null ? 'none.csv' : `prices-${what.replaceAll(' ', '-')}.csv`,
      text,
    );
    expect(await refusal(['ingest', '--config', path])).toMatch(sentence);
  });
});

test('a file of prices is refused by a process of its own in the same way', async () => {
  const path = await configFile(good.replace('prices.csv', 'none.csv'));
  expect(await refusalOfProcess(['ingest', '--config', path])).toBe(
    `rebalanced: sources.prices: the file ${join(folder, 'none.csv')} is not there; expected a CSV file of prices, plain or gzip`,
  );
});

test('an environment that asks for a backend nobody has', async () => {
  const args = ['ingest', '--config', join(folder, 'good.yaml')];
  expect(await refusal(args, { REBALANCED_BACKEND: 'cuda' })).toBe(
    'rebalanced: REBALANCED_BACKEND is cuda; expected auto, tensorflow or wasm',
  );
});

describe('a mail server in the environment that is none', () => {
  const args = () => ['ingest', '--config', join(folder, 'good.yaml')];
  const env = { REBALANCED_SMTP_URL: 'http://desk:hunter2@mail' };

  test('is told without its password', async () => {
    const { errors } = await commandHere(args(), { DATABASE_URL: url, ...env });
    expect(errors).toMatch(/^rebalanced: .*the mail server's address begins with http:.*expected smtp:.*\n$/);
    expect(errors).not.toContain('hunter2');
  });

  test('ends with 2', async () => {
    await refusal(args(), env);
  });
});
