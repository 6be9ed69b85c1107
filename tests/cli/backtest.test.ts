import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { calendarByName } from '../../src/core/calendar/calendars.ts';
import { commandHere } from '../support/command-here.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rebalanced-backtest-'));
});
afterAll(() => rm(folder, { recursive: true }));

const sessions = calendarByName('XNYS').sessions('2023-06-01', '2024-03-28');

/** A configuration of two symbols over closes by session number, and its path. */
async function configured(closes: [(t: number) => number, (t: number) => number], changes: object = {}) {
  const prices = join(folder, 'prices.csv');
  const lines = sessions.map((session, t) => `${session},${closes.map((close) => close(t)).join(',')}`);
  await writeFile(prices, `date,AAA,BBB\n${lines.join('\n')}\n`);
  const portfolio = {
    id: 'two',
    symbols: ['AAA', 'BBB'],
    source: 'closes',
    historyStart: '2023-06-01',
    inception: '2023-12-29',
    allocator: { method: 'inverse-vol' },
    covariance: { lookbackSessions: 60 },
    quality: { historySessionsMin: 60 },
    ...changes,
  };
  const config = join(folder, 'config.yaml');
  const sources = { closes: { kind: 'file', path: prices, basis: 'total-return' } };
  await writeFile(config, JSON.stringify({ portfolios: [portfolio], sources }));
  return ['backtest', '--config', config, '--to', '2024-03-28'];
}

const wave = (t: number) => 100 + 5 * Math.sin(t) + t / 10;
const flat = () => 100;

test('a strategy that never decides but to hold ends with a warning, the reason, and no number that is none', async () => {
  const args = await configured([flat, flat]);
  const { code, output, errors } = await commandHere(args);
  expect(code).toBe(1);
  expect(errors).toMatch(/every decision was to hold/);
  expect(output).toMatch(/Sharpe ratio, net +— +-\d/);
  expect(output).not.toMatch(/NaN|not known/);
  expect(output).toMatch(
    /fallback level hold: 4 of 4 decisions \(first on 2023-12-29: full: No asset has any/,
  );
  const json = await commandHere([...args, '--json']);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.output)[0].fallbacks).toMatchObject([{ level: 'hold', decisions: 4 }]);
});

test('decisions are counted by fallback level, with why the first of each was made there', async () => {
  // flat from the new year on: January's window still moves, later ones do not
  const still = (t: number) => wave(Math.min(t, 140));
  const args = await configured([still, still], { covariance: { lookbackSessions: 21 } });
  const { code, output } = await commandHere(args);
  expect(code).toBe(0);
  expect(output).toMatch(/fallback level full: \d of 4 decisions\n/);
  expect(output).toMatch(
    /fallback level last-good: \d of 4 decisions \(first on 2024-0\d-\d\d: full: No asset/,
  );
});

test('limits that need every asset are warned of', async () => {
  const args = await configured([wave, (t) => wave(t + 2)], { bounds: { upper: 0.6 } });
  const { code, errors } = await commandHere(args);
  expect(code).toBe(0);
  expect(errors).toMatch(
    /^rebalanced: two: without any of AAA and BBB, as when its data are unfit, the limits/,
  );
});
