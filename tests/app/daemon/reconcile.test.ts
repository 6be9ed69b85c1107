import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../src/adapters/postgres/database.ts';
import {
  closeSlot,
  giveBackSlot,
  insertSlots,
  postponeSlot,
  readOpenSlots,
} from '../../../src/adapters/postgres/slot-rows.ts';
import type { Queue } from '../../../src/app/daemon/queue.ts';
import { reconcile } from '../../../src/app/daemon/reconcile.ts';
import { newYorkCalendar } from '../../../src/core/calendar/new-york.ts';
import type { SchedulePlan } from '../../../src/core/schedule/plan.ts';
import { slotAt } from '../../../src/core/schedule/plan.ts';
import { type Slot, type TaskName, taskNames } from '../../../src/core/schedule/slot.ts';
import { type TestContext, testContext, testInception, twin } from '../../support/context.ts';
import { testDatabase } from '../../support/database.ts';
import { startDatabaseProxy } from '../../support/database-proxy.ts';

const calendar = newYorkCalendar();
const minute = 60_000;
const [first, second, monthEnd, next, nextButOne] = calendar.sessions(testInception, '2024-02-02') as [
  string,
  string,
  string,
  string,
  string,
];

let url: string;
let context: TestContext;
let plan: SchedulePlan;
let made = 0;
beforeAll(async () => {
  url = await testDatabase();
  context = await testContext(url);
});
afterAll(() => context.close());
beforeEach(async () => {
  await context.queue.clear();
  plan = (await freshPortfolio()).plan;
});

/** A portfolio of its own for each test, in the same database. */
async function freshPortfolio(of = context.portfolios[0]!) {
  made += 1;
  return twin(context.database, of, `p${made}`);
}

/** The instant the last session's bars are final. */
const due = (session: string) => slotAt(plan, 'ingest', session).dueAt;
const tick = (now: number) => reconcile(context.database, context.queue, plan, now);
const named = (slots: readonly Slot[]) => slots.map(({ task, session }) => `${task} ${session}`).sort();

async function states(
  database: Database,
  task: string,
  portfolio = plan.portfolio,
): Promise<Record<string, string>> {
  const { rows } = await database.query<{ session: string; state: string; reason: string | null }>(
    'select session, state, reason from rebalanced.slots where task = $1 and portfolio = $2 order by session',
    [task, portfolio],
  );
  return Object.fromEntries(rows.map((r) => [r.session, r.reason ? `${r.state} ${r.reason}` : r.state]));
}

/** Does every queued slot at once, as if its task had succeeded, until nothing more is ready; but none of `except`. */
async function settle(
  now: number,
  except: TaskName[] = [],
  of = plan,
  queue = context.queue,
): Promise<Slot[]> {
  const all: Slot[] = [];
  for (;;) {
    await reconcile(context.database, queue, of, now);
    const queued = (await openSlots(of)).filter(
      (slot) => slot.state === 'queued' && !except.includes(slot.task),
    );
    if (queued.length === 0) return all;
    for (const slot of queued) await closeSlot(context.database, slot, 'done', now);
    all.push(...queued);
  }
}

/** Puts a slot back as a failed attempt at `now` does, to be tried again ten minutes later. */
function fail(slot: Slot, now: number, error: string): Promise<void> {
  const backoff = { firstSeconds: 600, maxSeconds: 600 };
  return postponeSlot(context.database, slot, now, backoff, error);
}

/** Open slots of this test's portfolio. */
async function openSlots(of = plan) {
  return (await readOpenSlots(context.database)).filter((slot) => slot.portfolio === of.portfolio);
}

async function queuedJobs(): Promise<Slot[]> {
  const jobs = await Promise.all(taskNames.map((task) => context.queue.take(task, 100)));
  return jobs.flat().map((job) => job.slot);
}

describe('what is due', () => {
  test('a fresh deployment has nothing before the first close of its inception is final', async () => {
    expect(await tick(due(first) - 1)).toEqual([]);
    expect(await openSlots()).toEqual([]);
    expect(named(await tick(due(first)))).toEqual([`ingest ${first}`]);
    expect(await states(context.database, 'revalue')).toEqual({ [first]: 'waiting' });
  });

  test('running it again changes nothing', async () => {
    const slots = await tick(due(monthEnd));
    expect(named(slots)).toEqual([`ingest ${first}`]);
    const before = await openSlots();
    expect(await tick(due(monthEnd))).toEqual([]);
    expect(await tick(due(monthEnd) + 5 * minute)).toEqual([]);
    expect(await openSlots()).toEqual(before);
    expect(named(await queuedJobs())).toEqual([`ingest ${first}`]);
  });

  test('a task is queued once what it waits for is done, and in no other order', async () => {
    const order = (await settle(due(monthEnd))).map(({ task, session }) => `${task} ${session}`);
    expect(order).toEqual([
      `ingest ${first}`,
      `revalue ${first}`,
      `ingest ${second}`,
      `revalue ${second}`,
      `ingest ${monthEnd}`,
      `revalue ${monthEnd}`,
      `rebalance ${monthEnd}`,
    ]);
  });

  test('a slot put back is queued again at its retry time, not before', async () => {
    const [slot] = await tick(due(first));
    const retry = due(first) + 10 * minute;
    await fail(slot!, due(first), 'no bar yet');
    expect(await tick(retry - 1)).toEqual([]);
    expect(named(await tick(retry))).toEqual([`ingest ${first}`]);
  });

  test('where queueing fails nothing is planned either', async () => {
    const broken: Queue = {
      ...context.queue,
      send: async () => {
        throw new Error('the queue is gone');
      },
    };
    await expect(reconcile(context.database, broken, plan, due(first))).rejects.toThrow('the queue is gone');
    expect(await openSlots()).toEqual([]);
    expect(named(await tick(due(first)))).toEqual([`ingest ${first}`]);
  });
});

test('cut off at any statement, it plans and queues all or nothing, and the next one all of it once', async () => {
  const proxy = await startDatabaseProxy(url);
  const cut = openDatabase(proxy.url, { connectionsMax: 1 });
  const now = due(first);
  await cut.query('select 1'); // connected and settled, so that what is counted is the work's
  proxy.count();
  expect(named(await reconcile(cut, context.queue, plan, now))).toEqual([`ingest ${first}`]);
  const statements = proxy.statements();
  expect(statements).toBeGreaterThanOrEqual(8);
  for (const when of ['before', 'after'] as const)
    for (let at = 1; at <= statements; at += 1) {
      await context.queue.clear();
      const mine = (await freshPortfolio()).plan;
      await cut.query('select 1'); // connected and settled, so that what is counted is the work's
      proxy.cutAt(at, when);
      await expect(reconcile(cut, context.queue, mine, now)).rejects.toThrow();
      const committed = at === statements && when === 'after';
      expect((await openSlots(mine)).map(({ state }) => state)).toEqual(
        committed ? ['queued', 'waiting'] : [],
      );
      expect(await reconcile(cut, context.queue, mine, now)).toHaveLength(committed ? 0 : 1);
      expect(named(await queuedJobs())).toEqual([`ingest ${first}`]);
    }
  await cut.close();
  await proxy.close();
});

describe('two daemons', () => {
  test('plan and queue each slot once, however they interleave', async () => {
    await using other = await testContext(url);
    for (const session of [first, second, monthEnd]) {
      const now = due(session);
      for (let round = 0; round < 6; round += 1) {
        const queued = await Promise.all(
          [context, other, context, other].map((c) => reconcile(c.database, c.queue, plan, now)),
        );
        const all = queued.flat();
        expect(new Set(named(all)).size).toBe(all.length);
        expect(named(await queuedJobs())).toEqual(named(all));
        for (const slot of all) await closeSlot(context.database, slot, 'done', now);
      }
    }
    expect(await openSlots()).toEqual([]);
    expect(await states(context.database, 'rebalance')).toEqual({ [monthEnd]: 'done monthly' });
  });
});

describe('after a downtime', () => {
  test('every session is ingested and valued, and only the newest month is decided', async () => {
    const until = '2024-03-28';
    const done = await settle(due(until));
    const sessions = calendar.sessions(first, until);
    for (const task of ['ingest', 'revalue'])
      expect(done.filter((slot) => slot.task === task).map((slot) => slot.session)).toEqual(sessions);
    expect(await states(context.database, 'rebalance')).toEqual({ [until]: 'done monthly' });
  });

  test.each([1, 2, 3])('a decision missed by %i sessions is made as of the newest one', async (late) => {
    const newest = calendar.sessions(monthEnd, '2024-02-29')[late]!;
    await settle(due(newest));
    expect(await states(context.database, 'rebalance')).toEqual({ [newest]: 'done monthly' });
  });

  test('a decision missed by more sessions than allowed is left out', async () => {
    await settle(due(calendar.sessions(monthEnd, '2024-02-29')[4]!));
    expect(await states(context.database, 'rebalance')).toEqual({});
  });

  test('a decision that was queued and never made moves to the newest session', async () => {
    await settle(due(monthEnd), ['rebalance']);
    expect(await states(context.database, 'rebalance')).toEqual({ [monthEnd]: 'queued monthly' });
    await settle(due(next));
    expect(await states(context.database, 'rebalance')).toEqual({
      [monthEnd]: 'missed monthly',
      [next]: 'done monthly',
    });
  });

  test('between its fill and the next final close a decision waits: it is neither made on the past nor lost', async () => {
    await settle(due(second));
    const filled = calendar.closeAt(next) + minute;
    const between = await settle(filled);
    expect(between.map((slot) => slot.task)).not.toContain('rebalance');
    expect(await states(context.database, 'rebalance')).toEqual({ [monthEnd]: 'waiting monthly' });
    await settle(due(next));
    expect(await states(context.database, 'rebalance')).toEqual({
      [monthEnd]: 'missed monthly',
      [next]: 'done monthly',
    });
  });

  test("a drawdown's decision is never left out: it is made as of the newest session, however late", async () => {
    await settle(due(first));
    await insertSlots(context.database, [slotAt(plan, 'rebalance', first, 'drawdown')]);
    const newest = '2024-02-20';
    await settle(due(newest));
    expect(await states(context.database, 'rebalance')).toEqual({
      [first]: 'missed drawdown',
      [newest]: 'done drawdown',
    });
  });

  test('the decision of a month and of a drawdown, both missed, become one', async () => {
    await settle(due(monthEnd), ['rebalance']);
    await insertSlots(context.database, [slotAt(plan, 'rebalance', second, 'drawdown')]);
    await settle(due(nextButOne));
    expect(await states(context.database, 'rebalance')).toEqual({
      [second]: 'missed drawdown',
      [monthEnd]: 'missed monthly',
      [nextButOne]: 'done monthly',
    });
  });
});

describe('training', () => {
  const step = 21;
  let training: SchedulePlan;
  beforeEach(async () => {
    training = { ...(await freshPortfolio()).plan, retrainEverySessions: step };
  });
  const tickTraining = (now: number) => reconcile(context.database, context.queue, training, now);
  const retrains = () => states(context.database, 'retrain', training.portfolio);

  test('of a downtime only the newest one is due, and it is tried though its deadline has passed', async () => {
    const trainings = calendar.sessions(first, '2024-06-28').filter((_, i) => i % step === 0);
    const newest = trainings[2]!;
    const now = due(calendar.next(calendar.next(newest)));
    const done = await settle(now, [], training);
    expect(named(done.filter((slot) => slot.task === 'retrain'))).toEqual([`retrain ${newest}`]);
    expect(await retrains()).toEqual({ [newest]: 'done' });
  });

  test('one that has failed until its deadline is tried again, but no decision waits for it any longer', async () => {
    const now = due(first);
    await settle(now, ['retrain'], training);
    const slot = (await openSlots(training)).find((s) => s.task === 'retrain')!;
    await fail(slot, now, 'out of memory');
    await tickTraining(slot.deadlineAt);
    expect(await retrains()).toEqual({ [first]: 'queued' });
    await fail(slot, slot.deadlineAt, 'out of memory');
    const done = await settle(due(monthEnd), ['retrain'], training);
    expect(named(done)).toContain(`rebalance ${monthEnd}`);
    expect(await retrains()).toEqual({ [first]: 'queued' });
  });

  test('one that is late by nature is given up neither by a stop in the midst of it nor by a failure', async () => {
    const late = due(first) + 90 * 24 * 60 * minute;
    await settle(late, ['retrain'], training);
    const [slot] = (await openSlots(training)).filter((s) => s.task === 'retrain');
    await giveBackSlot(context.database, slot!);
    await tickTraining(late + minute);
    expect(await openSlots(training)).toMatchObject([{ task: 'retrain', state: 'queued', attempts: 0 }]);
    await fail(slot!, late, 'out of memory');
    await tickTraining(late + 11 * minute);
    expect(await openSlots(training)).toMatchObject([{ task: 'retrain', state: 'queued', attempts: 1 }]);
  });

  test('one is given up once a newer one has been done, and not before', async () => {
    await settle(due(first), ['retrain'], training);
    const newer = calendar.sessions(first, '2024-06-28')[step]!;
    await settle(due(newer), ['retrain', 'rebalance'], training);
    expect(await retrains()).toEqual({ [first]: 'queued', [newer]: 'queued' });
    const [, one] = (await openSlots(training)).filter((s) => s.task === 'retrain');
    await closeSlot(context.database, one!, 'done', due(newer));
    await tickTraining(due(newer));
    expect(await retrains()).toEqual({ [first]: 'missed', [newer]: 'done' });
  });
});

test('whenever it ticks, over a clock change too, every session is worked once and no month is decided twice', async () => {
  const last = '2024-03-15';
  const span = due(last) - due(first);
  const sessions = calendar.sessions(first, last);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 }),
      async (moments) => {
        const mine = (await freshPortfolio()).plan;
        const id = mine.portfolio;
        const queue = { ...context.queue, send: async () => {} };
        const ticks = [...moments].sort((a, b) => a - b).map((m) => due(first) + Math.floor(m * span));
        for (const now of [...ticks, due(last)]) await settle(now, [], mine, queue);
        for (const task of ['ingest', 'revalue'])
          expect(await states(context.database, task, id)).toEqual(
            Object.fromEntries(sessions.map((session) => [session, 'done'])),
          );
        const decided = Object.entries(await states(context.database, 'rebalance', id))
          .filter(([, state]) => state === 'done monthly')
          .map(([session]) => session);
        for (const month of ['2024-01-31', '2024-02-29']) {
          const window = calendar.sessions(month, '2024-12-31').slice(0, plan.lateSessionsMax + 1);
          expect(decided.filter((session) => window.includes(session)).length).toBeLessThanOrEqual(1);
          const running = ticks.some(
            (now) => now >= due(month) && now < slotAt(plan, 'rebalance', month).deadlineAt,
          );
          if (running) expect(decided).toContain(month);
        }
      },
    ),
    { numRuns: 6 },
  );
});
