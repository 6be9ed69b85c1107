import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newestDecision } from '../../src/adapters/postgres/decision-rows.ts';
import { insertSlots } from '../../src/adapters/postgres/slot-rows.ts';
import { newestValuation } from '../../src/adapters/postgres/valuation-rows.ts';
import type { DrawdownLimits } from '../../src/core/portfolio/drawdown.ts';
import { slotAt } from '../../src/core/schedule/plan.ts';
import type { Portfolio } from '../../src/tasks/portfolio.ts';
import { sampleLimits } from '../core/policy/samples.ts';
import { type TestContext, testMonthEnd, testSymbols } from '../support/context.ts';
import type { MemorySource } from '../support/memory-source.ts';
import { type TaskBench, taskBench } from '../support/task-bench.ts';
import { runTask } from '../support/tasks.ts';

const [d0, d1, d2, d3, d4] = [testMonthEnd, '2024-02-01', '2024-02-02', '2024-02-05', '2024-02-06'] as const;

let bench: TaskBench;
let context: TestContext;
let portfolio: Portfolio;
let source: MemorySource;
beforeAll(async () => {
  bench = await taskBench();
  ({ context } = bench);
});
afterAll(() => bench.close());
beforeEach(async () => {
  ({ portfolio, source } = await bench.fresh());
  portfolio = { ...portfolio, coverageRatioMin: 0.5 };
});

const run = (task: Parameters<typeof runTask>[2], session: string, options = {}) =>
  runTask(context, portfolio, task, session, options);

/** Prices and value of some sessions, each ingest `lateMinutes` after it is due. */
async function days(sessions: readonly string[], lateMinutes = 0): Promise<void> {
  for (const session of sessions) {
    await run('ingest', session, { lateMinutes });
    await run('revalue', session, { lateMinutes: lateMinutes + 1 });
  }
}

const valued = async (session: string) =>
  (await newestValuation(context.database, portfolio.id, session, portfolio.policy.symbols))!;

async function slots(): Promise<string[]> {
  const { rows } = await context.database.query<{ slot: string }>(
    `select concat_ws(' ', task, session, reason) as slot from rebalanced.slots
     where portfolio = $1 and task in ('rebalance', 'deliver') order by session, task`,
    [portfolio.id],
  );
  return rows.map((row) => row.slot);
}

const move = (symbol: string, from: string, to: string) =>
  source.closes.get(symbol)!.get(to)! / source.closes.get(symbol)!.get(from)!;

/** Shares bought at `d1`'s close and held since: the growth of one unit of money, without costs. */
function growth(weights: readonly number[], to: string): number {
  return testSymbols.reduce((sum, symbol, i) => sum + weights[i]! * move(symbol, d1, to), 0);
}

describe('a valuation', () => {
  test('begins in cash at 1, and earns nothing until a decision is filled', async () => {
    await days([d0]);
    expect(await valued(d0)).toMatchObject({ session: d0, navNet: 1, navGross: 1, live: { cash: 1 } });
    await run('rebalance', d0);
    await days([d1]);
    expect((await valued(d1)).returnGross).toBe(0);
  });

  test('fills a decision at the next close, charges it once, and lets holdings drift from there', async () => {
    await days([d0]);
    await run('rebalance', d0);
    await days([d1, d2, d3]);
    const { decision, decisionId } = (await newestDecision(context.database, portfolio.id, d3))!;
    const weights = decision.lines.map((line) => line.target);
    const { rows: fills } = await context.database.query<{ session: string; cost_ratio: number }>(
      'select session, cost_ratio from rebalanced.fills where decision_id = $1',
      [decisionId],
    );
    expect(fills).toEqual([{ session: d1, cost_ratio: decision.costRatio }]);
    const at = await valued(d1);
    expect(at.live.weights).toEqual(weights);
    expect(at.navNet).toBe(1 - decision.costRatio);
    const after = await valued(d3);
    expect(after.navGross).toBeCloseTo(growth(weights, d3), 12);
    expect(after.navNet / after.navGross).toBeCloseTo(1 - decision.costRatio, 12);
    testSymbols.forEach((symbol, i) => {
      expect(after.live.weights[i]).toBeCloseTo(
        (weights[i]! * move(symbol, d1, d3)) / growth(weights, d3),
        12,
      );
    });
    expect(after.driftOneWay).toBeGreaterThan(0);
  });
});

describe('cash', () => {
  const withCash = (cash: Portfolio['policy']['cash'], symbols = portfolio.policy.symbols) => {
    portfolio = { ...portfolio, policy: { ...portfolio.policy, symbols, cash } };
  };

  test('earns its rate before anything is bought', async () => {
    withCash({ ratePerYear: 0.05, proxySymbol: null });
    await days([d0, d1, d2]);
    expect((await valued(d2)).navNet).toBeCloseTo(1.05 ** (2 / 252), 13);
  });

  test('earns the returns of a symbol that is ingested and not held', async () => {
    withCash({ ratePerYear: 0, proxySymbol: 'CCC' }, ['AAA', 'BBB']);
    await days([d0, d1, d2]);
    expect((await valued(d2)).navNet).toBeCloseTo(move('CCC', d0, d2), 13);
    expect((await valued(d2)).live).toEqual({ weights: [0, 0], cash: 1 });
  });
});

describe('a close that comes after its session was valued without it', () => {
  let weights: number[];
  beforeEach(async () => {
    await days([d0]);
    await run('rebalance', d0);
    await days([d1]);
    weights = (await valued(d1)).live.weights;
  });
  const netOfCosts = async (session: string) => (await valued(session)).navGross;

  test('with the next close: its return is earned then, and the account is right again', async () => {
    const held = source.closes.get('BBB')!.get(d2)!;
    source.closes.get('BBB')!.delete(d2);
    await days([d2], 400);
    expect(await netOfCosts(d2)).not.toBeCloseTo(1, 6);
    source.closes.get('BBB')!.set(d2, held);
    await days([d3]);
    expect(await netOfCosts(d3)).toBeCloseTo(growth(weights, d3), 12);
    await days([d4]);
    expect(await netOfCosts(d4)).toBeCloseTo(growth(weights, d4), 12);
  });

  test('while the next one is missing as well: its return is earned as soon as it is known', async () => {
    const path = source.closes.get('BBB')!;
    const held = [d2, d3].map((session) => path.get(session)!);
    for (const session of [d2, d3]) path.delete(session);
    await days([d2], 400);
    path.set(d2, held[0]!);
    await days([d3], 400);
    const known = testSymbols.reduce(
      (sum, symbol, i) => sum + weights[i]! * move(symbol, d1, symbol === 'BBB' ? d2 : d3),
      0,
    );
    path.set(d3, held[1]!);
    expect(await netOfCosts(d3)).toBeCloseTo(known, 12);
    await days([d4]);
    expect(await netOfCosts(d4)).toBeCloseTo(growth(weights, d4), 12);
  });

  test('a gap of weeks loses nothing either', async () => {
    const delisting = { afterSessions: 30, recoveryRatioBySymbol: {} };
    portfolio = { ...portfolio, policy: { ...portfolio.policy, delisting } };
    const path = source.closes.get('CCC')!;
    const gap = [...path].filter(([session]) => session > d1 && session <= '2024-02-21');
    for (const [session] of gap) path.delete(session);
    for (const [session] of gap) await days([session], 400);
    await days(['2024-02-22']);
    expect(await netOfCosts('2024-02-22')).toBeCloseTo(growth(weights, '2024-02-22'), 12);
  });
});

describe('a drawdown', () => {
  const limits: DrawdownLimits = {
    ...sampleLimits,
    softRatio: 0.04,
    hardRatio: 0.5,
    reducedExposureRatio: 0.5,
    restoreRatio: 0.01,
    cooldownSessions: 5,
    reentryRatio: 0.04,
    recoverySessions: 5,
  };
  beforeEach(async () => {
    portfolio = { ...portfolio, policy: { ...portfolio.policy, drawdown: limits } };
    await days([d0]);
    await run('rebalance', d0);
    await days([d1]);
  });
  const crash = (from: string) => {
    for (const path of source.closes.values())
      for (const [session, close] of path) if (session >= from) path.set(session, close * 0.9);
  };

  test('asks for a decision of its own, once', async () => {
    crash(d2);
    await days([d2, d3]);
    expect((await valued(d2)).drawdown.state).toBe('reduced');
    expect(await slots()).toEqual([`deliver ${d0}`, `rebalance ${d0} monthly`, `rebalance ${d2} drawdown`]);
    await run('rebalance', d2, { reason: 'drawdown' });
    const { decision } = (await newestDecision(context.database, portfolio.id, d2))!;
    expect(decision).toMatchObject({ asOf: d2, reason: 'drawdown', exposureRatio: 0.5 });
    expect(decision.cash.target).toBeCloseTo(0.5, 9);
  });

  test("on the month's last session leaves the month's decision its slot", async () => {
    const end = '2024-02-29';
    crash(end);
    const sessions = [...source.closes.get('AAA')!.keys()].filter((s) => s > d1 && s < end);
    await days(sessions);
    await run('ingest', end);
    await insertSlots(context.database, [slotAt(portfolio.plan, 'rebalance', end)]);
    await run('revalue', end);
    expect((await valued(end)).drawdown.state).toBe('reduced');
    expect((await slots()).at(-1)).toBe(`rebalance ${end} monthly`);
  });

  test("on a month's last session without a slot, as after a downtime, asks for one all the same", async () => {
    const end = '2024-02-29';
    crash(end);
    await days([...source.closes.get('AAA')!.keys()].filter((s) => s > d1 && s <= end));
    expect((await slots()).at(-1)).toBe(`rebalance ${end} drawdown`);
  });
});

test('symbols may be added: the new one begins at nothing', async () => {
  portfolio = { ...portfolio, policy: { ...portfolio.policy, symbols: ['AAA', 'CCC'] } };
  await days([d0]);
  await run('rebalance', d0);
  await days([d1, d2]);
  portfolio = { ...portfolio, policy: { ...portfolio.policy, symbols: ['AAA', 'BBB', 'CCC'] } };
  await days([d3, d4]);
  const { live, driftOneWay } = await valued(d4);
  expect(live.weights[1]).toBe(0);
  expect(driftOneWay).toBeLessThan(0.2);
});
