import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readBars } from '../../src/adapters/postgres/bar-rows.ts';
import { decisionAt } from '../../src/adapters/postgres/decision-rows.ts';
import { newestValuation } from '../../src/adapters/postgres/valuation-rows.ts';
import type { Session } from '../../src/core/calendar/session.ts';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import type { Bar, PriceBasis } from '../../src/core/market/bar.ts';
import { panelFromBars } from '../../src/core/market/panel.ts';
import type { Portfolio } from '../../src/tasks/portfolio.ts';
import { readPanel } from '../../src/tasks/prices.ts';
import { recomputeDecision } from '../../src/tasks/proposal.ts';
import {
  recordingLog,
  type TestContext,
  testHistoryStart,
  testMonthEnd,
  testSymbols,
} from '../support/context.ts';
import type { MemorySource } from '../support/memory-source.ts';
import { type TaskBench, taskBench } from '../support/task-bench.ts';
import { runTask } from '../support/tasks.ts';

// A source that was configured with the wrong basis, and is corrected: its closes stay, and mean something else.
const session = testMonthEnd;
const next = '2024-02-01';
const third = '2024-02-02';
const sessionsRead = 60;

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
  const plain = await bench.fresh();
  source = paying(plain.source);
  portfolio = { ...plain.portfolio, source };
});

/** The same closes with a dividend of 2 every tenth session, the third here among them, which only a split-adjusted or as-traded basis counts. */
function paying(plain: MemorySource): MemorySource {
  return {
    ...plain,
    async fetchBars(symbol, from, to, at) {
      const all = [...plain.closes.get(symbol)!.keys()];
      const answer = await plain.fetchBars(symbol, from, to, at);
      const bars = answer.bars.map((bar) => ({
        ...bar,
        dividend: (all.indexOf(bar.session) - all.indexOf(third)) % 10 === 0 ? 2 : 0,
      }));
      return { ...answer, bars };
    },
  };
}

const inBasis = (basis: PriceBasis, from: MemorySource = source): Portfolio => ({
  ...portfolio,
  source: { ...from, basis },
});

const run = (of: Session, who = portfolio, lateMinutes = 0) =>
  runTask(context, who, 'ingest', of, { lateMinutes });
const storedPanel = (to: Session, vintage: string | null = null, who = portfolio) =>
  readPanel(context.database, who, to, sessionsRead, vintage);

/** The panel as it must be: from the source's own bars, in one basis. */
async function truth(to: Session, basis: PriceBasis) {
  const bars: Bar[] = [];
  for (const symbol of testSymbols)
    bars.push(...(await source.fetchBars(symbol, testHistoryStart, to, 0)).bars);
  const { calendar } = portfolio.plan;
  const sessions = calendar.sessions(testHistoryStart, to).slice(-sessionsRead);
  return panelFromBars(
    bars.filter((bar) => bar.session >= sessions[0]!),
    sessions,
    testSymbols,
    () => basis,
  );
}

const storedBars = (symbol: string, to: Session = '2024-02-29') =>
  readBars(context.database, {
    source: portfolio.sourceName,
    symbols: [symbol],
    from: testHistoryStart,
    to,
    vintage: null,
  });

const restatements = async () =>
  (
    await context.database.query<{ symbol: string; restatements: number }>(
      'select symbol, restatements from rebalanced.sources where source = $1 order by symbol',
      [portfolio.sourceName],
    )
  ).rows.map((row) => row.restatements);

test('a corrected basis stores the history again, so that returns are right, and a decision before it stays as it was', async () => {
  await run(session);
  for (const task of ['revalue', 'rebalance'] as const) await runTask(context, portfolio, task, session);
  const before = await decisionAt(context.database, portfolio.id, session);
  expect((await storedPanel(session)).levels).toEqual((await truth(session, 'total-return')).levels);

  const corrected = inBasis('split-adjusted');
  await run(next, corrected);
  const right = await truth(next, 'split-adjusted');
  expect((await storedPanel(next, null, corrected)).levels).toEqual(right.levels);
  expect(right.levels).not.toEqual((await truth(next, 'total-return')).levels);
  const { vintage } = before!.decision.inputs;
  for (const who of [portfolio, corrected]) {
    expect((await storedPanel(session, vintage, who)).levels).toEqual(
      (await truth(session, 'total-return')).levels,
    );
    const again = await recomputeDecision(
      context.database,
      { portfolio: who, services: context.services },
      before!,
    );
    expect(canonicalJson(again)).toBe(canonicalJson(before!.decision));
  }

  for (const of of [next, third]) {
    if (of === third) await run(of, corrected);
    await runTask(context, corrected, 'revalue', of);
  }
  const [filled, earned] = [await valuationAt(next), await valuationAt(third)];
  const levels = await truth(third, 'split-adjusted');
  const expected = testSymbols.map((symbol, i) => {
    const [was, is] = levels.column(symbol).slice(-2);
    return filled.live.weights[i]! * (is! / was! - 1);
  });
  expect(earned.returnGross).toBeCloseTo(
    expected.reduce((sum, r) => sum + r, 0),
    12,
  );
});

const valuationAt = async (of: Session) =>
  (await newestValuation(context.database, portfolio.id, of, portfolio.policy.symbols))!;

test('the change is counted as a restatement of every bar, told in the log, and made once', async () => {
  await run(session);
  const counts = await Promise.all(testSymbols.map(async (symbol) => (await storedBars(symbol)).length));
  const corrected = inBasis('as-traded');
  const { log, lines } = recordingLog();
  await runTask(context, corrected, 'ingest', next, { log });
  expect(await restatements()).toEqual(counts);
  const told = lines.filter(({ msg }) => msg.includes('another price basis'));
  expect(
    told.map(({ symbol, stored, configured, replaced }) => [symbol, stored, configured, replaced]),
  ).toEqual(testSymbols.map((symbol, i) => [symbol, 'total-return', 'as-traded', counts[i]]));
  source.asked.length = 0;
  await run(third, corrected);
  expect(await restatements()).toEqual(counts);
  expect(source.asked).toHaveLength(testSymbols.length); // nothing is asked for twice
});

test('bars that another portfolio stored earlier or later are replaced with the others', async () => {
  await run(third);
  const later = { ...inBasis('split-adjusted'), historyStart: '2023-11-01' };
  await run(session, later, 5 * 1440);
  for (const symbol of testSymbols) {
    const bars = await storedBars(symbol);
    expect(new Set(bars.map((bar) => bar.basis))).toEqual(new Set(['split-adjusted']));
    expect([bars[0]!.session, bars.at(-1)!.session]).toEqual([testHistoryStart, '2024-02-05']);
  }
});

test('a bar the source no longer has does not stay behind in the old basis', async () => {
  await run(session);
  const lost = '2024-01-10';
  source.closes.get('AAA')!.delete(lost);
  await run(next, inBasis('split-adjusted'));
  const sessions = (await storedBars('AAA')).map((bar) => bar.session);
  expect(sessions).not.toContain(lost);
  expect(sessions.at(-1)).toBe(next);
  await storedPanel(next);
});

test('a slot whose bar is lost with the old basis waits for it', async () => {
  await run(session);
  source.closes.get('AAA')!.delete(session);
  await expect(run(session, inBasis('split-adjusted'), 10)).rejects.toThrow(`no bar of ${session} for AAA`);
});

test('a symbol the source has nothing for, or fails for, keeps its bars and their basis', async () => {
  await run(session);
  const failing = inBasis('split-adjusted');
  source.failures.set('AAA', 'network');
  const path = source.closes.get('BBB')!;
  for (const day of [...path.keys()]) path.delete(day);
  await expect(run(next, failing)).rejects.toThrow(`no bar of ${next} for AAA, BBB`);
  for (const symbol of ['AAA', 'BBB'])
    expect(new Set((await storedBars(symbol)).map((bar) => bar.basis))).toEqual(new Set(['total-return']));
  const { levels, symbols } = await storedPanel(session);
  const [old, now] = [await truthOf('AAA', 'total-return'), await truthOf('CCC', 'split-adjusted')];
  expect([levels[symbols.indexOf('AAA')], levels[symbols.indexOf('CCC')]]).toEqual([old, now]);
});

async function truthOf(symbol: string, basis: PriceBasis): Promise<Float64Array> {
  source.failures.clear();
  return (await truth(session, basis)).column(symbol);
}
