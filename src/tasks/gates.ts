import { barsAt, provisionalBars } from '../adapters/postgres/bar-rows.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import { newestValuation } from '../adapters/postgres/valuation-rows.ts';
import { minuteMs } from '../core/calendar/milliseconds.ts';
import type { Slot } from '../core/schedule/slot.ts';
import { neededBars } from './ingest/coverage.ts';
import { type Portfolio, pricedSymbols, rateSymbols } from './portfolio.ts';
import { NotReadyError } from './task.ts';

/**
 * What a decision rests on is believed first. One beside the month's (drawdown, restatement, delisting) waits until every
 * price up to the session its state was entered at was read twice; the state's session counts and not the slot's, so that
 * it is made at the next one at the latest. The month's own waits for the second reading as long as that should take, and
 * for the prices of most symbols that had one the session before. Throws a NotReadyError.
 */
export async function assertBelieved(sql: Sql, portfolio: Portfolio, slot: Slot, now: number): Promise<void> {
  const { id, policy, sourceName, belief } = portfolio;
  const isMonthly = slot.reason === 'monthly';
  if (isMonthly) await assertCovered(sql, portfolio, slot);
  if (isMonthly && now >= slot.dueAt + belief.confirmMinutes * minuteMs) return;
  const valuation = await newestValuation(sql, id, slot.session, policy.symbols);
  const upTo = isMonthly || !valuation ? slot.session : valuation.drawdown.since;
  const open = await provisionalBars(
    sql,
    sourceName,
    pricedSymbols(portfolio),
    upTo < slot.session ? upTo : slot.session,
  );
  if (open.length === 0) return;
  const { symbol, session } = open[0]!;
  throw new NotReadyError(
    `${symbol} of ${session}${open.length > 1 ? ` and ${open.length - 1} more` : ''} was read once only; a second, equal reading makes it final`,
  );
}

/** A price that is missing for long stops nothing; many that are missing of a sudden stop the month's decision. */
async function assertCovered(sql: Sql, portfolio: Portfolio, { session }: Slot): Promise<void> {
  const { plan, sourceName, coverageRatioMin } = portfolio;
  const rates = new Set(rateSymbols(portfolio));
  const at = async (of: string) => {
    const needed = neededBars(portfolio, of).filter(({ symbol }) => !rates.has(symbol));
    return { needed, here: await barsAt(sql, sourceName, needed) };
  };
  const before = await at(plan.calendar.previous(session));
  const now = await at(session);
  const expected = now.needed.filter(
    ({ symbol }) => before.here.has(symbol) || !before.needed.some((one) => one.symbol === symbol),
  );
  const missing = expected.filter(({ symbol }) => !now.here.has(symbol));
  if (missing.length <= (1 - coverageRatioMin) * expected.length) return;
  throw new NotReadyError(
    `${missing.length} of ${expected.length} symbols have no price of ${session} (${missing.map(({ symbol }) => symbol).join(', ')}); expected ${Math.ceil(coverageRatioMin * expected.length)} (coverageRatioMin)`,
  );
}
