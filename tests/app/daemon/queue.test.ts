import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openQueue, type Queue } from '../../../src/app/daemon/queue.ts';
import { slotAt } from '../../../src/core/schedule/plan.ts';
import type { Slot } from '../../../src/core/schedule/slot.ts';
import { type TestContext, testContext, testInception, testMonthEnd } from '../../support/context.ts';
import { testDatabase } from '../../support/database.ts';
import { dueForSupervision, silenceWorkers } from '../../support/queue.ts';

let context: TestContext;
let queue: Queue;
let other: Queue;
let slot: Slot;
beforeAll(async () => {
  context = await testContext(await testDatabase());
  queue = context.queue;
  other = await openQueue(context.database, { onError: () => {} });
  slot = slotAt(context.portfolios[0]!.plan, 'ingest', testInception);
});
afterAll(async () => {
  await other.close();
  await context.close();
});
beforeEach(() => queue.clear());

/** What a daemon does every few seconds, by the daemon's own adapter. */
const superviseNow = async () => {
  await dueForSupervision(context.database);
  await queue.supervise();
};
const silence = () => silenceWorkers(context.database);

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
  await superviseNow();
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
    await superviseNow();
    expect(await other.take('ingest', 1)).toEqual([]);
    await silence();
    await superviseNow();
    expect((await takeSoon(other)).id).toBe(job!.id);
  });

  test('keeps it while it gives signs of life', async () => {
    await context.database.transaction((sql) => queue.send(sql, [slot]));
    const [job] = await queue.take('ingest', 1);
    await silence();
    await queue.keepAlive(job!);
    await superviseNow();
    expect(await other.take('ingest', 1)).toEqual([]);
  });

  test('and was only slow: finishing late does no harm', async () => {
    await context.database.transaction((sql) => queue.send(sql, [slot]));
    const [job] = await queue.take('ingest', 1);
    await silence();
    await superviseNow();
    const again = await takeSoon(other);
    await queue.finish(job!);
    await other.finish(again);
    await superviseNow();
    expect(await queue.take('ingest', 1)).toEqual([]);
  });
});

test('a supervision that fails says so instead of passing for done', async () => {
  await context.database.query(
    'alter table rebalanced_queue.queue rename column monitor_on to was_monitor_on',
  );
  await expect(queue.supervise()).rejects.toThrow(/monitor_on/);
  await context.database.query(
    'alter table rebalanced_queue.queue rename column was_monitor_on to monitor_on',
  );
  await queue.supervise();
});
