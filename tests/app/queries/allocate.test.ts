import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AllocateQuestion, allocateFile, allocatorNames } from '../../../src/app/queries/allocate.ts';
import { UserError } from '../../../src/app/user-error.ts';

const dates = ['2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05', '2024-01-08', '2024-01-09'];
const closes: Record<string, (number | '')[]> = {
  AAA: [100, 101, 100.5, 102, 101, 103],
  BBB: [50, 49, 50.5, 50, 51.5, 51],
  NEW: ['', '', 20, 20.2, 20.1, 20.4],
};

let folder: string;
let question: AllocateQuestion;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rebalanced-allocate-'));
  const prices = join(folder, 'prices.csv');
  const rows = dates.map((date, t) => [date, ...Object.values(closes).map((column) => column[t])].join(','));
  await writeFile(prices, `date,${Object.keys(closes).join(',')}\n${rows.join('\n')}\n`);
  question = {
    method: 'equal',
    prices,
    symbols: ['AAA', 'BBB'],
    cov: 'sample',
    options: {},
    bounds: { lower: 0, upper: 1 },
    riskFree: 0,
  };
});
afterAll(() => rm(folder, { recursive: true }));

test.each(allocatorNames)('%s answers with weights that sum to 1, and the window they are from', (method) => {
  const { weights, options: _, ...window } = allocateFile({ ...question, method });
  expect(window).toEqual({
    symbols: ['AAA', 'BBB'],
    sessions: 5,
    first: dates[1],
    last: dates[5],
    periodsPerYear: 252,
    periodsFrom: 'dates',
  });
  expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 9);
});

test('without a forecast, the signal is the mean of the returns read', () => {
  const mean = (symbol: string) => {
    const prices = closes[symbol] as number[];
    return prices.slice(1).reduce((sum, price, t) => sum + price / prices[t]! - 1, 0) / 5;
  };
  const { weights } = allocateFile({ ...question, method: 'signal' });
  expect(weights[0]! / weights[1]!).toBeCloseTo(mean('AAA') / mean('BBB'), 9);
});

test('a young symbol is taken once the window is as short as its prices', () => {
  const symbols = ['NEW', 'AAA'];
  expect(allocateFile({ ...question, symbols, window: 3 })).toMatchObject({
    symbols,
    sessions: 3,
    first: dates[3],
  });
  expect(() => allocateFile({ ...question, symbols })).toThrow(
    /NEW has no price on 2024-01-02, inside the window/,
  );
});

test.each<[Partial<AllocateQuestion>, RegExp]>([
  [{ window: 6 }, /--window is 6; .*prices.csv has 5 returns, expected at most so many/],
  [{ symbols: ['AAA', 'ZZZ'] }, /--symbols names ZZZ, which .*prices.csv does not have/],
  [{ asOf: '2024-01-03' }, /has 2 dates up to 2024-01-03; expected at least 3/],
  [{ method: 'mvo', bounds: { lower: 0, upper: 0.4 } }, /2024-01-03 to 2024-01-09: /],
])('%j is refused in a sentence', (change, sentence) => {
  expect(() => allocateFile({ ...question, ...change })).toThrow(UserError);
  expect(() => allocateFile({ ...question, ...change })).toThrow(sentence);
});
