import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newestDecision, readDecisions } from '../../src/adapters/postgres/decision-rows.ts';
import { newestValuation } from '../../src/adapters/postgres/valuation-rows.ts';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import type { Portfolio } from '../../src/tasks/portfolio.ts';
import { recomputeDecision } from '../../src/tasks/proposal.ts';
import { sampleLimits } from '../core/policy/samples.ts';
import { recordingLog, type TestContext, testMonthEnd, testSymbols } from '../support/context.ts';
import type { MemorySource } from '../support/memory-source.ts';
import { type TaskBench, taskBench } from '../support/task-bench.ts';
import { runTask } from '../support/tasks.ts';

const [d0, d1, d2, d3, d4] = [testMonthEnd, '2024-02-01', '2024-02-02', '2024-02-05', '2024-02-06'] as const;

let bench: TaskBench;
let context: TestContext;
let portfolio: Portfolio;
let source: MemorySource;
const { log, lines } = recordingLog();
beforeAll(async () => {
  bench = await taskBench();
  ({ context } = bench);
});
afterAll(() => bench.close());
beforeEach(async () => {
  ({ portfolio, source } = await bench.fresh());
  portfolio = {
    ...portfolio,
    policy: {
      ...portfolio.policy,
      costs: {
        ...portfolio.policy.costs,
        base: { ...portfolio.policy.costs.base, commissionBps: 0, halfSpreadBps: 0 },
      },
    },
  };
});

const run = (task: Parameters<typeof runTask>[2], session: string, options = {}) =>
  runTask(context, portfolio, task, session, { log, ...options });

async function days(sessions: readonly string[]): Promise<void> {
  for (const session of sessions) {
    await run('ingest', session);
    await run('revalue', session, { lateMinutes: 1 });
  }
}

const valued = async (session: string) =>
  (await newestValuation(context.database, portfolio.id, session, portfolio.policy.symbols))!;
const rowsOf = async (table: string) =>
  (
    await context.database.query(`select * from rebalanced.${table} where portfolio = $1 order by 2, 3`, [
      portfolio.id,
    ])
  ).rows;

/** Shares bought at `d1`'s close and held since: the growth of one unit of money. */
const growth = (weights: readonly number[], to: string) =>
  testSymbols.reduce((sum, symbol, i) => {
    const path = source.closes.get(symbol)!;
    return sum + (weights[i]! * path.get(to)!) / path.get(d1)!;
  }, 0);

/** Invested since `d1`, and what is held there. */
async function invested(): Promise<number[]> {
  await days([d0]);
  await run('rebalance', d0, { lateMinutes: 2 });
  await days([d1]);
  return (await valued(d1)).live.weights;
}

describe('a close that is put right later', () => {
  test('moves NAV as if it had always been right, and the former valuations are kept', async () => {
    const weights = await invested();
    const path = source.closes.get('AAA')!;
    const right = path.get(d2)!;
    path.set(d2, right * 0.97);
    await days([d2]);
    const wrong = await valued(d2);
    path.set(d2, right);
    await days([d3]);
    expect((await valued(d2)).navNet).toBeCloseTo(growth(weights, d2), 12);
    expect((await valued(d3)).navNet).toBeCloseTo(growth(weights, d3), 12);
    const vintages = (await rowsOf('valuation_vintages')).filter((row) => row.session === d2);
    expect(vintages.map((row) => [row.nav_net, row.superseded_at !== null])).toEqual([
      [wrong.navNet, true],
      [(await valued(d2)).navNet, false],
    ]);
    const [told] = await rowsOf('restatements');
    const effect = (growth(weights, d2) / wrong.navNet - 1) * 10_000;
    expect(told).toMatchObject({ from_session: d2, to_session: d2, symbols: ['AAA'] });
    expect(told!.effect_bps).toBeCloseTo(effect, 8);
    expect(lines.some(({ msg }) => /valued again/.test(String(msg)))).toBe(true);
  });

  test('changes nothing where nothing is known otherwise', async () => {
    await invested();
    await days([d2, d3]);
    expect(await rowsOf('restatements')).toEqual([]);
    expect((await rowsOf('valuation_vintages')).every((row) => row.superseded_at === null)).toBe(true);
  });

  test('leaves decisions as they were made: each can be made again from what was known then', async () => {
    await invested();
    const path = source.closes.get('AAA')!;
    const right = path.get(d2)!;
    path.set(d2, right * 0.95);
    await days([d2]);
    await run('rebalance', d2, { reason: 'drawdown', lateMinutes: 2 });
    path.set(d2, right);
    await days([d3]);
    const services = context.services;
    for (const stored of await readDecisions(context.database, portfolio.id))
      expect(canonicalJson(await recomputeDecision(context.database, { portfolio, services }, stored))).toBe(
        canonicalJson(stored.decision),
      );
  });
});

describe('a drawdown that never was', () => {
  beforeEach(() => {
    portfolio = {
      ...portfolio,
      policy: {
        ...portfolio.policy,
        drawdown: {
          ...sampleLimits,
          softRatio: 0.05,
          hardRatio: 0.09,
          restoreRatio: 0.02,
          reentryRatio: 0.02,
        },
      },
    };
  });

  test('is taken back: the state is derived on the corrected path, and a decision says so', async () => {
    await invested();
    const paths = [...source.closes.values()];
    const right = paths.map((path) => path.get(d2)!);
    for (const path of paths) path.set(d2, path.get(d2)! * 0.88);
    await days([d2]);
    expect((await valued(d2)).drawdown.state).toBe('halted');
    await run('rebalance', d2, { reason: 'drawdown', lateMinutes: 2 });
    for (const [i, path] of paths.entries()) path.set(d2, right[i]!);
    await days([d3]);
    const { drawdown, navNet } = await valued(d3);
    expect(drawdown.state).toBe('normal');
    expect(navNet).toBeGreaterThan(0.95);
    const { rows } = await context.database.query<{ reason: string; session: string }>(
      `select session, reason from rebalanced.slots where portfolio = $1 and task = 'rebalance' order by session`,
      [portfolio.id],
    );
    expect(rows.at(-1)).toEqual({ session: d3, reason: 'restatement' });
    await run('rebalance', d3, { reason: 'restatement', lateMinutes: 2 });
    const made = (await newestDecision(context.database, portfolio.id, d3))!.decision;
    expect(made).toMatchObject({ reason: 'restatement', exposureRatio: 1 });
    await days([d4]);
    expect((await valued(d4)).live.cash).toBeLessThan(0.01);
  });
});

describe('a holding that does not trade any more', () => {
  test('is closed at its last price after so many sessions, with a decision, and the others go on', async () => {
    portfolio = {
      ...portfolio,
      coverageRatioMin: 0.5,
      policy: { ...portfolio.policy, delisting: { afterSessions: 3, recoveryRatioBySymbol: { BBB: 0.5 } } },
    };
    const weights = await invested();
    const path = source.closes.get('BBB')!;
    const last = path.get(d1)!;
    for (const [session] of [...path]) if (session > d1) path.delete(session);
    for (const session of [d2, d3, d4]) {
      await run('ingest', session, { lateMinutes: 400 });
      await run('revalue', session, { lateMinutes: 401 });
    }
    const { live, navNet } = await valued(d4);
    expect(live.weights[1]).toBe(0);
    const others = testSymbols.reduce((sum, symbol, i) => {
      const closes = source.closes.get(symbol)!;
      return i === 1 ? sum : sum + (weights[i]! * closes.get(d4)!) / closes.get(d1)!;
    }, 0);
    expect(navNet).toBeCloseTo(others + (weights[1]! * 0.5 * last) / last, 12);
    const { rows } = await context.database.query(
      `select session, reason from rebalanced.slots where portfolio = $1 and task = 'rebalance' order by session`,
      [portfolio.id],
    );
    expect(rows.at(-1)).toEqual({ session: d4, reason: 'delisting' });
  });
});
