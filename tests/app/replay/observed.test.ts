import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { replay } from '../../../src/app/replay/replay.ts';
import { portfolioInput, testContext, testHistoryStart, testInception } from '../../support/context.ts';
import { testDatabase } from '../../support/database.ts';
import { memorySource } from '../../support/memory-source.ts';

const folder = await mkdtemp(join(tmpdir(), 'rebalanced-observed-'));
afterAll(() => rm(folder, { recursive: true }));

test('a replay of a file that says when its rows were known sees a restatement when it was made', async () => {
  const { closes } = memorySource(['AAA', 'BBB'], testHistoryStart, '2024-02-02');
  const rows = [...closes].flatMap(([symbol, column]) =>
    [...column].map(([session, close]) => `${symbol},${session},${close},`),
  );
  // The close of 30 January was told a hundredth too high, and put right on the next day at noon.
  const right = closes.get('AAA')!.get('2024-01-30')!;
  const told = [
    ...rows.filter((row) => !row.startsWith('AAA,2024-01-30,')),
    `AAA,2024-01-30,${right * 1.01},2024-01-30T21:05:00Z`,
    `AAA,2024-01-30,${right},2024-01-31T17:00:00Z`,
  ];
  const path = join(folder, 'prices.csv');
  await writeFile(path, `symbol,date,close,observed\n${told.join('\n')}\n`);
  const portfolio = portfolioInput({ symbols: ['AAA', 'BBB'], allocator: { method: 'equal' } });
  await using context = await testContext(await testDatabase(), {
    portfolios: [portfolio],
    config: { sources: { prices: { kind: 'file', path, basis: 'total-return' } } },
  });
  expect(portfolio.inception).toBe(testInception);
  await replay(context, '2024-02-02', () => {});
  const { rows: vintages } = await context.database.query<{ close: number; day: string; isCurrent: boolean }>(
    `select close, to_char(observed_at at time zone 'UTC', 'YYYY-MM-DD') as day, superseded_at is null as "isCurrent"
     from rebalanced.bars where symbol = 'AAA' and session = '2024-01-30' order by observed_at`,
  );
  expect(vintages).toEqual([
    { close: right * 1.01, day: '2024-01-30', isCurrent: false },
    { close: right, day: '2024-01-31', isCurrent: true },
  ]);
});
