import { type OpenSlot, readOpenSlots } from '../../adapters/postgres/slot-rows.ts';
import { SourceError } from '../../adapters/prices/source.ts';
import type { TaskName } from '../../core/schedule/slot.ts';
import { pricedSymbols } from '../../tasks/portfolio.ts';
import type { Context } from '../context.ts';
import { UserError } from '../user-error.ts';
import { drain } from './drain.ts';

/** Of slots that wait for the same reason, so many are named and the others counted: there may be years of them. */
const sessionsNamedMax = 3;

/**
 * Does, in this process, what is due now of the given tasks, in their order, and leaves the rest to the daemon.
 * Returns what of it is not done in the end, a line for each reason. `stop` ends it between two tasks: it rejects with
 * the signal's reason.
 */
export async function catchUp(
  context: Context,
  tasks: readonly TaskName[],
  now: number,
  stop?: AbortSignal,
): Promise<string[]> {
  await checkFiles(context, now);
  const plans = context.portfolios.map(({ plan }) => plan);
  await drain(context, { plans, tasks, now, backlog: true, stop });
  const ids = context.portfolios.map(({ id }) => id);
  const open = await readOpenSlots(context.database);
  return reasons(
    open.filter((slot) => tasks.includes(slot.task) && ids.includes(slot.portfolio) && slot.dueAt <= now),
  );
}

/** One line for all slots of a task and portfolio that are open for the same reason, ascending by their first. */
function reasons(open: readonly OpenSlot[]): string[] {
  const alike = Map.groupBy(open, (slot) => `${slot.task} of ${slot.portfolio}: ${whyOpen(slot)}`);
  return [...alike.values()].map((slots) => {
    const { task, portfolio } = slots[0]!;
    const named = slots.slice(0, sessionsNamedMax).map(({ session }) => session);
    const more = slots.length - named.length;
    const where = more === 0 ? named.join(', ') : `${named.join(', ')} and ${more} later sessions`;
    return `${task} of ${portfolio} at ${where}: ${whyOpen(slots[0]!)}`;
  });
}

/** A file of prices that cannot be read, or lacks a symbol, is refused before anything is planned. */
async function checkFiles({ config, portfolios }: Context, now: number): Promise<void> {
  for (const portfolio of portfolios) {
    if (config.sources[portfolio.sourceName]?.kind !== 'file') continue;
    const { source, historyStart } = portfolio;
    for (const symbol of pricedSymbols(portfolio))
      try {
        await source.fetchBars(symbol, historyStart, historyStart, now);
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
