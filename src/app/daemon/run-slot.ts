import { giveBackSlot, isOpen, postponeSlot } from '../../adapters/postgres/slot-rows.ts';
import type { Slot, TaskName } from '../../core/schedule/slot.ts';
import { effectivePortfolio } from '../../tasks/effective.ts';
import { NotReadyError } from '../../tasks/task.ts';
import { tasks } from '../../tasks/tasks.ts';
import type { Context } from '../context.ts';

/** Between two attempts at a slot: twice as long each time, up to the longest. A training costs minutes each time. */
const backoffOf = (task: TaskName) => ({ firstSeconds: 30, maxSeconds: task === 'retrain' ? 3600 : 300 });

/**
 * Does one slot's task at `now`. A failure is logged and noted on the slot, which waits and is tried again; one that a
 * stop has cut off is given back as it was. Returns whether there is nothing left to do for it.
 */
export async function runSlot(context: Context, slot: Slot, now: number): Promise<boolean> {
  const { database, log, services } = context;
  const details = { task: slot.task, portfolio: slot.portfolio, session: slot.session };
  try {
    if (!(await isOpen(database, slot))) return true; // a second delivery of a job whose slot is closed
    const configured = context.portfolio(slot.portfolio);
    // Models learn what may be held; what left the configuration is only priced, valued and sold.
    const portfolio =
      slot.task === 'retrain' ? configured : await effectivePortfolio(database, configured, null);
    await tasks[slot.task]({ database, portfolio, slot, now, services });
    log.debug(details, 'slot done');
    return true;
  } catch (error) {
    const reason = (error as Error).message;
    if (context.isInterrupted()) {
      log.info({ ...details, error: reason }, 'slot given back');
      await giveBackSlot(database, slot);
      return false;
    }
    const expected = error instanceof NotReadyError;
    log[expected ? 'warn' : 'error'](
      { ...details, error: reason, ...(expected ? {} : { err: error }) },
      'slot not done; it will be tried again',
    );
    await postponeSlot(database, slot, now, backoffOf(slot.task), reason);
    return false;
  }
}
