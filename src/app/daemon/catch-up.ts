import { type OpenSlot, readOpenSlots } from '../../adapters/postgres/slot-rows.ts';
import { SourceError } from '../../adapters/prices/source.ts';
import type { TaskName } from '../../core/schedule/slot.ts';
import { pricedSymbols } from '../../tasks/portfolio.ts';
import type { Context } from '../context.ts';
import { UserError } from '../user-error.ts';
import { reconcile } from './reconcile.ts';
import { runSlot } from './run-slot.ts';

/**
 * Does, in this process, what is due now of the given tasks, in their order, and leaves the rest to the daemon.
 * Returns what of it is not done in the end, with the reasons, whoever has it.
 */
export async function catchUp(context: Context, tasks: readonly TaskName[], now: number): Promise<string[]> {
  await checkFiles(context);
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

/** A file of prices that cannot be read, or lacks a symbol, is refused before anything is planned. */
async function checkFiles({ config, portfolios }: Context): Promise<void> {
  for (const portfolio of portfolios) {
    if (config.sources[portfolio.sourceName]?.kind !== 'file') continue;
    const { source, historyStart } = portfolio;
    for (const symbol of pricedSymbols(portfolio))
      try {
        await source.fetchBars(symbol, historyStart, historyStart);
      } catch (error) {
        throw error instanceof SourceError
          ? new UserError(`sources.${portfolio.sourceName}: ${error.message}`)
          : error;
      }
  }
}

function whyOpen({ state, lastError }: OpenSlot): string {
  if (state === 'queued') return 'another worker has it';
  return lastError ?? 'waits for what comes before it';
}
