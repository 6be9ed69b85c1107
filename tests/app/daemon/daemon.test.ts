import { readdir } from 'node:fs/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { readDecisions } from '../../../src/adapters/postgres/decision-rows.ts';
import { readOpenSlots } from '../../../src/adapters/postgres/slot-rows.ts';
import { type Daemon, startDaemon } from '../../../src/app/daemon/daemon.ts';
import { newYorkCalendar } from '../../../src/core/calendar/new-york.ts';
import {
  dueAt,
  portfolioInput,
  smallForecaster,
  type TestContext,
  testContext,
  testHistoryStart,
  testInception,
  testMonthEnd,
  testSymbols,
} from '../../support/context.ts';
import { testDatabase } from '../../support/database.ts';
import { startDatabaseProxy } from '../../support/database-proxy.ts';
import { type MemorySource, memorySource } from '../../support/memory-source.ts';
import { silenceWorkers } from '../../support/queue.ts';

/** A cron that never ticks: these tests tick the daemon themselves. */
const never = '0 0 29 2 *';
const sessions = newYorkCalendar().sessions(testInception, '2024-02-15');

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function start(
  databaseUrl: string,
  options: Parameters<typeof testContext>[1] = {},
  wallClock?: () => number,
): Promise<{ context: TestContext; daemon: Daemon }> {
  const context = await testContext(databaseUrl, options);
  cleanups.push(() => context.close());
  const daemon = startDaemon(context, {
    cron: never,
    now: () => context.clock.now,
    ...(wallClock ? { wallClock } : {}),
  });
  cleanups.push(() => daemon.stop(5000));
  return { context, daemon };
}

const due = (context: TestContext, session: string) => dueAt(context.portfolios[0]!, session);

const allDone = (context: TestContext, count: number) =>
  vi.waitFor(
    async () => {
      expect(await readOpenSlots(context.database)).toEqual([]);
      const { rows } = await context.database.query<{ n: number }>(
        `select count(*)::integer as n from rebalanced.slots where state = 'done' and task = 'revalue'`,
      );
      expect(rows[0]!.n).toBe(count);
    },
    { timeout: 30_000, interval: 20 },
  );

const checkOf = async (daemon: Daemon, name: string) =>
  (await daemon.readiness()).checks.find((check) => check.name === name)!;

describe('a daemon', () => {
  test('ticks once and catches up with everything that is due, letters included', async () => {
    const { context, daemon } = await start(await testDatabase());
    expect(await daemon.readiness()).toMatchObject({ ready: false });
    context.clock.now = due(context, sessions.at(-1)!);
    await daemon.tick();
    await allDone(context, sessions.length);
    context.clock.now = due(context, '2024-02-29');
    await daemon.tick();
    await allDone(context, newYorkCalendar().sessions(testInception, '2024-02-29').length);
    const decisions = await readDecisions(context.database, 'small');
    expect(decisions.map(({ decision }) => decision.asOf)).toEqual(['2024-02-29']);
    expect(await readdir(context.config.mail.folder)).toHaveLength(1);
    expect(await daemon.readiness()).toMatchObject({ ready: true });
  });

  test('sees a job that is queued while its worker is just finding nothing', async () => {
    const { context, daemon } = await start(await testDatabase());
    const { take } = context.queue;
    const queued = (task: string) =>
      vi.waitFor(async () => {
        const open = await readOpenSlots(context.database);
        expect(open.find((slot) => slot.task === task)?.state).toBe('queued');
      });
    let isFirst = true;
    context.queue.take = async (task, count) => {
      const jobs = await take(task, count);
      if (task !== 'revalue' || !isFirst) return jobs;
      isFirst = false;
      await queued('revalue');
      await daemon.tick();
      return jobs;
    };
    context.clock.now = due(context, testInception);
    await daemon.tick();
    await allDone(context, 1);
    expect(isFirst).toBe(false);
  });

  test('shares the work with another one: everything is done once', async () => {
    const url = await testDatabase();
    const source = memorySource(testSymbols, testHistoryStart, '2024-06-28');
    const clock = { now: 0 };
    const one = await start(url, { source, clock });
    const two = await start(url, { source, clock });
    for (const session of [testMonthEnd, '2024-02-05', '2024-02-29']) {
      clock.now = due(one.context, session);
      await Promise.all([one.daemon.tick(), two.daemon.tick()]);
      await allDone(one.context, newYorkCalendar().sessions(testInception, session).length);
    }
    const decisions = await readDecisions(one.context.database, 'small');
    expect(decisions.map(({ decision, revision }) => [decision.asOf, revision])).toEqual([
      [testMonthEnd, 0],
      ['2024-02-29', 0],
    ]);
    const errors = [...one.context.lines, ...two.context.lines].filter(({ level }) => level >= 50);
    expect(errors).toEqual([]);
  });
});

describe('prices that cannot be had', () => {
  test('make it not ready, with the reason, and it catches up when they return', async () => {
    const { context, daemon } = await start(await testDatabase());
    for (const symbol of testSymbols) context.source.failures.set(symbol, 'network');
    context.clock.now = due(context, testMonthEnd);
    await daemon.tick();
    await vi.waitFor(async () => {
      expect(await checkOf(daemon, 'prices')).toMatchObject({
        ok: false,
        detail: expect.stringContaining(`small waits for ${testInception}: no bar of ${testInception}`),
      });
    });
    expect((await daemon.readiness()).ready).toBe(false);
    context.source.failures.clear();
    context.clock.now += 60_000;
    await daemon.tick();
    await allDone(context, 3);
    expect(await daemon.readiness()).toMatchObject({ ready: true });
    expect(await readDecisions(context.database, 'small')).toHaveLength(1);
  });
});

describe('a database that goes away', () => {
  test('is told once, makes it not ready, and when it returns everything is done', async () => {
    const proxy = await startDatabaseProxy(await testDatabase());
    cleanups.push(() => proxy.close());
    const { context, daemon } = await start(proxy.url);
    context.clock.now = due(context, testInception);
    await daemon.tick();
    await allDone(context, 1);
    proxy.setReachable(false);
    context.clock.now = due(context, testMonthEnd);
    for (let i = 0; i < 3; i += 1) await daemon.tick();
    expect(context.lines.filter(({ msg }) => msg.startsWith('could not reconcile'))).toHaveLength(1);
    expect(await daemon.readiness()).toMatchObject({ ready: false });
    expect((await checkOf(daemon, 'reconcile')).ok).toBe(false);
    expect((await checkOf(daemon, 'database')).ok).toBe(false);
    proxy.setReachable(true);
    await daemon.tick();
    await allDone(context, 3);
    expect(context.lines.map(({ msg }) => msg)).toContain('the database answers again');
    expect(await daemon.readiness()).toMatchObject({ ready: true });
  });

  test('in the middle of a task loses neither the slot nor what was known', async () => {
    const url = await testDatabase();
    const proxy = await startDatabaseProxy(url);
    cleanups.push(() => proxy.close());
    const { context, daemon } = await start(proxy.url);
    const away = holdFirst(context.source);
    context.clock.now = due(context, testInception);
    await daemon.tick();
    await away.asked;
    proxy.setReachable(false);
    away.release();
    await vi.waitFor(() => {
      expect(context.lines).toContainEqual(
        expect.objectContaining({ task: 'ingest', msg: 'the queue failed; trying again at the next tick' }),
      );
    });
    proxy.setReachable(true);
    await daemon.tick();
    expect(await readOpenSlots(context.database)).toMatchObject([
      { task: 'ingest', state: 'queued' },
      { task: 'revalue', state: 'waiting' },
    ]);
    await silenceWorkers(context.database);
    await context.queue.supervise();
    await vi.waitFor(
      async () => {
        await daemon.tick();
        expect(await readOpenSlots(context.database)).toEqual([]);
      },
      { timeout: 20_000 },
    );
  });
});

/** Lets the source's first question hang until it is released. */
function holdFirst(source: MemorySource): { asked: Promise<void>; release(): void } {
  const fetchBars = source.fetchBars.bind(source);
  let release = () => {};
  let tell = () => {};
  const asked = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  source.fetchBars = async (...question) => {
    tell();
    await gate;
    return fetchBars(...question);
  };
  return { asked, release };
}

describe('stopping', () => {
  test('lets a running slot finish, and begins nothing new', async () => {
    const { context, daemon } = await start(await testDatabase());
    const held = holdFirst(context.source);
    context.clock.now = due(context, testMonthEnd);
    await daemon.tick();
    await held.asked;
    const stopped = daemon.stop(30_000);
    held.release();
    await stopped;
    const open = await readOpenSlots(context.database);
    expect(open.find((slot) => slot.task === 'ingest' && slot.session === testInception)).toBeUndefined();
    // One reading brings every session that is final, so that its slots are all closed; nothing else was begun.
    expect(open.filter((slot) => slot.task === 'ingest')).toEqual([]);
    expect(open.filter((slot) => slot.task === 'revalue').map((slot) => slot.session)).toEqual([
      testInception,
      '2024-01-30',
      testMonthEnd,
    ]);
    await daemon.tick();
    expect(await readOpenSlots(context.database)).toEqual(open);
  });

  test('does not wait longer than it may; what was begun goes to another worker', async () => {
    const url = await testDatabase();
    const { context, daemon } = await start(url);
    const held = holdFirst(context.source);
    cleanups.push(async () => held.release());
    context.clock.now = due(context, testInception);
    await daemon.tick();
    await held.asked;
    const startedAt = performance.now();
    await daemon.stop(100);
    expect(performance.now() - startedAt).toBeLessThan(5000);
    const other = await start(url, { clock: context.clock });
    await silenceWorkers(other.context.database);
    await other.context.queue.supervise();
    await vi.waitFor(
      async () => {
        await other.daemon.tick();
        expect(await readOpenSlots(other.context.database)).toEqual([]);
      },
      { timeout: 20_000 },
    );
  });

  test('ends a training at once; its slot waits for the next start', async () => {
    const portfolio = portfolioInput({
      historyStart: '2022-10-03',
      forecaster: {
        ...smallForecaster,
        body: { ...smallForecaster.body, units: [256, 256] },
        training: { windowSessions: 250, epochsMax: 1000, patienceEpochs: 1000 },
      },
    });
    const source = memorySource(testSymbols, '2022-10-03', '2024-02-29');
    const { context, daemon } = await start(await testDatabase(), { portfolios: [portfolio], source });
    const { train } = context.services.trainer;
    const training = new Promise<void>((resolve) => {
      context.services.trainer.train = (request) => {
        resolve();
        return train(request);
      };
    });
    context.clock.now = due(context, testInception);
    await daemon.tick();
    await training;
    const startedAt = performance.now();
    await daemon.stop(20_000);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(await readOpenSlots(context.database)).toMatchObject([
      { task: 'retrain', state: 'waiting', attempts: 0, lastError: null },
    ]);
  });
});

test('a clock that disagrees with the database by more than five minutes decides nothing', async () => {
  let offMs = 400_000;
  const { context, daemon } = await start(await testDatabase(), {}, () => Date.now() + offMs);
  context.clock.now = due(context, testInception);
  await daemon.tick();
  expect(await readOpenSlots(context.database)).toEqual([]);
  expect((await checkOf(daemon, 'reconcile')).detail).toMatch(/clock is (399|400|401) s off/);
  offMs = 100_000;
  await daemon.tick();
  await allDone(context, 1);
  expect(context.lines.filter(({ msg }) => msg.includes('disagree')).length).toBeGreaterThan(0);
});
