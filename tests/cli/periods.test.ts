import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alwaysOpenCalendar } from '../../src/core/calendar/always-open.ts';
import { createRandom } from '../../src/core/numeric/random.ts';
import { commandHere } from '../support/command-here.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rebalanced-periods-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes prices that grow by `returns`, row by row, and gives the file's path. */
async function priceFile(dates: readonly string[], returns: Record<string, number[]>): Promise<string> {
  const levels = Object.values(returns).map((column) => {
    let level = 100;
    return column.map((r) => (level *= 1 + r));
  });
  const rows = dates.map((date, row) => [date, ...levels.map((column) => column[row])].join(','));
  const path = join(folder, 'prices.csv');
  await writeFile(path, `date,${Object.keys(returns).join(',')}\n${rows.join('\n')}\n`);
  return path;
}

const random = createRandom(12, 0);
const noise = (length: number, mean: number, deviation: number) =>
  Array.from({ length }, () => mean + deviation * random.normal());

/** Weights of the greatest Sharpe ratio of two uncorrelated or correlated assets: inverse covariance times excess mean. */
function tangency(a: number[], b: number[], periodsPerYear: number, riskFree: number): number[] {
  const mean = (r: number[]) =>
    (r.reduce((growth, x) => growth * (1 + x), 1) ** (periodsPerYear / r.length) - 1 - riskFree) /
    periodsPerYear;
  const average = (r: number[]) => r.reduce((s, x) => s + x, 0) / r.length;
  const covariance = (x: number[], y: number[]) =>
    x.reduce((s, v, i) => s + (v - average(x)) * (y[i]! - average(y)), 0);
  const raw = [
    covariance(b, b) * mean(a) - covariance(a, b) * mean(b),
    covariance(a, a) * mean(b) - covariance(a, b) * mean(a),
  ];
  return raw.map((w) => w / (raw[0]! + raw[1]!));
}

test('allocate tells from the dates that closes are month ends, says so, and can be told otherwise', async () => {
  const dates = Array.from({ length: 97 }, (_, i) =>
    new Date(Date.UTC(2016, i + 1, 0)).toISOString().slice(0, 10),
  );
  const returns = { STOCKS: noise(97, 0.011, 0.04), BONDS: noise(97, 0.004, 0.015) };
  const path = await priceFile(dates, returns);
  const [a, b] = [returns.STOCKS.slice(1), returns.BONDS.slice(1)];
  const args = ['allocate', '--method', 'mvo', '--objective', 'max-sharpe', '--prices', path];
  const run = async (...more: string[]) =>
    JSON.parse((await commandHere([...args, '--json', ...more])).output);

  const monthly = await run('--risk-free', '0.02');
  expect([monthly.periodsPerYear, monthly.periodsFrom]).toEqual([12, 'dates']);
  const [stocks, bonds] = tangency(a, b, 12, 0.02);
  expect(monthly.weights).toEqual({ STOCKS: expect.closeTo(stocks!, 7), BONDS: expect.closeTo(bonds!, 7) });

  const told = await run('--risk-free', '0.02', '--periods-per-year', '252');
  expect([told.periodsPerYear, told.periodsFrom]).toEqual([252, 'option']);
  expect(told.weights.STOCKS).toBeCloseTo(tangency(a, b, 252, 0.02)[0]!, 7);
  expect(Math.abs(told.weights.STOCKS - monthly.weights.STOCKS)).toBeGreaterThan(0.01);

  expect((await commandHere(args)).output).toContain('12 a year (told from the dates)');
  expect((await commandHere([...args, '--periods-per-year', '4'])).output).toContain(
    '4 a year (--periods-per-year)',
  );
  const refused = await commandHere([...args, '--periods-per-year', '0']);
  expect([refused.code, refused.errors]).toEqual([2, expect.stringContaining('a number above 0')]);
});

test('a market that never closes has 365 sessions a year: in the volatility target and in every figure', async () => {
  const dates = alwaysOpenCalendar().sessions('2021-06-01', '2022-12-31');
  const path = await priceFile(dates, { COIN: noise(dates.length, 0, 0.02) });
  const portfolio = {
    id: 'coin',
    symbols: ['COIN'],
    source: 'closes',
    calendar: '24/7',
    historyStart: '2021-06-01',
    inception: '2021-12-31',
    allocator: { method: 'equal' },
    covariance: { lookbackSessions: 200 },
    quality: { historySessionsMin: 200 },
    costs: { commissionBps: 10, halfSpreadBps: 0 },
    volatilityTarget: 0.2,
  };
  const sources = { closes: { kind: 'file', path, basis: 'total-return' } };
  const config = join(folder, 'config.yaml');
  await writeFile(config, JSON.stringify({ portfolios: [portfolio], sources }));
  const args = ['backtest', '--config', config, '--to', '2022-12-31'];
  const [own, equal] = JSON.parse((await commandHere([...args, '--json'])).output);
  expect([own.sessions, own.sessionsPerYear, equal.sessionsPerYear]).toEqual([365, 365, 365]);
  for (const { net } of [own, equal]) expect(net.annualisedReturn).toBeCloseTo(net.cumulativeReturn, 12);
  // 0.02 a day is 0.38 a year, so about half is invested; the benchmark has no target.
  expect(own.net.annualisedVolatility).toBeGreaterThan(0.17);
  expect(own.net.annualisedVolatility).toBeLessThan(0.23);
  expect(equal.net.annualisedVolatility).toBeGreaterThan(0.34);
  // Over just one year, what is told a year is what was traded and paid.
  const table = (await commandHere(args)).output;
  expect(table).toContain(`${(own.turnoverTwoWay * 50).toFixed(2)} %`);
  expect(table).toContain(`${(own.costRatio * 10_000).toFixed(1)} bps`);
});
