import type { Database } from '../../src/adapters/postgres/database.ts';
import { insertSlots } from '../../src/adapters/postgres/slot-rows.ts';
import type { Context } from '../../src/app/context.ts';
import { slotAt } from '../../src/core/schedule/plan.ts';
import type { Slot, TaskName } from '../../src/core/schedule/slot.ts';
import type { Portfolio } from '../../src/tasks/portfolio.ts';
import type { LetterWriter, Log, Services, Trainer } from '../../src/tasks/services.ts';
import { tasks } from '../../src/tasks/tasks.ts';
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
  mailer?: Services['mailer'];
  log?: Log;
};

/** Runs the task of one slot of a portfolio by itself, as the daemon would; the slot is planned first. */
export async function runTask(
  context: Context,
  portfolio: Portfolio,
  task: TaskName,
  session: string,
  options: TaskOptions = {},
): Promise<void> {
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
): Promise<void> {
  const { database = context.database, lateMinutes = 0, letters = plainLetters } = options;
  const { log = recordingLog().log } = options;
  const { trainer, mailer } = { ...context.services, ...options };
  const services = { ...context.services, letters, log, trainer, mailer };
  await tasks[slot.task]({ database, portfolio, slot, now: slot.dueAt + lateMinutes * 60_000, services });
}
