import { type OpenSlot, readOpenSlots } from '../adapters/postgres/slot-rows.ts';
import type { TaskName } from '../core/schedule/slot.ts';
import type { Context } from './context.ts';
import { reconcile } from './reconcile.ts';
import { runSlot } from './run-slot.ts';

/**
 * Does, in this process, what is due now of the given tasks, in their order, and leaves the rest to the daemon.
 * Returns what of it is not done in the end, with the reasons, whoever has it.
 */
export async function catchUp(context: Context, tasks: readonly TaskName[], now: number): Promise<string[]> {
  for (;;) {
    for (const { plan } of context.portfolios) await reconcile(context.database, context.queue, plan, now);
    let worked = false;
    for (const task of tasks)
      for (const job of await context.queue.take(task, 1000)) {
        worked = true;
        await runSlot(context, job.slot, now);
        await context.queue.finish(job);
      }
    if (!worked) break;
  }
  const ids = context.portfolios.map(({ plan }) => plan.portfolio);
  const open = await readOpenSlots(context.database);
  return open
    .filter((slot) => tasks.includes(slot.task) && ids.includes(slot.portfolio) && slot.dueAt <= now)
    .map((slot) => `${slot.task} of ${slot.portfolio} at ${slot.session}: ${whyOpen(slot)}`);
}

function whyOpen({ state, lastError }: OpenSlot): string {
  if (state === 'queued') return 'another worker has it';
  return lastError ?? 'waits for what comes before it';
}
