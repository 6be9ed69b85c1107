import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newestDecision } from '../../src/adapters/postgres/decision-rows.ts';
import { newestValuation } from '../../src/adapters/postgres/valuation-rows.ts';
import { yahooSource } from '../../src/adapters/prices/yahoo/yahoo.ts';
import { newYorkCalendar } from '../../src/core/calendar/new-york.ts';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import { createRandom } from '../../src/core/numeric/random.ts';
import { slotAt } from '../../src/core/schedule/plan.ts';
import type { Portfolio } from '../../src/tasks/portfolio.ts';
import { recomputeDecision } from '../../src/tasks/proposal.ts';
import { NotReadyError } from '../../src/tasks/task.ts';
import {
  type TestContext,
  testContext,
  testHistoryStart,
  testMonthEnd,
  testSymbols,
  twin,
} from '../support/context.ts';
import { testDatabase } from '../support/database.ts';
import { runTask } from '../support/tasks.ts';
import {
  type SimulatedSeries,
  startYahooSimulator,
  type YahooSimulator,
} from '../support/yahoo-simulator.ts';

const sessions = newYorkCalendar().sessions(testHistoryStart, '2024-02-29');
const [d0, d1, d2, d3, d4] = [testMonthEnd, '2024-02-01', '2024-02-02', '2024-02-05', '2024-02-06'] as const;
const weightTolerance = 10; // decimals; Yahoo's numbers are sent in full here

let context: TestContext;
let simulator: YahooSimulator;
let portfolio: Portfolio;
let nowMs = 0;
let made = 0;
beforeAll(async () => {
  context = await testContext(await testDatabase());
  simulator = await startYahooSimulator({ series: {}, now: () => nowMs });
});
afterAll(async () => {
  await simulator.stop();
  await context.close();
});
/** Three symbols as they traded: AAA splits 4 for 1 at `d2`, BBB pays a dividend at `d1`. */
beforeEach(async () => {
  testSymbols.forEach((symbol, i) => {
    simulator.series[symbol] = walk(i);
    simulator.setFault(null, { symbol });
  });
  simulator.setFault(null);
  const split = sessions.indexOf(d2);
  const aaa = simulator.series.AAA!;
  aaa.splits = { [d2]: [4, 1] };
  aaa.closes = aaa.closes.map((close, i) => (i < split ? close! : close! / 4));
  simulator.series.BBB!.dividends = { [d1]: 1.5 };
  made += 1;
  const base = await twin(context.database, context.portfolios[0]!, `yahoo-${made}`);
  const source = yahooSource({
    baseUrl: simulator.url,
    timeoutMs: 2000,
    requestsPerSecond: 1000,
    attemptsMax: 1,
    now: () => nowMs,
    wait: async () => {},
    random: () => 0,
    log: { warn: () => {} },
  });
  portfolio = { ...base, plan: { ...base.plan, inception: d0 }, source };
});

function walk(stream: number): SimulatedSeries {
  const random = createRandom(11, stream);
  let close = 100;
  const closes = sessions.map(() => {
    close *= Math.exp(0.008 * random.normal());
    return close;
  });
  return { sessions, closes };
}

/** Runs a task with the simulator's clock at the task's own time. */
async function run(task: Parameters<typeof runTask>[2], session: string, lateMinutes = 0): Promise<unknown> {
  nowMs = slotAt(portfolio.plan, task, session).dueAt + lateMinutes * 60_000;
  return runTask(context, portfolio, task, session, { lateMinutes });
}

async function day(session: string): Promise<void> {
  await run('ingest', session);
  await run('revalue', session);
}

const valued = async (session: string) =>
  (await newestValuation(context.database, portfolio.id, session, portfolio.policy.symbols))!;

async function restatements(): Promise<Record<string, number>> {
  const { rows } = await context.database.query<{ symbol: string; restatements: number }>(
    'select symbol, restatements from rebalanced.sources where source = $1',
    [portfolio.sourceName],
  );
  return Object.fromEntries(rows.map((row) => [row.symbol, row.restatements]));
}

/** Growth of one unit of money put into `weights` at `d1`'s close, dividends and splits as they really were. */
function growth(weights: readonly number[], to: string): number {
  const at = (symbol: string, session: string) =>
    simulator.series[symbol]!.closes[sessions.indexOf(session)]! *
    (symbol === 'AAA' && session >= d2 ? 4 : 1);
  return testSymbols.reduce((sum, symbol, i) => sum + (weights[i]! * at(symbol, to)) / at(symbol, d1), 0);
}

describe('a split in the middle', () => {
  test('restates history as a new vintage, moves no value, and leaves the decision before it as it was', async () => {
    await day(d0);
    await run('rebalance', d0, 15);
    await day(d1);
    const weights = (await valued(d1)).live.weights;
    const before = (await newestDecision(context.database, portfolio.id, d1))!;
    await day(d2);
    expect((await valued(d2)).navGross).toBeCloseTo(growth(weights, d2), weightTolerance);
    expect(await restatements()).toEqual({ AAA: sessions.indexOf(d2), BBB: 0, CCC: 0 });
    const again = await recomputeDecision(
      context.database,
      { portfolio, services: context.services },
      before,
    );
    expect(canonicalJson(again)).toBe(canonicalJson(before.decision));
    await day(d3);
    expect((await valued(d3)).navGross).toBeCloseTo(growth(weights, d3), weightTolerance);
  });

  test('that is undone for a day and comes back: each time a vintage, and value stays what it is', async () => {
    await day(d0);
    await run('rebalance', d0, 15);
    await day(d1);
    const weights = (await valued(d1)).live.weights;
    await day(d2);
    simulator.setFault('split-undone', { symbol: 'AAA' });
    await run('ingest', d3);
    simulator.setFault(null, { symbol: 'AAA' });
    await run('ingest', d4);
    const { rows } = await context.database.query<{ vintages: number }>(
      `select count(*)::integer as vintages from rebalanced.bars where source = $1 and symbol = 'AAA' and session = $2`,
      [portfolio.sourceName, d0],
    );
    expect(rows[0]!.vintages).toBe(4);
    await run('revalue', d3);
    await run('revalue', d4);
    expect((await valued(d4)).navGross).toBeCloseTo(growth(weights, d4), weightTolerance);
  });
});

test('a dividend is part of the return of its day', async () => {
  await day(d0);
  await run('rebalance', d0, 15);
  const series = simulator.series.BBB!;
  series.dividends = { [d2]: 2 };
  await day(d1);
  const { weights } = (await valued(d1)).live;
  await day(d2);
  const paid = (weights[1]! * 2) / series.closes[sessions.indexOf(d1)]!;
  expect((await valued(d2)).navGross).toBeCloseTo(growth(weights, d2) + paid, weightTolerance);
});

describe('when Yahoo misbehaves', () => {
  const kinds = async () =>
    (
      await context.database.query<{ kind: string | null; failures: number }>(
        `select last_failure_kind as kind, failures_in_a_row as failures from rebalanced.sources
         where source = $1 order by symbol`,
        [portfolio.sourceName],
      )
    ).rows;

  test.each([
    ['throttled', 'throttled'],
    ['throttled-200', 'throttled'],
    ['consent-page', 'consent'],
    ['truncated', 'schema'],
    ['unavailable', 'network'],
    ['reset', 'network'],
    ['delisted', 'delisted'],
  ] as const)(
    '%s for one symbol: it is on record as %s, the others are stored, and it catches up',
    async (fault, kind) => {
      simulator.setFault(fault, { symbol: 'CCC' });
      await expect(run('ingest', d0)).rejects.toThrow(NotReadyError);
      expect(await kinds()).toEqual([
        { kind: null, failures: 0 },
        { kind: null, failures: 0 },
        { kind, failures: 1 },
      ]);
      simulator.setFault(null, { symbol: 'CCC' });
      await run('ingest', d0, 60);
      expect((await kinds()).map(({ failures }) => failures)).toEqual([0, 0, 0]);
    },
  );

  test('a session still open has no bar yet, whatever Yahoo shows', async () => {
    await run('ingest', d0);
    nowMs = slotAt(portfolio.plan, 'ingest', d1).dueAt - 120 * 60_000;
    const { bars } = await portfolio.source.fetchBars('AAA', d0, d1, nowMs);
    expect(bars.map((bar) => bar.session)).toEqual([d0]);
  });

  test('away for days: every session is waited for, and all of them are caught up with when it returns', async () => {
    simulator.setFault('unavailable');
    await expect(run('ingest', d0)).rejects.toThrow(NotReadyError);
    await expect(run('ingest', d0, 3 * 1440)).rejects.toThrow(NotReadyError);
    const { rows } = await context.database.query('select * from rebalanced.gaps where source = $1', [
      portfolio.sourceName,
    ]);
    expect(rows).toEqual([]);
    simulator.setFault(null);
    for (const session of [d0, d1, d2]) {
      await run('ingest', session, 4 * 1440);
      await run('revalue', session, 4 * 1440);
    }
    expect((await valued(d2)).session).toBe(d2);
  });
});
