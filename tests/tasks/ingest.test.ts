import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readBars } from '../../src/adapters/postgres/bar-rows.ts';
import { decisionAt } from '../../src/adapters/postgres/decision-rows.ts';
import { addDays } from '../../src/core/calendar/session.ts';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import { slotAt } from '../../src/core/schedule/plan.ts';
import type { Portfolio } from '../../src/tasks/portfolio.ts';
import { proposeDecision, recomputeDecision } from '../../src/tasks/proposal.ts';
import { NotReadyError } from '../../src/tasks/task.ts';
import { type TestContext, testHistoryStart, testMonthEnd, testSymbols, twin } from '../support/context.ts';
import type { MemorySource } from '../support/memory-source.ts';
import { type TaskBench, taskBench } from '../support/task-bench.ts';
import { runTask } from '../support/tasks.ts';

const session = testMonthEnd;
const next = '2024-02-01';
const third = '2024-02-02';

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
});

/** Runs the ingest of a session, `lateMinutes` after it is due. */
async function run(of: string, lateMinutes = 0, who = portfolio): Promise<void> {
  await runTask(context, who, 'ingest', of, { lateMinutes });
}

async function rows<Row extends object>(sql: string): Promise<Row[]> {
  return (await context.database.query<Row & Record<string, unknown>>(sql, [portfolio.sourceName])).rows;
}

const barCount = async (symbol: string) =>
  (
    await rows<{ n: number }>(
      `select count(*)::integer as n from rebalanced.bars where source = $1 and symbol = '${symbol}'`,
    )
  )[0]!.n;

const slotState = async (of: string) =>
  (
    await context.database.query<{ state: string }>(
      `select state from rebalanced.slots where task = 'ingest' and portfolio = $1 and session = $2`,
      [portfolio.id, of],
    )
  ).rows[0]!.state;

const sourceRow = async (symbol: string) =>
  (
    await rows<Record<string, unknown>>(
      `select * from rebalanced.sources where source = $1 and symbol = '${symbol}'`,
    )
  )[0]!;

const deadlineMinutes = 360;

/** Restates a history beyond a constant factor, which would leave every return as it was. */
function bend(path: Map<string, number>): void {
  for (const [i, [day, close]] of [...path].entries()) path.set(day, close * (1 + 0.02 * Math.sin(i)));
}

describe('prices as expected', () => {
  test('the first time all of history is fetched, afterwards the days since and a short overlap', async () => {
    await run(session);
    expect(source.asked.map(({ from, to }) => [from, to])).toEqual(
      testSymbols.map(() => [testHistoryStart, session]),
    );
    const first = await barCount('AAA');
    expect(first).toBe([...source.closes.get('AAA')!.keys()].filter((s) => s <= session).length);
    source.asked.length = 0;
    await run(next);
    expect(source.asked.map(({ from, to }) => [from, to])).toEqual(
      testSymbols.map(() => [addDays(session, -35), next]),
    );
    expect(await barCount('AAA')).toBe(first + 1);
    expect(await slotState(next)).toBe('done');
  });

  test('a second run of the same slot stores nothing and does no harm', async () => {
    await run(session);
    const before = await barCount('AAA');
    await run(session, 10);
    expect(await barCount('AAA')).toBe(before);
  });

  test('a close that differs by the rounding of a 32-bit float is the same close', async () => {
    await run(session);
    for (const path of source.closes.values())
      for (const [day, close] of path) path.set(day, Math.fround(close));
    await run(next);
    expect((await sourceRow('AAA')).restatements).toBe(0);
  });

  test('history that is asked for further back than it is stored is fetched as well', async () => {
    const early = '2023-11-01';
    await run(session, 0, { ...portfolio, historyStart: early });
    expect(
      (
        await rows<{ first: string }>(`select min(session) as first from rebalanced.bars where source = $1`)
      )[0]!.first,
    ).toBe(early);
    await run(next);
    expect(
      (
        await rows<{ first: string }>(`select min(session) as first from rebalanced.bars where source = $1`)
      )[0]!.first,
    ).toBe(testHistoryStart);
    expect((await sourceRow('AAA')).restatements).toBe(0);
  });
});

describe('history that is restated', () => {
  const at = (of: string) => new Date(slotAt(portfolio.plan, 'ingest', of).dueAt).toISOString();
  const closesAt = async (vintage: string | null) =>
    (
      await readBars(context.database, {
        source: portfolio.sourceName,
        symbols: ['AAA'],
        from: testHistoryStart,
        to: session,
        vintage,
      })
    ).map((bar) => bar.close);

  /** A decision at `session`, and a restatement of AAA seen at `next`. */
  async function decideThenRestate() {
    await run(session);
    for (const task of ['revalue', 'rebalance'] as const) await runTask(context, portfolio, task, session);
    const path = source.closes.get('AAA')!;
    bend(path);
    source.asked.length = 0;
    await run(next);
    return { portfolio, services: context.services };
  }

  test('is fetched whole and stored as a new vintage; the old one stays as it was known', async () => {
    await run(session);
    const before = await closesAt(null);
    const path = source.closes.get('AAA')!;
    for (const [day, close] of path) path.set(day, close / 2);
    source.asked.length = 0;
    await run(next);
    expect(source.asked.filter(({ symbol }) => symbol === 'AAA').map(({ from }) => from)).toEqual([
      addDays(session, -35),
      testHistoryStart,
    ]);
    expect(await closesAt(at(session))).toEqual(before);
    expect(await closesAt(null)).toEqual(before.map((close) => close / 2));
    expect((await sourceRow('AAA')).restatements).toBe(before.length);
    expect((await sourceRow('BBB')).restatements).toBe(0);
    expect(await barCount('AAA')).toBe(2 * before.length + 1);
  });

  test('leaves an old decision what it was, bit for bit, while a new one would be another', async () => {
    const decisions = await decideThenRestate();
    const stored = (await decisionAt(context.database, portfolio.id, session))!;
    const again = await recomputeDecision(context.database, decisions, stored);
    expect(canonicalJson(again)).toBe(canonicalJson(stored.decision));
    const { decision: proposed } = await proposeDecision(context.database, decisions, session, 'monthly');
    expect(proposed.inputs.vintage > stored.decision.inputs.vintage).toBe(true);
    expect(proposed.lines.map((line) => line.target)).not.toEqual(
      stored.decision.lines.map((line) => line.target),
    );
  });

  test('that arrives in the middle of deciding is left to the next decision', async () => {
    await run(session);
    await runTask(context, portfolio, 'revalue', session);
    let restated = false;
    const interrupted = {
      ...context.database,
      transaction: <R>(work: Parameters<typeof context.database.transaction<R>>[0]) =>
        context.database.transaction((sql) =>
          work({
            async query(text, values) {
              const result = await sql.query(text, values);
              if (!restated && /max\(observed_at\)/.test(text)) {
                restated = true;
                const path = source.closes.get('AAA')!;
                bend(path);
                await run(next);
              }
              return result as never;
            },
          }),
        ),
    };
    await runTask(context, portfolio, 'rebalance', session, { database: interrupted });
    expect(restated).toBe(true);
    const stored = (await decisionAt(context.database, portfolio.id, session))!;
    const again = await recomputeDecision(
      context.database,
      { portfolio, services: context.services },
      stored,
    );
    expect(canonicalJson(again)).toBe(canonicalJson(stored.decision));
  });
});

describe('a doubtful bar', () => {
  const findings = () =>
    rows<{ symbol: string; session: string; rule: string; action: string; resolution: string | null }>(
      `select symbol, session, rule, action, resolution from rebalanced.findings where source = $1
       order by finding_id`,
    );
  const closeOf = async (symbol: string, of: string) =>
    (
      await rows<{ close: number }>(
        `select close from rebalanced.bars
         where source = $1 and symbol = '${symbol}' and session = '${of}' and superseded_at is null`,
      )
    ).map(({ close }) => close);

  test('is kept apart, with its reason, and stops nothing', async () => {
    await run(session);
    const path = source.closes.get('AAA')!;
    path.set(next, path.get(session)! / 100);
    await run(next);
    expect(await slotState(next)).toBe('done');
    expect(await closeOf('AAA', next)).toEqual([]);
    expect(await closeOf('BBB', next)).toHaveLength(1);
    expect(await findings()).toEqual([
      { symbol: 'AAA', session: next, rule: 'like-unit', action: 'quarantined', resolution: null },
    ]);
    expect(await rows('select symbol, reason from rebalanced.gaps where source = $1')).toEqual([
      { symbol: 'AAA', reason: expect.stringMatching(/^quarantined: .*another unit/) },
    ]);
  });

  test('that the source puts right is withdrawn, and the right one is stored', async () => {
    await run(session);
    const path = source.closes.get('AAA')!;
    const right = path.get(next)!;
    path.set(next, right * 0.8);
    await run(next);
    expect(await closeOf('AAA', next)).toEqual([]);
    path.set(next, right);
    await run(third);
    expect(await closeOf('AAA', next)).toEqual([right]);
    expect((await findings()).map(({ rule, resolution }) => [rule, resolution])).toEqual([
      ['jump', 'withdrawn'],
    ]);
  });

  test('that the next price bears out was the market: it is stored, and the finding says so', async () => {
    await run(session);
    const path = source.closes.get('AAA')!;
    for (const [day, close] of path) if (day >= next) path.set(day, close * 0.8);
    await run(next);
    expect(await closeOf('AAA', next)).toEqual([]);
    await run(third);
    expect(await closeOf('AAA', next)).toEqual([path.get(next)]);
    expect(await closeOf('AAA', third)).toEqual([path.get(third)]);
    expect((await findings())[0]).toMatchObject({
      rule: 'jump',
      action: 'quarantined',
      resolution: 'accepted',
    });
  });

  test('like a split that is not told is accepted after so many sessions, and told', async () => {
    await run(session);
    const path = source.closes.get('AAA')!;
    for (const [day, close] of path) if (day >= next) path.set(day, close / 2);
    const later = [...path.keys()].filter((day) => day >= next).slice(0, 4);
    for (const day of later.slice(0, 3)) await run(day);
    expect(await closeOf('AAA', next)).toEqual([]);
    await run(later[3]!);
    expect(await closeOf('AAA', next)).toEqual([path.get(next)]);
    expect((await findings())[0]).toMatchObject({ rule: 'like-split', resolution: 'accepted' });
  });

  test('a restatement that is doubtful leaves the good bar in force', async () => {
    await run(session);
    await run(next);
    const path = source.closes.get('AAA')!;
    const good = path.get(next)!;
    path.set(next, good * 100);
    await run(third);
    expect(await closeOf('AAA', next)).toEqual([good]);
    expect((await findings())[0]).toMatchObject({ session: next, rule: 'like-unit', action: 'quarantined' });
  });
});

describe('a bar that is missing', () => {
  test('is waited for while the others are stored, and comes', async () => {
    const held = source.closes.get('BBB')!.get(session)!;
    source.closes.get('BBB')!.delete(session);
    await expect(run(session)).rejects.toThrow(NotReadyError);
    await expect(run(session, 1)).rejects.toThrow(`no bar of ${session} for BBB yet`);
    expect(await slotState(session)).toBe('waiting');
    expect(await barCount('AAA')).toBeGreaterThan(0);
    expect(await barCount('BBB')).toBe((await barCount('AAA')) - 1);
    source.closes.get('BBB')!.set(session, held);
    await run(session, 30);
    expect(await slotState(session)).toBe('done');
    expect(await barCount('BBB')).toBe(await barCount('AAA'));
    expect(await rows('select * from rebalanced.gaps where source = $1')).toEqual([]);
  });

  test('past the deadline is recorded with its reason, where enough of the others are there', async () => {
    const some = { ...portfolio, coverageRatioMin: 0.5 };
    source.closes.get('BBB')!.delete(session);
    await expect(run(session, deadlineMinutes - 1, some)).rejects.toThrow(NotReadyError);
    await run(session, deadlineMinutes, some);
    expect(await slotState(session)).toBe('done');
    expect(await rows('select symbol, session, reason from rebalanced.gaps where source = $1')).toEqual([
      { symbol: 'BBB', session, reason: 'the source answered without a bar of this session' },
    ]);
  });

  test('of too many symbols that could not be asked for is waited for past the deadline too', async () => {
    const most = { ...portfolio, coverageRatioMin: 0.8 };
    source.failures.set('BBB', 'network');
    await expect(run(session, deadlineMinutes + 600, most)).rejects.toThrow(NotReadyError);
    expect(await slotState(session)).toBe('waiting');
    expect(await rows('select * from rebalanced.gaps where source = $1')).toEqual([]);
  });
});

describe('a symbol that fails', () => {
  test('stops no other, and how it failed is on record until long after it succeeds', async () => {
    source.failures.set('BBB', 'throttled');
    await expect(run(session)).rejects.toThrow('BBB fails by throttled');
    await expect(run(session, 1)).rejects.toThrow(NotReadyError);
    expect(await barCount('AAA')).toBeGreaterThan(0);
    expect(await barCount('CCC')).toBeGreaterThan(0);
    expect(await sourceRow('BBB')).toMatchObject({
      last_success_at: null,
      last_failure_kind: 'throttled',
      last_failure: 'BBB fails by throttled',
      failures_in_a_row: 2,
    });
    source.failures.clear();
    await run(session, 5);
    expect(await slotState(session)).toBe('done');
    const { last_success_at, last_failure_at, ...row } = await sourceRow('BBB');
    expect(row).toMatchObject({ failures_in_a_row: 0, last_failure_kind: 'throttled' });
    expect(String(last_success_at) > String(last_failure_at)).toBe(true);
    expect(await sourceRow('AAA')).toMatchObject({ last_failure_at: null, failures_in_a_row: 0 });
  });

  test('past the deadline leaves its own words as the reason of the gap', async () => {
    source.failures.set('BBB', 'delisted');
    await run(session, deadlineMinutes, { ...portfolio, coverageRatioMin: 0.5 });
    expect(await rows('select symbol, reason from rebalanced.gaps where source = $1')).toEqual([
      { symbol: 'BBB', reason: 'BBB fails by delisted' },
    ]);
  });

  test('what is no failure of the source is thrown, not put down to it', async () => {
    const broken = { ...source, fetchBars: async () => Promise.reject(new TypeError('a bug')) };
    await expect(run(session, 0, { ...portfolio, source: broken })).rejects.toThrow('a bug');
    expect(await rows('select * from rebalanced.sources where source = $1')).toEqual([]);
  });
});

describe('two portfolios of one source', () => {
  test('share its bars: the second stores only what the first lacks, even at the same moment', async () => {
    const other = await twin(context.database, portfolio, `${portfolio.id}b`);
    const sharing = { ...other, source, sourceName: portfolio.sourceName };
    const attempts = await Promise.allSettled([run(session), run(session, 0, sharing)]);
    expect(attempts.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(1);
    await run(session, 1);
    await run(session, 1, sharing);
    expect(await barCount('AAA')).toBe(
      [...source.closes.get('AAA')!.keys()].filter((s) => s <= session).length,
    );
    expect(await slotState(session)).toBe('done');
  });

  test('may be months apart: the one that catches up stores nothing twice', async () => {
    const far = '2024-02-29';
    await run(far);
    const stored = await barCount('AAA');
    const other = await twin(context.database, portfolio, `${portfolio.id}b`);
    const behind = { ...other, source, sourceName: portfolio.sourceName };
    for (const of of [session, next, third]) await run(of, 60 * 24 * 60, behind);
    expect(await barCount('AAA')).toBe(stored);
    expect(await rows('select * from rebalanced.gaps where source = $1')).toEqual([]);
    source.closes.get('BBB')!.delete('2024-02-05');
    await context.database.query(
      `delete from rebalanced.bars where source = $1 and symbol = 'BBB' and session = '2024-02-05'`,
      [portfolio.sourceName],
    );
    await run('2024-02-05', 60 * 24 * 60, { ...behind, coverageRatioMin: 0.5 });
    expect(await rows('select symbol, session from rebalanced.gaps where source = $1')).toEqual([
      { symbol: 'BBB', session: '2024-02-05' },
    ]);
  });
});
