import { PgBoss } from 'pg-boss';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openQueue, type Queue } from '../../src/app/queue.ts';
import { slotAt } from '../../src/core/schedule/plan.ts';
import type { Slot } from '../../src/core/schedule/slot.ts';
import { type TestContext, testContext, testInception, testMonthEnd } from '../support/context.ts';
import { testDatabase } from '../support/database.ts';

let url: string;
let context: TestContext;
let queue: Queue;
let other: Queue;
let slot: Slot;
beforeAll(async () => {
  url = await testDatabase();
  context = await testContext(url);
  queue = context.queue;
  other = await openQueue(context.database, { supervise: false, onError: () => {} });
  slot = slotAt(context.portfolios[0]!.plan, 'ingest', testInception);
});
afterAll(async () => {
  await other.close();
  await context.close();
});
beforeEach(() => queue.clear());

/** What a supervising daemon does each minute: jobs whose worker has been silent are given to another. */
async function supervise(): Promise<void> {
  const boss = new PgBoss({
    connectionString: url,
    schema: 'rebalanced_queue',
    migrate: false,
    supervise: false,
    schedule: false,
    max: 1,
  });
  boss.on('error', () => {});
  await boss.start();
  await context.database.query('update rebalanced_queue.queue set monitor_on = null');
  await boss.supervise();
  await boss.stop({ graceful: false });
}

/** As if the worker of every active job had been silent since long ago. */
const silence = () =>
  context.database.query(
    `update rebalanced_queue.job set heartbeat_on = now() - interval '1 hour' where state = 'active'`,
  );

async function takeSoon(from: Queue) {
  return vi.waitFor(
    async () => {
      const [job] = await from.take('ingest', 1);
      expect(job).toBeDefined();
      return job!;
    },
    { timeout: 10_000 },
  );
}

test('what was queued in a transaction that is rolled back was never queued', async () => {
  const failing = context.database.transaction(async (sql) => {
    await queue.send(sql, [slot]);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(await queue.take('ingest', 10)).toEqual([]);
});

test('a job is given to one worker, whole, and to nobody once it is finished', async () => {
  const many = Array.from({ length: 20 }, (_, i) => ({ ...slot, dueAt: slot.dueAt + i }));
  await context.database.transaction((sql) => queue.send(sql, many));
  const taken = (
    await Promise.all([
      queue.take('ingest', 7),
      other.take('ingest', 7),
      queue.take('ingest', 7),
      other.take('ingest', 7),
    ])
  ).flat();
  expect(taken.map((job) => job.slot.dueAt).sort()).toEqual(many.map((s) => s.dueAt));
  expect(taken.find((job) => job.slot.dueAt === slot.dueAt)!.slot).toEqual(slot);
  for (const job of taken) await queue.finish(job);
  await silence();
  await supervise();
  expect(await queue.take('ingest', 10)).toEqual([]);
});

test('tasks have queues of their own', async () => {
  const decide = slotAt(context.portfolios[0]!.plan, 'rebalance', testMonthEnd);
  await context.database.transaction((sql) => queue.send(sql, [slot, decide]));
  expect((await queue.take('rebalance', 10)).map((job) => job.slot)).toEqual([decide]);
  expect((await queue.take('ingest', 10)).map((job) => job.slot)).toEqual([slot]);
});

describe('a worker that dies', () => {
  test('loses its job to another once it has been silent for long enough', async () => {
    await context.database.transaction((sql) => queue.send(sql, [slot]));
    const [job] = await queue.take('ingest', 1);
    await supervise();
    expect(await other.take('ingest', 1)).toEqual([]);
    await silence();
    await supervise();
    expect((await takeSoon(other)).id).toBe(job!.id);
  });

  test('keeps it while it gives signs of life', async () => {
    await context.database.transaction((sql) => queue.send(sql, [slot]));
    const [job] = await queue.take('ingest', 1);
    await silence();
    await queue.keepAlive(job!);
    await supervise();
    expect(await other.take('ingest', 1)).toEqual([]);
  });

  test('and was only slow: finishing late does no harm', async () => {
    await context.database.transaction((sql) => queue.send(sql, [slot]));
    const [job] = await queue.take('ingest', 1);
    await silence();
    await supervise();
    const again = await takeSoon(other);
    await queue.finish(job!);
    await other.finish(again);
    await supervise();
    expect(await queue.take('ingest', 1)).toEqual([]);
  });
});
