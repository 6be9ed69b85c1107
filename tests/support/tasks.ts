import type { Database } from '../../src/adapters/postgres/database.ts';
import { insertSlots } from '../../src/adapters/postgres/slot-rows.ts';
import type { Context } from '../../src/app/context.ts';
import { slotAt } from '../../src/core/schedule/plan.ts';
import type { Slot, TaskName } from '../../src/core/schedule/slot.ts';
import { deliver, type Mailer } from '../../src/tasks/deliver.ts';
import { ingest } from '../../src/tasks/ingest.ts';
import type { LetterWriter } from '../../src/tasks/letters.ts';
import type { Portfolio } from '../../src/tasks/portfolio.ts';
import { rebalance } from '../../src/tasks/rebalance.ts';
import { retrain, type Trainer } from '../../src/tasks/retrain.ts';
import { revalue } from '../../src/tasks/revalue.ts';
import type { Log } from '../../src/tasks/task.ts';
import { plainLetters, recordingLog } from './context.ts';

/** What a task is run with; whatever is left out is the context's, or nothing. */
export type TaskOptions = {
  /** another connection than the context's */
  database?: Database;
  /** minutes after the slot is due */
  lateMinutes?: number;
  reason?: Slot['reason'];
  letters?: LetterWriter;
  trainer?: Trainer;
  mailer?: Mailer;
  log?: Log;
};

/** Runs the task of one slot of a portfolio by itself, as the daemon would; the slot is planned first. */
export async function runTask(
  context: Context,
  portfolio: Portfolio,
  task: TaskName,
  session: string,
  options: TaskOptions = {},
): Promise<unknown> {
  const slot = slotAt(portfolio.plan, task, session, options.reason);
  await insertSlots(context.database, [slot]);
  return runPlanned(context, portfolio, slot, options);
}

/** The same for a slot that is there already. */
export async function runPlanned(
  context: Context,
  portfolio: Portfolio,
  slot: Slot,
  options: TaskOptions = {},
): Promise<unknown> {
  const { database = context.database, lateMinutes = 0, letters = plainLetters } = options;
  const { log = recordingLog().log } = options;
  const at = new Date(slot.dueAt + lateMinutes * 60_000).toISOString();
  switch (slot.task) {
    case 'ingest':
      return ingest(database, portfolio, slot, at, log);
    case 'retrain':
      return retrain(database, portfolio, slot, at, options.trainer ?? context.trainer);
    case 'revalue':
      return revalue(database, portfolio, slot, at);
    case 'rebalance':
      return rebalance(database, { ...context.decisions(portfolio), letters }, slot, at);
    case 'deliver':
      return deliver(database, options.mailer ?? context.mailer, portfolio.letter.from, slot, at, log);
  }
}
