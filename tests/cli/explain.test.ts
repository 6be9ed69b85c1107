import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replay } from '../../src/app/replay/replay.ts';
import { commandHere } from '../support/command-here.ts';
import { portfolioInput, testContext, testHistoryStart, testInception } from '../support/context.ts';
import { testDatabase } from '../support/database.ts';
import { memorySource } from '../support/memory-source.ts';

// Whatever is read says how it was read: a price file on request, a broker's report at each import.

let folder: string;
let config: string;
let env: Record<string, string>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rebalanced-explain-'));
  const { closes } = memorySource(['aaa', 'brk.b'], testHistoryStart, '2024-02-02');
  const days = [...closes.get('aaa')!.keys()];
  const rows = days.map((day) => [day, ...[...closes.values()].map((column) => column.get(day))].join(';'));
  await writeFile(join(folder, 'prices.csv'), `# closes\n;aaa;brk.b\n${rows.join('\n')}\n`);
  const portfolio = portfolioInput({ symbols: ['AAA', 'BRK-B'], allocator: { method: 'equal' } });
  const path = join(folder, 'prices.csv');
  const sources = { prices: { kind: 'file' as const, path, basis: 'split-adjusted' as const } };
  const mail = { folder: join(folder, 'letters') };
  config = join(folder, 'config.yaml');
  await writeFile(config, JSON.stringify({ portfolios: [portfolio], sources, mail }));
  env = { DATABASE_URL: await testDatabase() };
  await using context = await testContext(env.DATABASE_URL!, {
    portfolios: [portfolio],
    config: { sources, mail },
  });
  await replay(context, testInception, () => {});
});
afterAll(() => rm(folder, { recursive: true }));

test('ingest --explain prints every file of prices before it is ingested', async () => {
  const { output } = await commandHere(['ingest', '--explain', '--config', config], env);
  expect(output).toContain(
    `${join(folder, 'prices.csv')}: prices, wide\n  text      UTF-8, parted by semicolon`,
  );
  expect(output).toContain('  column    (no name): date\n');
  expect(output).toContain('  note      taken in capitals: aaa as AAA, brk.b as BRK.B\n');
  expect(output).toMatch(/small BRK-B: prices up to 2024-02-02\n$/);
});

test('allocate says what it changed, explains on request, and keeps its weights apart', async () => {
  const args = [
    'allocate',
    '--method',
    'equal',
    '--prices',
    join(folder, 'prices.csv'),
    '--symbols',
    'brk-b',
  ];
  const plain = await commandHere([...args, '--json'], env);
  expect(JSON.parse(plain.output)).toMatchObject({ weights: { 'brk-b': 1 } });
  expect(plain.errors).toMatch(/^ {2}note {6}1 line of comment \(#\): left out\n.*taken in capitals/);
  const explained = await commandHere([...args, '--json', '--explain'], env);
  expect(explained.output).toBe(plain.output);
  expect(explained.errors).toMatch(/header {4}line 2\n/);
});

test('holdings --import prints in short how a report was read, and with --explain its columns', async () => {
  const report = join(folder, 'report.csv');
  await writeFile(report, 'Symbol,Description,Qty\nbrk.b,B,4\nbrk.b,B,6\n');
  const args = ['holdings', '--config', config, '--import', report];
  const refused = await commandHere(args, env);
  expect([refused.code, refused.output]).toEqual([2, '']);
  expect(refused.errors).toMatch(/line 4 is missing: there is no line of CASH; .* or --complete/);
  const { output, errors } = await commandHere([...args, '--complete', '--explain'], env);
  expect(errors).toBe('');
  expect(output).toContain('  column    Description: not read\n  column    Qty: shares, or money for cash\n');
  expect(output).toContain('  note      BRK-B: the sum of its 2 lines\n');
  expect(output).toContain('  note      not listed, taken as not held: AAA, CASH\n');
  expect(output).toMatch(/BRK-B +100\.00%/);
});
