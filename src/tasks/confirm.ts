import { provisionalBars } from '../adapters/postgres/bar-rows.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import { readQuarantined } from '../adapters/postgres/finding-rows.ts';
import { insertSlots } from '../adapters/postgres/slot-rows.ts';
import { minuteMs } from '../core/calendar/milliseconds.ts';
import type { Session } from '../core/calendar/session.ts';
import { slotAt } from '../core/schedule/plan.ts';
import { readAgain } from './ingest/read-all.ts';
import { type Portfolio, pricedSymbols } from './portfolio.ts';
import { reopenRevaluation } from './revalue.ts';
import { completeSlot, NotReadyError, type TaskRun } from './task.ts';

/**
 * Reads again what is provisional of a session. What comes back equal is final; what does not is another vintage, which
 * has to be read once more, and the portfolio is valued again. The next session's ingest reads it too, so that this never
 * has to be waited for.
 */
export async function confirm(run: TaskRun): Promise<void> {
  const { database, portfolio, slot } = run;
  const waiting = () => unbelieved(database, portfolio, slot.session);
  const before = await waiting();
  if (before.length > 0) {
    const restated = await readAgain(run, [...new Set(before.map(({ symbol }) => symbol))]);
    if (restated || (await waiting()).length < before.length)
      await database.transaction((sql) => reopenRevaluation(sql, portfolio, slot.session));
  }
  const left = await provisionalBars(database, portfolio.sourceName, pricedSymbols(portfolio), slot.session);
  if (left.length > 0)
    throw new NotReadyError(
      `${left.map(({ symbol }) => symbol).join(', ')} of ${left[0]!.session} ${left.length === 1 ? 'has' : 'have'} not been read twice alike`,
    );
  await completeSlot(run, async () => {});
}

/** Bars up to a session that were read once only, and on a live source those that are quarantined. */
async function unbelieved(
  sql: Sql,
  portfolio: Portfolio,
  session: Session,
): Promise<{ symbol: string; session: Session }[]> {
  const symbols = pricedSymbols(portfolio);
  const provisional = await provisionalBars(sql, portfolio.sourceName, symbols, session);
  if (portfolio.source.isLive !== true) return provisional;
  const quarantined = await readQuarantined(sql, portfolio.sourceName, symbols);
  return [...provisional, ...quarantined.map(({ bar }) => bar).filter((bar) => bar.session === session)];
}

/** Has what is provisional of a session read again, so long after the first reading; nothing where nothing is. */
export async function askForConfirmation(
  sql: Sql,
  portfolio: Portfolio,
  session: Session,
  now: number,
): Promise<void> {
  const open = await unbelieved(sql, portfolio, session);
  if (open.length === 0) return;
  const slot = slotAt(portfolio.plan, 'confirm', session);
  const dueAt = now + portfolio.belief.confirmMinutes * minuteMs;
  await insertSlots(sql, [{ ...slot, dueAt, deadlineAt: Math.max(dueAt, slot.deadlineAt) }]);
}
