import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { saveBars } from '../../src/adapters/postgres/bar-rows.ts';
import { newestValuation } from '../../src/adapters/postgres/valuation-rows.ts';
import { emptyFetched, type PriceSource } from '../../src/adapters/prices/source.ts';
import type { Bar } from '../../src/core/market/bar.ts';
import type { DrawdownLimits } from '../../src/core/portfolio/drawdown.ts';
import type { Portfolio } from '../../src/tasks/portfolio.ts';
import { reopenRevaluation } from '../../src/tasks/revalue.ts';
import { sampleLimits } from '../core/policy/samples.ts';
import { dueAt, type TestContext, testHistoryStart, testMonthEnd } from '../support/context.ts';
import { plainBar } from '../support/memory-source.ts';
import { type TaskBench, taskBench } from '../support/task-bench.ts';
import { runTask } from '../support/tasks.ts';

// Closes as traded, with their dividends and splits: what is listed late must reach net asset value all the same. Nothing
// moves but for events, and nothing costs anything, so whatever is held is worth 1 for ever.

const [d0, d1, d2, d3] = [testMonthEnd, '2024-02-01', '2024-02-02', '2024-02-05'] as const;
const event = '2024-02-06';
const after = ['2024-02-07', '2024-02-08'] as const;
const symbols = ['AAA', 'BBB', 'CCC'];
const limits: DrawdownLimits = {
  ...sampleLimits,
  softRatio: 0.02,
  hardRatio: 0.04,
  reducedExposureRatio: 0.5,
  restoreRatio: 0.01,
  cooldownSessions: 5,
  reentryRatio: 0.02,
  recoverySessions: 5,
};

let bench: TaskBench;
let context: TestContext;
let portfolio: Portfolio;
let bars: Map<string, Bar[]>;
beforeAll(async () => {
  bench = await taskBench();
  ({ context } = bench);
});
afterAll(() => bench.close());
beforeEach(async () => {
  ({ portfolio } = await bench.fresh());
  const { plan, policy } = portfolio;
  const free = { commissionBps: 0, halfSpreadBps: 0, impactBps: 0, averageDailyValue: null };
  bars = new Map(
    symbols.map((symbol) => [
      symbol,
      plan.calendar.sessions(testHistoryStart, '2024-03-28').map((session, i) =>
        // Before the month's end closes swing a little, so that there is a variance to weigh by.
        plainBar(symbol, session, session <= d0 ? 100 + (i % 2 === 0 ? 1 : 0) : 100),
      ),
    ]),
  );
  for (const path of bars.values()) for (const bar of path) if (bar.session === d0) bar.close = 100;
  const source: PriceSource = {
    name: 'events',
    basis: 'as-traded',
    fetchBars: async (symbol, from, to) => ({
      ...emptyFetched,
      bars: bars
        .get(symbol)!
        .filter(({ session }) => session >= from && session <= to)
        .map((bar) => ({ ...bar })),
    }),
  };
  const costs = { ...policy.costs, base: free };
  // Every close is believed at once here: what is doubted is ingest's, and tested there.
  const belief = { ...portfolio.belief, quarantineSessionsMax: 0 };
  portfolio = { ...portfolio, belief, source, policy: { ...policy, costs, drawdown: limits } };
});

const run = (task: Parameters<typeof runTask>[2], session: string, options = {}) =>
  runTask(context, portfolio, task, session, options);

async function days(...sessions: readonly string[]): Promise<void> {
  for (const session of sessions) {
    await run('ingest', session);
    await run('revalue', session, { lateMinutes: 1 });
  }
}

async function invested(): Promise<void> {
  await days(d0);
  await run('rebalance', d0);
  await days(d1, d2, d3);
}

const valued = async (session: string) =>
  (await newestValuation(context.database, portfolio.id, session, symbols))!;

/** From a session on a symbol trades at this share of what it did. */
function trade(symbol: string, from: string, share: number): void {
  for (const bar of bars.get(symbol)!) if (bar.session >= from) bar.close *= share;
}

const list = (symbol: string, session: string, change: Partial<Bar>) => {
  Object.assign(bars.get(symbol)!.find((bar) => bar.session === session)!, change);
};

test('a dividend that is listed a session late is earned at its session', async () => {
  await invested();
  trade('AAA', event, 0.96);
  await days(event);
  expect((await valued(event)).navNet).toBeLessThan(0.99);
  list('AAA', event, { dividend: 4 });
  await days(...after);
  for (const session of [event, ...after]) expect((await valued(session)).navNet).toBeCloseTo(1, 12);
});

test('a split that is listed a session late was no loss, and the state goes back to normal', async () => {
  await invested();
  trade('BBB', event, 0.25);
  await days(event);
  expect((await valued(event)).drawdown.state).toBe('halted');
  await run('rebalance', event, { reason: 'drawdown' });
  list('BBB', event, { splitRatio: 4 });
  await days(after[0]);
  for (const session of [event, after[0]])
    expect(await valued(session)).toMatchObject({
      navNet: expect.closeTo(1, 12),
      drawdown: { state: 'normal' },
    });
  await run('rebalance', after[0], { reason: 'restatement' });
  await days(after[1]);
  expect((await valued(after[1])).live.cash).toBeCloseTo(0, 9);
});

test('a split that is listed three weeks late too, as soon as it is stored', async () => {
  portfolio = { ...portfolio, policy: { ...portfolio.policy, drawdown: null } };
  await invested();
  trade('CCC', event, 0.1);
  const last = '2024-02-28';
  await days(...portfolio.plan.calendar.sessions(event, last));
  const wrong = (await valued(last)).navNet;
  expect(wrong).toBeLessThan(0.9);
  list('CCC', event, { splitRatio: 10 });
  const bar = bars.get('CCC')!.find(({ session }) => session === event)!;
  const at = dueAt(portfolio, last) + 3_600_000;
  await context.database.transaction(async (sql) => {
    await saveBars(sql, portfolio.sourceName, 'as-traded', { bars: [bar], restated: [bar] }, at);
    await reopenRevaluation(sql, portfolio, event);
  });
  await run('revalue', last, { lateMinutes: 61 });
  for (const session of portfolio.plan.calendar.sessions(d1, last))
    expect((await valued(session)).navNet).toBeCloseTo(1, 12);
  const { rows } = await context.database.query(
    'select from_session as "from", to_session as "to", nav_before as before, symbols from rebalanced.restatements where portfolio = $1',
    [portfolio.id],
  );
  expect(rows).toEqual([{ from: event, to: last, before: wrong, symbols: ['CCC'] }]);
});
