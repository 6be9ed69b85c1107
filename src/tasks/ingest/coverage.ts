import { barsAt, saveGap } from '../../adapters/postgres/bar-rows.ts';
import type { Sql } from '../../adapters/postgres/database.ts';
import { quarantinedAt } from '../../adapters/postgres/finding-rows.ts';
import type { SourceErrorKind } from '../../adapters/prices/source.ts';
import { ownSession } from '../../core/calendar/own-session.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { Slot } from '../../core/schedule/slot.ts';
import { type Portfolio, pricedSymbols, rateSymbols } from '../portfolio.ts';
import { NotReadyError } from '../task.ts';
import type { Outcomes } from './read-all.ts';

/** A slot that may be closed, and the bars it is closed without. */
export type SettledSlot = { slot: Slot; gaps: { symbol: string; session: Session; reason: string }[] };

/** Failures that tell something of the source, and nothing of the symbol. */
const sourceFailures: ReadonlySet<SourceErrorKind> = new Set([
  'throttled',
  'consent',
  'schema',
  'network',
  'time-out',
]);

/**
 * Whether every symbol has the bar that a session asks of it: that of its own newest session closed by then, if it had one
 * since the session before. A bar that is quarantined is there, and not believed. What is missing is waited for until the
 * slot's deadline; past it a symbol that the source has nothing of is a gap and stops nothing, whatever its share, for
 * valuations go on and a late bar is a restatement. A dead source is no gap: where more symbols could not be asked for than
 * `coverageRatioMin` leaves, throws a NotReadyError, and so where nobody has a bar.
 */
export async function settleSlot(
  sql: Sql,
  portfolio: Portfolio,
  slot: Slot,
  now: number,
  outcomes: Outcomes,
): Promise<SettledSlot> {
  const needed = neededBars(portfolio, slot.session);
  const here = await barsAt(sql, portfolio.sourceName, needed);
  const absent = needed.filter(({ symbol }) => !here.has(symbol));
  const doubted = await quarantinedAt(sql, portfolio.sourceName, absent);
  const gaps = [...doubted].map(([symbol, reason]) => ({
    ...absent.find((one) => one.symbol === symbol)!,
    reason: `quarantined: ${reason}`,
  }));
  const missing = absent.filter(({ symbol }) => !doubted.has(symbol));
  if (missing.length === 0) return { slot, gaps };
  const reasonOf = (symbol: string) =>
    outcomes.get(symbol)?.failure?.message ?? 'the source answered without a bar of this session';
  const wait = () =>
    new NotReadyError(
      `no bar of ${slot.session} for ${missing.map(({ symbol }) => symbol).join(', ')} yet: ${reasonOf(missing[0]!.symbol)}`,
    );
  if (now < slot.deadlineAt) throw wait();
  const rates = new Set(rateSymbols(portfolio)); // a rate that is late stands in by the one before
  const decisive = needed.filter(({ symbol }) => !rates.has(symbol));
  const unread = decisive.filter(({ symbol }) => {
    const failure = outcomes.get(symbol)?.failure;
    return !here.has(symbol) && failure && sourceFailures.has(failure.kind);
  });
  if (unread.length > (1 - portfolio.coverageRatioMin) * decisive.length) throw wait();
  if (decisive.every(({ symbol }) => !here.has(symbol))) throw wait();
  return { slot, gaps: [...gaps, ...missing.map((gap) => ({ ...gap, reason: reasonOf(gap.symbol) }))] };
}

/** The bars a session asks for: of each symbol that had a session of its own since the session before, that one's. */
export function neededBars(portfolio: Portfolio, session: Session): { symbol: string; session: Session }[] {
  return pricedSymbols(portfolio).flatMap((symbol) => {
    const own = ownSession(portfolio.calendarOf(symbol), portfolio.plan.calendar, session);
    return own === null ? [] : [{ symbol, session: own }];
  });
}

/** Records why bars are missing. */
export async function closeWithGaps(
  sql: Sql,
  { sourceName }: Portfolio,
  { gaps }: SettledSlot,
  now: number,
): Promise<void> {
  for (const { symbol, session, reason } of gaps)
    await saveGap(sql, { source: sourceName, symbol, session, reason, at: now });
}
