import { readOpenSlots } from '../adapters/postgres/slot-rows.ts';
import type { TaskName } from '../core/schedule/slot.ts';
import type { Context } from './context.ts';
import { reconcile } from './reconcile.ts';
import { runSlot } from './run-slot.ts';

/**
 * Does, in this process, what is due now of the given tasks, in their order, and leaves the rest to the daemon.
 * Returns what could not be done, with the reasons.
 */
export async function catchUp(context: Context, tasks: readonly TaskName[], now: number): Promise<string[]> {
  const tried = new Set<string>();
  for (;;) {
    for (const { plan } of context.portfolios) await reconcile(context.database, context.queue, plan, now);
    let worked = false;
    for (const task of tasks)
      for (const job of await context.queue.take(task, 1000)) {
        worked = true;
        tried.add(`${job.slot.task} ${job.slot.portfolio} ${job.slot.session}`);
        await runSlot(context, job.slot, now);
        await context.queue.finish(job);
      }
    if (!worked) break;
  }
  const open = await readOpenSlots(context.database);
  return open
    .filter((slot) => tried.has(`${slot.task} ${slot.portfolio} ${slot.session}`))
    .map((slot) => `${slot.task} of ${slot.portfolio} at ${slot.session}: ${slot.lastError}`);
}
