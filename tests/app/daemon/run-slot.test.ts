import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type OpenSlot, readOpenSlots } from '../../../src/adapters/postgres/slot-rows.ts';
import { catchUp } from '../../../src/app/daemon/catch-up.ts';
import { reconcile } from '../../../src/app/daemon/reconcile.ts';
import { runSlot } from '../../../src/app/daemon/run-slot.ts';
import { slotAt } from '../../../src/core/schedule/plan.ts';
import {
  dueAt,
  portfolioInput,
  smallForecaster,
  type TestContext,
  testContext,
  testInception,
  testMonthEnd,
} from '../../support/context.ts';
import { testDatabase } from '../../support/database.ts';

let context: TestContext;
beforeEach(async () => {
  context = await testContext(await testDatabase());
});

afterEach(() => context.close());

const plan = () => context.portfolios[0]!.plan;
const ingestSlot = () => slotAt(plan(), 'ingest', testInception);
const due = (session: string) => dueAt(context.portfolios[0]!, session);
const open = async (task: string): Promise<OpenSlot | undefined> =>
  (await readOpenSlots(context.database)).find((slot) => slot.task === task);

/** Plans and takes the first job, as a worker would. */
async function take(now: number) {
  await reconcile(context.database, context.queue, plan(), now);
  return (await context.queue.take('ingest', 1))[0]!;
}

describe('a slot that fails', () => {
  test('waits twice as long each time, up to five minutes, and says why', async () => {
    context.source.failures.set('AAA', 'network');
    let now = due(testInception);
    await take(now);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      expect(await runSlot(context, ingestSlot(), now)).toBe(false);
      const slot = (await open('ingest'))!;
      expect(slot).toMatchObject({ state: 'waiting', attempts: attempt + 1 });
      expect(slot.lastError).toContain('AAA fails by network');
      waits.push((slot.retryAt! - now) / 1000);
      now = slot.retryAt!;
    }
    expect(waits).toEqual([30, 60, 120, 240, 300, 300]);
    context.source.failures.clear();
    expect(await runSlot(context, ingestSlot(), now)).toBe(true);
    expect(await open('ingest')).toBeUndefined();
  });

  test('by what nobody expected is logged whole, as an error', async () => {
    context.source.fetchBars = () => Promise.reject(new TypeError('a bug in the source'));
    await take(due(testInception));
    await runSlot(context, ingestSlot(), due(testInception));
    const line = context.lines.find(({ msg }) => msg.startsWith('slot not done'))!;
    expect(line).toMatchObject({ level: 50, task: 'ingest', error: 'a bug in the source' });
    expect(JSON.stringify(line)).toContain('run-slot.test.ts'); // its stack
  });
});

test('a second delivery of a job whose slot is done asks nobody for anything', async () => {
  await take(due(testInception));
  await runSlot(context, ingestSlot(), due(testInception));
  const asked = context.source.asked.length;
  expect(await runSlot(context, ingestSlot(), due(testInception))).toBe(true);
  expect(context.source.asked).toHaveLength(asked);
});

describe('catching up from the command line', () => {
  test('does what is due of the given tasks and leaves the rest', async () => {
    expect(await catchUp(context, ['ingest'], due(testMonthEnd))).toEqual([]);
    expect(await open('ingest')).toBeUndefined();
    expect(await open('revalue')).toBeDefined();
    expect(await catchUp(context, ['revalue', 'rebalance'], due(testMonthEnd))).toEqual([]);
    expect((await readOpenSlots(context.database)).map(({ task }) => task)).toEqual(['deliver']);
  });

  test('tells what it could not do, and why', async () => {
    context.source.failures.set('BBB', 'throttled');
    const failed = await catchUp(context, ['ingest'], due(testInception) + 60_000);
    expect(failed).toEqual([
      `ingest of small at ${testInception}: no bar of ${testInception} for BBB yet: BBB fails by throttled`,
    ]);
  });

  test('names the first sessions that wait for the same reason, and counts the others', async () => {
    context.source.failures.set('BBB', 'throttled');
    const last = '2025-12-31';
    const [first, ...later] = plan().calendar.sessions(testInception, last);
    expect(await catchUp(context, ['ingest'], due(last))).toEqual([
      `ingest of small at ${first}: no bar of ${first} for BBB yet: BBB fails by throttled`,
      `ingest of small at ${later.slice(0, 3).join(', ')} and ${later.length - 3} later sessions: waits for what comes before it`,
    ]);
  });

  test('ends between two tasks when it is told to, and takes nothing up', async () => {
    const reason = new Error('stopped');
    await expect(catchUp(context, ['ingest'], due(testInception), AbortSignal.abort(reason))).rejects.toBe(
      reason,
    );
    expect(context.source.asked).toEqual([]);
    expect(await catchUp(context, ['ingest'], due(testInception))).toEqual([]);
  });

  test('does not call done what another worker holds', async () => {
    const job = await take(due(testInception));
    expect(await catchUp(context, ['ingest'], due(testInception))).toEqual([
      `ingest of small at ${testInception}: another worker has it`,
    ]);
    await runSlot(context, job.slot, due(testInception));
    await context.queue.finish(job);
    expect(await catchUp(context, ['ingest'], due(testInception))).toEqual([]);
  });

  test('does not call a training done that waits for prices', async () => {
    await context.close();
    context = await testContext(await testDatabase(), {
      portfolios: [portfolioInput({ forecaster: smallForecaster })],
    });
    context.source.failures.set('AAA', 'network');
    expect(await catchUp(context, ['retrain'], due(testInception))).toEqual([
      `retrain of small at ${testInception}: waits for what comes before it`,
    ]);
  });
});
