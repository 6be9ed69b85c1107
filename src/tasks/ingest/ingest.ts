import { purgeRawAnswers } from '../../adapters/postgres/raw-answer-rows.ts';
import { closeSlot, openSlotsOf } from '../../adapters/postgres/slot-rows.ts';
import { dayMs } from '../../core/calendar/milliseconds.ts';
import { askForConfirmation } from '../confirm.ts';
import { assertConvertible } from '../currencies.ts';
import { pricedSymbols } from '../portfolio.ts';
import { completeSlot, NotReadyError, type TaskRun } from '../task.ts';
import { closeWithGaps, settleSlot } from './coverage.ts';
import { readAll } from './read-all.ts';

/**
 * Brings every priced symbol's bars up to the newest session that is final, each symbol's missing span in one reading, and
 * closes every ingest slot of the portfolio that this settles (`settleSlot`), this one's or none. A failing symbol never
 * stops the others: what was read is stored even where the slot has to be tried again.
 */
export async function ingest(run: TaskRun): Promise<void> {
  const { database, portfolio, slot, now } = run;
  const { outcomes } = await readAll(run, pricedSymbols(portfolio), false);
  const settled = await settleSlot(database, portfolio, slot, now, outcomes); // throws where it has to wait
  const later = (await openSlotsOf(database, 'ingest', portfolio.id)).filter(
    (other) => other.session > slot.session && other.dueAt <= now,
  );
  const gaps = [settled];
  for (const other of later) {
    const found = await settleSlot(database, portfolio, other, now, outcomes).catch(waits);
    if (found === null) break;
    gaps.push(found);
  }
  await completeSlot(run, async (sql) => {
    await assertConvertible(sql, portfolio);
    for (const one of gaps) await closeWithGaps(sql, portfolio, one, now);
    for (const { slot: other } of gaps.slice(1)) await closeSlot(sql, other, 'done', now);
    await askForConfirmation(sql, portfolio, gaps.at(-1)!.slot.session, now);
    await purgeRawAnswers(sql, portfolio.sourceName, now - portfolio.rawAnswerDays * dayMs);
  });
}

const waits = (error: Error): null => {
  if (error instanceof NotReadyError) return null;
  throw error;
};
