import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readDecisions } from '../../src/adapters/postgres/decision-rows.ts';
import { restatementsSince } from '../../src/adapters/postgres/restatement-rows.ts';
import { newestValuation } from '../../src/adapters/postgres/valuation-rows.ts';
import { readPortfolioMetrics } from '../../src/adapters/postgres/views/portfolio-metrics.ts';
import { readStatus } from '../../src/adapters/postgres/views/status.ts';
import { dryRun } from '../../src/app/manual/rebalance.ts';
import { walkForward } from '../../src/core/evaluation/walk-forward.ts';
import { noForecast } from '../../src/core/forecast/forecast-result.ts';
import { panelFromBars } from '../../src/core/market/panel.ts';
import type { DrawdownLimits } from '../../src/core/portfolio/drawdown.ts';
import { effectivePortfolio } from '../../src/tasks/effective.ts';
import type { Portfolio } from '../../src/tasks/portfolio.ts';
import { reopenRevaluation } from '../../src/tasks/revalue.ts';
import { sampleLimits } from '../core/policy/samples.ts';
import { recordingLog, type TestContext, testMonthEnd, testSymbols } from '../support/context.ts';
import { type MemorySource, plainBar } from '../support/memory-source.ts';
import { type TaskBench, taskBench } from '../support/task-bench.ts';
import { runTask } from '../support/tasks.ts';

// The month's end is decided, the next session fills it; what comes later is known otherwise than it was first told.
const sessions = [
  testMonthEnd,
  '2024-02-01',
  '2024-02-02',
  '2024-02-05',
  '2024-02-06',
  '2024-02-07',
  '2024-02-08',
];
const [d0, d1, d2, d3, d4, d5, d6] = sessions as [string, string, string, string, string, string, string];

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
  // Every close is believed at once here: what is doubted is ingest's, and tested there.
  const belief = { ...portfolio.belief, quarantineSessionsMax: 0 };
  portfolio = { ...portfolio, belief, coverageRatioMin: 0.3 };
});

const limits: DrawdownLimits = {
  ...sampleLimits,
  softRatio: 0.1,
  hardRatio: 0.2,
  reducedExposureRatio: 0.5,
  restoreRatio: 0.05,
  cooldownSessions: 21,
  reentryRatio: 0.1,
  recoverySessions: 21,
};
const limited = () => {
  portfolio = { ...portfolio, policy: { ...portfolio.policy, drawdown: limits } };
};

const run = async (task: Parameters<typeof runTask>[2], session: string, options = {}) =>
  runTask(context, await effectivePortfolio(context.database, portfolio, null), task, session, options);

/** Sessions priced and valued; each ingest `lateMinutes` after it is due, so that a missing bar is recorded as a gap. */
async function days(...of: string[]): Promise<void> {
  for (const session of of) {
    await run('ingest', session, { lateMinutes: 400 });
    await run('revalue', session, { lateMinutes: 401 });
  }
}

/** The month's end, decided and filled at the next session. */
async function invested(): Promise<void> {
  await days(d0);
  await run('rebalance', d0);
  await days(d1);
}

const valued = async (session: string) => {
  const { policy } = await effectivePortfolio(context.database, portfolio, null);
  return (await newestValuation(context.database, portfolio.id, session, policy.symbols))!;
};

const query = async <Row extends object>(sql: string): Promise<Row[]> =>
  (await context.database.query<Row>(sql, [portfolio.id])).rows;

const rebalances = () =>
  query<{ session: string; reason: string }>(
    `select session, reason from rebalanced.slots where portfolio = $1 and task = 'rebalance' order by session`,
  );

/** A close that is not what it will be known to be. */
const setClose = (symbol: string, session: string, factor: number) => {
  const path = source.closes.get(symbol)!;
  const before = path.get(session)!;
  path.set(session, before * factor);
  return () => path.set(session, before);
};

/** The same policy over the prices that are known now, as a backtest walks it. */
function walked(to: string) {
  const { policy, plan, historyStart } = portfolio;
  const all = plan.calendar.sessions(historyStart, to);
  const bars = [...source.closes].flatMap(([symbol, path]) =>
    [...path].map(([session, close]) => plainBar(symbol, session, close)),
  );
  return walkForward({
    panel: panelFromBars(bars, all, testSymbols, () => 'total-return'),
    policy,
    inception: plan.inception,
    isRebalanceSession: (session) => session === d0,
    forecastAt: () => noForecast('none'),
  });
}

async function expectAsWalked(to: string): Promise<void> {
  const { valuations } = walked(to);
  const rows = await query<{ session: string; net: number; state: string }>(
    'select session, nav_net as net, drawdown_state as state from rebalanced.valuations where portfolio = $1 order by session',
  );
  expect(rows).toEqual(
    valuations.map((v) => ({
      session: v.session,
      net: expect.closeTo(v.navNet, 9),
      state: v.drawdown.state,
    })),
  );
}

describe('a close that was wrong for an evening', () => {
  test('leaves no trace in net asset value, and the sale that it caused is undone by a decision', async () => {
    limited();
    await invested();
    const corrected = testSymbols.map((symbol) => setClose(symbol, d2, 0.75));
    await days(d2);
    expect((await valued(d2)).drawdown.state).toBe('halted');
    await run('rebalance', d2, { reason: 'drawdown' });
    for (const correct of corrected) correct();
    await days(d3);
    // What was sold at the close of d3 was really sold; the loss of d2 never was.
    const restated = await valued(d2);
    expect(restated.navNet).toBeCloseTo(walked(d2).valuations.at(-1)!.navNet, 9);
    expect(restated.drawdown.state).toBe('normal');
    const after = await valued(d3);
    expect(after.navNet).toBeGreaterThan(0.98);
    expect(after).toMatchObject({ drawdown: { state: 'normal' }, live: { weights: [0, 0, 0] } });
    expect(await rebalances()).toContainEqual({ session: d3, reason: 'restatement' });
    await run('rebalance', d3, { reason: 'restatement' });
    await days(d4);
    expect((await valued(d4)).live.cash).toBeLessThan(0.01);
    expect(await readDecisions(context.database, portfolio.id)).toMatchObject([
      { decision: { reason: 'monthly' } },
      { decision: { reason: 'drawdown', exposureRatio: 0 } },
      { decision: { reason: 'restatement', exposureRatio: 1 } },
    ]);
  });

  test('is told: one row of its effect, one line of the log, and the former valuations are kept', async () => {
    await invested();
    const weight = (await valued(d1)).live.weights[1]!;
    const correct = setClose('BBB', d2, 0.8);
    await days(d2);
    const wrong = (await valued(d2)).navNet;
    correct();
    const { log, lines } = recordingLog();
    await run('ingest', d3);
    await run('revalue', d3, { lateMinutes: 1, log });
    const right = (await valued(d2)).navNet;
    expect(right - wrong).toBeCloseTo((0.2 * weight * right) / (1 + (await valued(d2)).returnGross), 2);
    const [row, ...more] = await restatementsSince(context.database, portfolio.id, null);
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      fromSession: d2,
      toSession: d2,
      symbols: expect.arrayContaining(['BBB']),
      navBefore: wrong,
      navAfter: right,
      effectBps: expect.closeTo((right / wrong - 1) * 10_000, 9),
      stateBefore: 'normal',
      stateAfter: 'normal',
    });
    expect(lines.filter(({ msg }) => msg === 'net asset value was restated')).toHaveLength(1);
    const watched = { portfolio: portfolio.id, source: 'memory', symbols: testSymbols, drawdownLimits: null };
    const [metrics] = await readPortfolioMetrics(context.database, [watched], () => null);
    expect(metrics!.restatements).toMatchObject({ count: 1, newest: { effectBps: row!.effectBps } });
    const status = await readStatus(context.database, { now: 0, portfolios: [watched] });
    expect(status.portfolios[0]!.restatement).toMatchObject({ fromSession: d2, effectBps: row!.effectBps });
    const vintages = await query<{ net: number; kept: boolean; weights: number }>(
      `select nav_net as net, superseded_at is not null as kept, (
         select count(*)::integer from rebalanced.holding_vintages h
         where h.portfolio = v.portfolio and h.session = v.session and h.valued_at = v.valued_at
       ) as weights from rebalanced.valuation_vintages v where portfolio = $1 and session = '${d2}' order by valued_at`,
    );
    expect(vintages).toEqual([
      { net: wrong, kept: true, weights: 8 },
      { net: right, kept: false, weights: 8 },
    ]);
  });

  test('of a session long valued is found by whoever opens the revaluation again, and changes no decision', async () => {
    await invested();
    const correct = setClose('CCC', d2, 1.3);
    await days(d2, d3, d4);
    correct();
    await run('ingest', d4, { lateMinutes: 500 });
    await context.database.query(
      `update rebalanced.bars b set superseded_at = '2024-02-07T02:00:00Z' where source = $1 and symbol = 'CCC' and session = $2`,
      [portfolio.sourceName, d2],
    );
    await context.database.query(
      `insert into rebalanced.bars (source, symbol, session, close, dividend, split_ratio, basis, observed_at)
       values ($1, 'CCC', $2, $3, 0, 1, 'total-return', '2024-02-07T02:00:00Z')`,
      [portfolio.sourceName, d2, source.closes.get('CCC')!.get(d2)],
    );
    const before = await readDecisions(context.database, portfolio.id);
    await reopenRevaluation(context.database, portfolio, d2);
    await run('revalue', d4, { lateMinutes: 600 });
    await expectAsWalked(d4);
    expect(await readDecisions(context.database, portfolio.id)).toEqual(before);
    await reopenRevaluation(context.database, portfolio, d5);
    const { rows } = await context.database.query(
      `select state from rebalanced.slots where portfolio = $1 and task = 'revalue' and session = $2`,
      [portfolio.id, d4],
    );
    expect(rows).toEqual([{ state: 'done' }]);
  });

  test('that comes back the same changes no row', async () => {
    await invested();
    await days(d2, d3);
    const rows = () =>
      query(`select * from rebalanced.valuation_vintages where portfolio = $1 order by session`);
    const before = await rows();
    await reopenRevaluation(context.database, portfolio, d2);
    await run('revalue', d3, { lateMinutes: 402 });
    expect(await rows()).toEqual(before);
    expect(await restatementsSince(context.database, portfolio.id, null)).toEqual([]);
  });
});

describe('corrections of every kind', () => {
  test('end with the net asset value of the same prices without mistakes', async () => {
    limited();
    await invested();
    const path = source.closes.get('AAA')!;
    const late = path.get(d3)!;
    const first = setClose('BBB', d2, 0.97);
    await days(d2);
    path.delete(d3); // comes two sessions late
    await days(d3);
    const second = setClose('CCC', d4, 1.04);
    first();
    await days(d4);
    path.set(d3, late);
    second();
    await days(d5, d6);
    await expectAsWalked(d6);
  });

  test('of the fill itself: it is charged what it was charged, and a decision made then can still be made again', async () => {
    await days(d0);
    await run('rebalance', d0);
    const correct = setClose('AAA', d1, 0.9);
    await days(d1);
    const [{ cost }] = (await query<{ cost: number }>(
      'select f.cost_ratio as cost from rebalanced.fills f join rebalanced.decisions using (decision_id) where portfolio = $1',
    )) as [{ cost: number }];
    await days(d2);
    await run('rebalance', d2, { reason: 'drawdown' });
    correct();
    await days(d3);
    expect((await valued(d1)).navNet).toBe(1 - cost);
    const stored = (await readDecisions(context.database, portfolio.id)).at(-1)!;
    expect(stored.decision.asOf).toBe(d2);
    expect(await dryRun(context, portfolio, d2)).toEqual(stored.decision);
  });
});

describe('a fill without a close', () => {
  test('waits, and a bar that comes late does not make it a trade that nobody made', async () => {
    await days(d0);
    await run('rebalance', d0);
    const path = source.closes.get('BBB')!;
    const late = path.get(d1)!;
    path.delete(d1);
    await days(d1);
    const decided = (await readDecisions(context.database, portfolio.id))[0]!.decision.lines[1]!.target;
    expect(await valued(d1)).toMatchObject({
      live: { weights: [expect.any(Number), 0, expect.any(Number)] },
      unfilled: { live: { targets: { BBB: decided } } },
    });
    path.set(d1, late);
    await days(d2);
    expect((await valued(d1)).live.weights[1]).toBe(0);
    // The others have grown meanwhile, and nothing is bought with money that is not there.
    const filled = (await valued(d2)).live;
    expect(filled.weights[1]).toBeCloseTo(decided, 2);
    expect(filled.cash).toBeCloseTo(0, 12);
    const fills = await query<{ session: string }>(
      'select f.session from rebalanced.fills f join rebalanced.decisions using (decision_id) where portfolio = $1 order by 1',
    );
    expect(fills.map(({ session }) => session)).toEqual([d1, d2]);
    const history = await query<{ charged: number }>(
      'select charged_cost_ratio as charged from rebalanced.cost_history where portfolio = $1',
    );
    expect(history).toHaveLength(1);
  });
});

describe('a holding that does not trade any more', () => {
  const after = '2024-02-15'; // ten sessions without a close, the first of them d2
  const until = (last: string) => portfolio.plan.calendar.sessions(d2, last);
  beforeEach(async () => {
    await invested();
    for (const session of [...source.closes.get('CCC')!.keys()])
      if (session >= d2) source.closes.get('CCC')!.delete(session);
  });

  test('is closed at its last close, decided upon, and can leave the configuration', async () => {
    await days(...until('2024-02-14'));
    expect((await valued('2024-02-14')).live.weights[2]).toBeGreaterThan(0.1);
    await days(after);
    const closed = await valued(after);
    expect(closed.live.weights[2]).toBe(0);
    expect(closed.live.cash).toBeGreaterThan(0.1);
    expect(await rebalances()).toContainEqual({ session: after, reason: 'delisting' });
    await run('rebalance', after, { reason: 'delisting' });
    portfolio = { ...portfolio, policy: { ...portfolio.policy, symbols: ['AAA', 'BBB'] } };
    await days('2024-02-16');
    const { live, navNet } = await valued('2024-02-16');
    expect(live.weights).toHaveLength(2);
    expect(live.cash).toBeLessThan(0.01);
    portfolio = { ...portfolio, policy: { ...portfolio.policy, symbols: testSymbols } };
    const walk = walked('2024-02-16');
    expect(navNet).toBeCloseTo(walk.valuations.find((v) => v.session === '2024-02-16')!.navNet, 9);
    expect(walk.decisions.map(({ asOf, reason }) => `${asOf} ${reason}`)).toEqual([
      `${d0} monthly`,
      `${after} delisting`,
    ]);
  });

  test('loses what is not recovered', async () => {
    const delisting = { afterSessions: 3, recoveryRatioBySymbol: { CCC: 0.25 } };
    portfolio = { ...portfolio, policy: { ...portfolio.policy, delisting } };
    const held = (await valued(d1)).live.weights;
    await days(d2, d3);
    await days(d4);
    const growth = (symbol: string) =>
      source.closes.get(symbol)!.get(d4)! / source.closes.get(symbol)!.get(d1)!;
    expect((await valued(d4)).navGross).toBeCloseTo(
      held[0]! * growth('AAA') + held[1]! * growth('BBB') + held[2]! * 0.25,
      9,
    );
  });

  test('is taken back where its closes come after all', async () => {
    const delisting = { afterSessions: 2, recoveryRatioBySymbol: { CCC: 0 } };
    portfolio = { ...portfolio, policy: { ...portfolio.policy, delisting } };
    await days(d2, d3);
    expect((await valued(d3)).live.weights[2]).toBe(0);
    const close = source.closes.get('CCC')!.get(d1)!;
    source.closes.get('CCC')!.set(d3, close * 1.1);
    await days(d4);
    expect((await valued(d3)).live.weights[2]).toBeGreaterThan(0.1);
  });
});

describe('symbols that leave', () => {
  test('while held are valued on, and sold by the next decision', async () => {
    await invested();
    portfolio = { ...portfolio, policy: { ...portfolio.policy, symbols: ['AAA', 'BBB'] } };
    await days(d2);
    const held = await valued(d2);
    expect(held.live.weights[2]).toBeGreaterThan(0.1);
    await run('rebalance', d2, { reason: 'drawdown' });
    await days(d3);
    const sold = (await readDecisions(context.database, portfolio.id)).at(-1)!.decision;
    expect(sold.lines.map(({ symbol, target }) => [symbol, target > 0])).toEqual([
      ['AAA', true],
      ['BBB', true],
      ['CCC', false],
    ]);
    expect((await valued(d3)).live.weights).toHaveLength(2);
    expect((await effectivePortfolio(context.database, portfolio, null)).policy.symbols).toEqual([
      'AAA',
      'BBB',
    ]);
    await days(d4);
    expect((await valued(d4)).session).toBe(d4);
  });

  test('are restated too, for they were held', async () => {
    await invested();
    const correct = setClose('CCC', d2, 0.8);
    await days(d2);
    portfolio = { ...portfolio, policy: { ...portfolio.policy, symbols: ['AAA', 'BBB'] } };
    await run('rebalance', d2, { reason: 'drawdown' });
    correct();
    await run('ingest', d3);
    await run('revalue', d3, { lateMinutes: 1 });
    const { rows } = await context.database.query<{ net: number }>(
      'select nav_net as net from rebalanced.valuations where portfolio = $1 and session = $2',
      [portfolio.id, d2],
    );
    const whole = { ...portfolio.policy, symbols: testSymbols };
    portfolio = { ...portfolio, policy: whole };
    expect(rows[0]!.net).toBeCloseTo(walked(d2).valuations.at(-1)!.navNet, 9);
  });
});

test('a session that turns out to be none is valued no more, and what it filled stays filled', async () => {
  await invested();
  await days(d2, d3, d4);
  const { calendar } = portfolio.plan;
  const closed = {
    ...calendar,
    isSession: (date: string) => date !== d2 && calendar.isSession(date),
    sessions: (from: string, to: string) => calendar.sessions(from, to).filter((session) => session !== d2),
    next: (date: string) => (calendar.next(date) === d2 ? d3 : calendar.next(date)),
    previous: (date: string) => (calendar.previous(date) === d2 ? d1 : calendar.previous(date)),
  };
  portfolio = { ...portfolio, plan: { ...portfolio.plan, calendar: closed } };
  const before = await valued(d4);
  await days(d5);
  const rows = await query<{ session: string }>(
    'select session from rebalanced.valuations where portfolio = $1 order by session',
  );
  expect(rows.map(({ session }) => session)).toEqual([d0, d1, d3, d4, d5]);
  expect((await valued(d4)).navNet).toBeCloseTo(before.navNet, 9);
});
