import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { loadConfig, portfolioBody } from '../../../src/app/config/load.ts';
import { demoConfigPath, prepareDemo, removeLetters } from '../../../src/app/replay/demo.ts';
import { testDatabase } from '../../support/database.ts';

const last = '2016-02-29';
const config = loadConfig(demoConfigPath);
const { id } = config.portfolios[0]!;
const { hash } = portfolioBody(config.portfolios[0]!, config.sources);
let url: string;

/** What is found in a database with these rows, and whether they are kept. */
async function found(...statements: string[]) {
  const store = { url, embedded: true, close: async () => {} };
  const database = openDatabase(url, { connectionsMax: 1 });
  for (const statement of statements) await database.query(statement);
  const prepared = await prepareDemo(store, last);
  const { rows } = await database.query('select from rebalanced.portfolios');
  await database.close();
  return { found: prepared.found, kept: rows.length > 0 };
}

const replayedTo = (session: string, state: 'waiting' | 'done') => [
  `insert into rebalanced.configs values ('${hash}', '{}', now())`,
  `insert into rebalanced.portfolios values ('${id}', '${hash}', '2016-01-04')`,
  `insert into rebalanced.slots (task, portfolio, session, due_at, deadline_at, state, finished_at)
   values ('ingest', '${id}', '${session}', now(), now(), '${state}', ${state === 'done' ? 'now()' : 'null'})`,
];
const imported = [
  `insert into rebalanced.valuations values ('${id}', '2016-01-04', 1, 1, 1, 0, 0, 0, 'normal', 0, 1, '{}')`,
  `insert into rebalanced.imported_holdings values ('${id}', '2016-01-04', 'CASH', 1, null, now())`,
];

beforeEach(async () => {
  url = await testDatabase();
});

test('a run that was cut off goes on', async () => {
  expect(await found(...replayedTo('2016-01-29', 'done'))).toEqual({ found: 'unfinished', kept: true });
});

test('so does one whose last session has open slots', async () => {
  expect(await found(...replayedTo(last, 'waiting'))).toEqual({ found: 'unfinished', kept: true });
});

test('a run that is over starts over', async () => {
  expect(await found(...replayedTo(last, 'done'))).toEqual({ found: 'none', kept: false });
});

test('a run that went further starts over', async () => {
  expect(await found(...replayedTo('2016-03-01', 'waiting'))).toEqual({ found: 'none', kept: false });
});

test('holdings imported into a run that was cut off make it start over', async () => {
  expect(await found(...replayedTo('2016-01-29', 'done'), ...imported)).toEqual({
    found: 'changed-by-hand',
    kept: false,
  });
});

test('the letters of the run before go, and nothing else; a folder that cannot be read is said', () => {
  const above = mkdtempSync(join(tmpdir(), 'rebalanced-demo-'));
  onTestFinished(() => rmSync(above, { recursive: true }));
  const folder = join(above, 'letters');
  expect(() => removeLetters(folder)).not.toThrow();
  mkdirSync(folder);
  for (const name of ['2016-01-29.eml', 'notes.txt']) writeFileSync(join(folder, name), '');
  removeLetters(folder);
  expect(readdirSync(folder)).toEqual(['notes.txt']);
  expect(() => removeLetters(join(folder, 'notes.txt'))).toThrow(/ENOTDIR/);
});
