import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { demoPlan } from '../../../src/app/replay/demo.ts';
import { planHash } from '../../../src/app/replay/plan.ts';
import { prepareReplay, removeLetters } from '../../../src/app/replay/prepare.ts';
import { testDatabase } from '../../support/database.ts';

const last = '2016-02-29';
const plan = demoPlan(last, {});
const hash = planHash(plan.config);
let url: string;

/** What is found in a database with these rows, and whether they are kept. */
async function found(statements: readonly string[], options = { again: true }) {
  const store = { url, embedded: true, close: async () => {} };
  const database = openDatabase(url, { connectionsMax: 1 });
  for (const statement of statements) await database.query(statement);
  const said = await prepareReplay(store, plan, options);
  const { rows } = await database.query('select from rebalanced.configs');
  const { rows: now } = await database.query('select last_session, finished_at from rebalanced.replay');
  await database.close();
  return { found: said, kept: rows.length > 0, now };
}

const replayedTo = (session: string, finished: boolean, of = hash) => [
  `insert into rebalanced.configs values ('c', '{}', now())`,
  `insert into rebalanced.portfolios (portfolio, config_hash, inception) values ('p', 'c', '2016-01-04')`,
  `insert into rebalanced.replay (name, config_path, plan_hash, last_session, finished_at)
   values ('demo', '/demo.yaml', '${of}', '${session}', ${finished ? "'2020-01-01T00:00:00Z'" : 'null'})`,
];
const imported = `insert into rebalanced.imported_holdings (portfolio, session, symbol, weight, imported_at)
  values ('p', '2016-01-04', 'CASH', 1, now())`;
const going = [{ last_session: last, finished_at: null }];

beforeEach(async () => {
  url = await testDatabase();
});

test('a run that was cut off goes on', async () => {
  expect(await found(replayedTo(last, false))).toEqual({ found: 'unfinished', kept: true, now: going });
});

test('one that is over and ended earlier goes on to the new end', async () => {
  expect(await found(replayedTo('2016-01-29', true))).toEqual({
    found: 'unfinished',
    kept: true,
    now: going,
  });
});

test('one that is over starts over where that is asked for, and stays as it is elsewhere', async () => {
  expect(await found(replayedTo(last, true))).toEqual({ found: 'none', kept: false, now: going });
  const again = await found(replayedTo(last, true).slice(0, 2), { again: false });
  expect(again).toMatchObject({ found: 'unfinished' });
});

test('one that is over is found as it is', async () => {
  expect(await found(replayedTo(last, true), { again: false })).toMatchObject({ found: 'over', kept: true });
});

test('one that went further, or replayed something else, starts over', async () => {
  expect(await found(replayedTo('2016-03-01', false))).toEqual({ found: 'none', kept: false, now: going });
  expect(await found(['delete from rebalanced.replay', ...replayedTo(last, false, 'other')])).toEqual({
    found: 'none',
    kept: false,
    now: going,
  });
});

test('an empty database begins', async () => {
  expect(await found([])).toEqual({ found: 'none', kept: false, now: going });
});

test('holdings imported into a run that was cut off make it start over', async () => {
  const database = openDatabase(url, { connectionsMax: 1 });
  await database.query(
    `alter table rebalanced.imported_holdings drop constraint if exists imported_holdings_valuation`,
  );
  await database.close();
  expect(await found([...replayedTo(last, false), imported])).toEqual({
    found: 'changed-by-hand',
    kept: false,
    now: going,
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
