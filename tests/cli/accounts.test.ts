import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { newYorkCalendar } from '../../src/core/calendar/new-york.ts';
import { commandHere } from '../support/command-here.ts';
import { configWith, type PortfolioInput, runDue, testContext } from '../support/context.ts';
import { testDatabase } from '../support/database.ts';

// A person with an account at a broker, on the evening of 2024-02-06: import, money, decision, orders.

const session = '2024-02-06';
const calendar = newYorkCalendar();
const evening = calendar.closeAt(session) + 2 * 3_600_000;
const portfolio: PortfolioInput = {
  id: 'mine',
  symbols: ['AAA', 'BBB'],
  source: 'closes',
  historyStart: '2023-11-01',
  inception: '2024-01-02',
  allocator: { method: 'equal' },
  covariance: { lookbackSessions: 20 },
  quality: { historySessionsMin: 20 },
  costs: { commissionBps: 0, halfSpreadBps: 0 },
};

let folder: string;
let configFile: string;
let env: Record<string, string>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rebalanced-account-commands-'));
  const path = join(folder, 'prices.csv');
  const rows = calendar.sessions('2023-11-01', '2024-02-29').map((day, i) => {
    const swing = day < '2024-02-01' ? (i % 2) - 0.5 : 0;
    return `${day},${125 + swing},${40 - swing}`;
  });
  await writeFile(path, `date,AAA,BBB\n${rows.join('\n')}\n`);
  const sources = { closes: { kind: 'file' as const, path, basis: 'split-adjusted' as const } };
  const mail = { folder: join(folder, 'letters') };
  configFile = join(folder, 'config.yaml');
  await writeFile(configFile, JSON.stringify({ portfolios: [portfolio], sources, mail }));
  expect(configWith([portfolio], { sources }).portfolios).toHaveLength(1);
  const url = await testDatabase();
  env = { DATABASE_URL: url };
  await using context = await testContext(url, {
    portfolios: [portfolio],
    config: { sources, mail },
    clock: { now: evening },
  });
  await runDue(context, evening);
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => void vi.useRealTimers());

async function at(now: number, ...args: string[]) {
  vi.useFakeTimers({ toFake: ['Date'], now });
  const { code, output, errors } = await commandHere([...args, '--config', configFile], env);
  return { code, output, errors };
}
const lines = (output: string) => output.split('\n').map((line) => line.trim().replace(/\s+/g, ' '));

async function report(text: string): Promise<string> {
  const file = join(folder, 'holdings.csv');
  await writeFile(file, text);
  return file;
}

test('a portfolio that was started after its inception says which months were not decided', async () => {
  const { output } = await at(evening, 'status');
  expect(output).toContain(
    'not invested from 2024-01-02 to 2024-02-06: 1 month end before the first start was not decided; `rebalanced replay` decides past months in a database of its own',
  );
  expect(output).toContain('holdings simulated, the account is worth USD 100,000');
});

test('holdings are imported, and told again in the same session', async () => {
  const wrong = await report('symbol,quantity\nAAA,80\nBBB,30\nCASH,800\n');
  expect((await at(evening, 'holdings', '--import', wrong)).output).toContain('worth USD 12,000');
  const file = await report('symbol,quantity\nAAA,8\nBBB,30\nCASH,800\n');
  const { code, output } = await at(evening, 'holdings', '--import', file);
  expect(code).toBe(0);
  expect(output).toContain(`mine: held at the close of ${session}, imported on ${session}, worth USD 3,000`);
  expect(lines(output)).toEqual(expect.arrayContaining(['AAA 33.33% 1,000.00', 'CASH 26.67% 800.00']));
});

test('money that comes and goes is a flow, and more than there is does not go', async () => {
  const { code, output } = await at(evening, 'flow', '--amount', '500', '--note', 'a gift');
  expect([code, output]).toEqual([
    0,
    `mine: USD 500.00 deposited at the close of ${session}; the account is worth USD 3,500\n`,
  ]);
  expect((await at(evening, 'flow', '--amount=-500')).output).toContain('USD 500.00 withdrawn');
  for (const [amount, sentence] of [
    ['-3000.5', /a withdrawal of 3000.5 leaves nothing of an account worth 3000/],
    ['0', /--amount is 0; expected an amount of money such as 1000/],
    ['1e9', /--amount is 1e9/],
    ['0x10', /--amount is 0x10/],
  ] as const) {
    const refused = await at(evening, 'flow', `--amount=${amount}`);
    expect(refused.code).toBe(2);
    expect(refused.errors).toMatch(sentence);
  }
  expect((await at(evening, 'holdings')).output).toContain('worth USD 3,000');
});

test('a decision by hand is made while its fill is to come, and orders are for the account as it is', async () => {
  const late = await at(calendar.closeAt('2024-02-07'), 'rebalance');
  expect([late.code, late.output]).toEqual([2, '']);
  expect(late.errors).toMatch(
    /the fill of a decision of mine at 2024-02-06, the close of 2024-02-07, has passed/,
  );
  expect((await at(evening, 'rebalance')).code).toBe(0);
  const { output, errors } = await at(evening, 'orders');
  expect(errors).toBe('');
  // half of 2985 each: 11.94 and 37.3 shares
  expect(lines(output)).toEqual([
    `mine: orders of ${session}, not before 2024-02-07, for 3000.00, holdings imported on ${session}`,
    '',
    'symbol side quantity price value',
    '------ ---- -------- ------ ------',
    'AAA buy 3 125.00 375.00',
    'BBB buy 7 40.00 280.00',
    '',
    'cash afterwards: 145.00',
    '',
  ]);
  expect(lines((await at(evening, 'orders', '--value', '3000')).output)).toEqual(lines(output));
  expect(JSON.parse((await at(evening, 'orders', '--format', 'json')).output)).toMatchObject({
    netAssetValue: 3000,
    importedOn: session,
    isFillPast: false,
  });
  expect(lines((await at(evening, 'orders', '--weights-only')).output)).toEqual(
    expect.arrayContaining(['AAA buy 33.33% 50.00% 16.67% 500.00', 'BBB buy 40.00% 50.00% 10.00% 300.00']),
  );
});

test('once it is decided nothing is told of its session any more, and orders that are past say so', async () => {
  const file = await report('symbol,quantity\nAAA,8\nBBB,30\nCASH,800\n');
  for (const args of [
    ['holdings', '--import', file],
    ['flow', '--amount', '5'],
  ]) {
    const { code, errors } = await at(evening, ...args);
    expect([code, errors]).toEqual([
      2,
      `rebalanced: mine was decided at ${session} from other holdings; expected this before the decision, or after the next session\n`,
    ]);
  }
  const past = await at(calendar.closeAt('2024-02-07'), 'orders', '--format', 'csv');
  expect(past.output).toContain('mine,2024-02-06,2024-02-07,AAA,buy,3,125,375');
  expect(past.errors).toContain(
    'the decision of 2024-02-06 was to be filled at the close of 2024-02-07, which has passed; these orders are history',
  );
});
