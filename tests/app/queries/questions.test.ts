import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importHoldings } from '../../../src/app/manual/import-holdings.ts';
import { readHoldings } from '../../../src/app/queries/holdings.ts';
import { readOrders } from '../../../src/app/queries/orders.ts';
import { portfolioIn } from '../../../src/app/queries/subject.ts';
import { readTargets } from '../../../src/app/queries/targets.ts';
import { readTrackRecord } from '../../../src/app/queries/track-record.ts';
import { replay } from '../../../src/app/replay/replay.ts';
import { UserError } from '../../../src/app/user-error.ts';
import type { Portfolio } from '../../../src/tasks/portfolio.ts';
import {
  type TestContext,
  testContext,
  testHistoryStart,
  testInception,
  testMonthEnd,
  testSymbols,
} from '../../support/context.ts';
import { testDatabase } from '../../support/database.ts';
import { memorySource } from '../../support/memory-source.ts';

// One portfolio in its order of life: nothing yet, decided at the month's end, filled and held, told by a broker.

let context: TestContext;
let portfolio: Portfolio;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rebalanced-questions-'));
  // closes as shares were traded at, so that quantities and orders can be priced
  const source = {
    ...memorySource(testSymbols, testHistoryStart, '2024-06-28'),
    basis: 'split-adjusted' as const,
  };
  context = await testContext(await testDatabase(), { source });
  portfolio = context.portfolio('small');
});
afterAll(async () => {
  await context.close();
  await rm(folder, { recursive: true });
});

const inCash = [...testSymbols.map((symbol) => ({ symbol, weight: 0 })), { symbol: 'CASH', weight: 1 }];
const asOf = (session: string | null) => readTargets(context.database, 'small', session);
const orders = (value: number | null) =>
  readOrders(context, portfolioIn(context.config, 'small'), { asOf: null, value, now });
const now = Date.parse('2024-02-01T02:00:00Z');
const imported = async (file: string) => importHoldings(context, portfolio, file, now);

async function report(weights: Record<string, number>): Promise<string> {
  const file = join(folder, 'broker.csv');
  const lines = Object.entries(weights).map(([symbol, weight]) => `${symbol},${weight}`);
  await writeFile(file, `symbol,weight\n${lines.join('\n')}\n`);
  return file;
}

test('before the first session nothing is held, decided or to be ordered, and each answer says so', async () => {
  await expect(readHoldings(context.database, portfolio)).rejects.toThrow(/small has not been valued yet/);
  await expect(asOf(null)).rejects.toThrow(
    new UserError('small has no decision yet; expected one made by the daemon or the demo'),
  );
  await expect(orders(null)).rejects.toThrow(/small has no decision yet/);
});

test('a decision is told with what it found held and what it trades', async () => {
  await replay(context, testMonthEnd, () => {});
  const answer = await asOf(null);
  expect(answer).toMatchObject({
    portfolio: 'small',
    session: testMonthEnd,
    revision: 0,
    fallbackLevel: 'full',
  });
  expect(new Date(answer.decidedAt!).toISOString()).toBe(answer.decidedAt);
  expect(answer.targets.map(({ symbol }) => symbol)).toEqual([...testSymbols, 'CASH']);
  for (const row of answer.targets) {
    expect(row.weight).toBe(row.target);
    expect(row.held).toBe(row.before);
    expect(row.trade).toBeCloseTo(row.target - row.before, 12);
  }
  expect(answer.targets.reduce((sum, { target }) => sum + target, 0)).toBeCloseTo(1, 12);
  expect(await asOf('2024-02-15')).toEqual(answer);
  await expect(asOf('2024-01-01')).rejects.toThrow(/no decision at or before 2024-01-01/);
});

test('its orders are for the next session, and as large as the account', async () => {
  const [small, large] = [await orders(100_000), await orders(200_000)];
  expect(small).toMatchObject({ portfolio: 'small', decidedAt: testMonthEnd, executeFrom: '2024-02-01' });
  expect(small.orders.length).toBeGreaterThan(0);
  const worth = (sheet: typeof small) => sheet.orders.reduce((sum, { value }) => sum + value, 0);
  expect(worth(large) / worth(small)).toBeCloseTo(2, 1);
  expect(await orders(null)).toMatchObject({ netAssetValue: 100_000, importedOn: null, isFillPast: false });
});

test('a report of holdings is taken between decisions, may be told again, and is then what is held', async () => {
  const weights = { AAA: 0.5, BBB: 0.25, CASH: 0.25 };
  const file = await report(weights);
  await expect(imported(file)).rejects.toThrow(
    new RegExp(`small was decided at ${testMonthEnd} from other holdings; expected this before`),
  );
  await replay(context, '2024-02-02', () => {});
  const before = await readHoldings(context.database, portfolio);
  expect(before).toMatchObject({ portfolio: 'small', session: '2024-02-02' });
  expect(before.holdings).not.toEqual(inCash);
  await imported(file);
  expect((await readHoldings(context.database, portfolio)).holdings).toEqual([
    { symbol: 'AAA', weight: 0.5 },
    { symbol: 'BBB', weight: 0.25 },
    { symbol: 'CCC', weight: 0 },
    { symbol: 'CASH', weight: 0.25 },
  ]);
  await imported(await report({ ...weights, AAA: 0.25, CASH: 0.5 }));
  const again = await readHoldings(context.database, portfolio);
  expect(again.holdings.map(({ weight }) => weight)).toEqual([0.25, 0.25, 0, 0.5]);
  expect(again).toMatchObject({ importedOn: '2024-02-02', worth: before.worth });
});

test.each([
  [{ AAA: 0.5 }, /the weights sum to 0.5; expected 1 with CASH/],
  [{ AAA: 0.5, DDD: 0.5 }, /DDD.*expected one of small: AAA, BBB, CCC, CASH/],
])('a wrong report, %j, is refused and stores nothing', async (weights, sentence) => {
  const before = await readHoldings(context.database, portfolio);
  const refused = imported(await report(weights));
  await expect(refused).rejects.toThrow(UserError);
  await expect(refused).rejects.toThrow(sentence);
  expect(await readHoldings(context.database, portfolio)).toEqual(before);
});

test('the track record measures the stored walk beside equal weight over the same sessions', async () => {
  const record = await readTrackRecord(context, portfolio, '2024-02-02');
  expect(record).toMatchObject({ first: testInception, last: '2024-02-02', sessions: 5, decisions: 1 });
  expect(record.columns.map(({ name, sessions }) => [name, sessions])).toEqual([
    ['inverse-vol', 4],
    ['equal', 4],
  ]);
});
