import { giveBackSlot, isOpen, postponeSlot } from '../../adapters/postgres/slot-rows.ts';
import type { Slot, TaskName } from '../../core/schedule/slot.ts';
import { deliver } from '../../tasks/deliver.ts';
import { ingest } from '../../tasks/ingest.ts';
import { rebalance } from '../../tasks/rebalance.ts';
import { retrain } from '../../tasks/retrain.ts';
import { revalue } from '../../tasks/revalue.ts';
import { NotReadyError } from '../../tasks/task.ts';
import type { Context } from '../context.ts';

/** Between two attempts at a slot: twice as long each time, up to the longest. A training costs minutes each time. */
const backoffOf = (task: TaskName) => ({ firstSeconds: 30, maxSeconds: task === 'retrain' ? 3600 : 300 });

/**
 * Does one slot's task at `now`. A failure is logged and noted on the slot, which waits and is tried again; one that a
 * stop has cut off is given back as it was.
 */
export async function runSlot(context: Context, slot: Slot, now: number): Promise<boolean> {
  const details = { task: slot.task, portfolio: slot.portfolio, session: slot.session };
  try {
    if (!(await isOpen(context.database, slot))) return true; // a second delivery of a job whose slot is closed
    await work(context, slot, new Date(now).toISOString());
    context.log.debug(details, 'slot done');
    return true;
  } catch (error) {
    const reason = (error as Error).message;
    if (context.isInterrupted()) {
      context.log.info({ ...details, error: reason }, 'slot given back');
      await giveBackSlot(context.database, slot);
      return false;
    }
    const expected = error instanceof NotReadyError;
    context.log[expected ? 'warn' : 'error'](
      { ...details, error: reason, ...(expected ? {} : { err: error }) },
      'slot not done; it will be tried again',
    );
    await postponeSlot(context.database, slot, new Date(now).toISOString(), backoffOf(slot.task), reason);
    return false;
  }
}

async function work(context: Context, slot: Slot, at: string): Promise<void> {
  const { database, log } = context;
  const portfolio = context.portfolio(slot.portfolio);
  switch (slot.task) {
    case 'ingest':
      return ingest(database, portfolio, slot, at, log);
    case 'retrain':
      return retrain(database, portfolio, slot, at, context.trainer);
    case 'revalue':
      return revalue(database, portfolio, slot, at);
    case 'rebalance': {
      const decision = await rebalance(database, context.decisions(portfolio), slot, at);
      if (decision)
        log.info(
          {
            portfolio: slot.portfolio,
            session: slot.session,
            reason: decision.reason,
            fallbackLevel: decision.fallbackLevel,
            turnoverOneWay: decision.turnoverOneWay,
          },
          'decided',
        );
      return;
    }
    case 'deliver':
      return deliver(database, context.mailer, portfolio.letter.from, slot, at, log);
  }
}
