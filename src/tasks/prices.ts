import { readBars, vintageOf } from '../adapters/postgres/bar-rows.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import type { Session } from '../core/calendar/session.ts';
import type { PricePanel } from '../core/market/panel.ts';
import { panelFromStoredBars } from '../core/market/stored-bars.ts';
import { type Portfolio, pricedSymbols, windowStart } from './portfolio.ts';

/**
 * The panel of the last `count` sessions up to `asOf`, as known at `vintage` (null: now).
 * Always as many sessions, so that its levels, which accumulate from its first, are the same at every reading.
 */
export async function readPanel(
  sql: Sql,
  portfolio: Portfolio,
  asOf: Session,
  count: number,
  vintage: string | null,
): Promise<PricePanel> {
  const window = windowOf(portfolio, asOf, count);
  const bars = await readBars(sql, { ...window, vintage });
  const sessions = portfolio.plan.calendar.sessions(window.from, asOf);
  return panelFromStoredBars(bars, sessions, window.symbols);
}

/** The vintage of what `readPanel` reads now; null when there are no prices. */
export async function readVintage(
  sql: Sql,
  portfolio: Portfolio,
  asOf: Session,
  count: number,
): Promise<string | null> {
  return vintageOf(sql, windowOf(portfolio, asOf, count));
}

function windowOf(portfolio: Portfolio, asOf: Session, count: number) {
  return {
    source: portfolio.sourceName,
    symbols: pricedSymbols(portfolio),
    from: windowStart(portfolio, asOf, count),
    to: asOf,
  };
}
