import { readBars, vintageOf } from '../adapters/postgres/bar-rows.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import type { Session } from '../core/calendar/session.ts';
import type { PricePanel } from '../core/market/panel.ts';
import { panelOf, readFrom } from './panel.ts';
import { type Portfolio, pricedSymbols, windowStart } from './portfolio.ts';

/**
 * The panel, in the portfolio's currency, of the last `count` sessions up to `asOf`, as known at `vintage` (null: now).
 * Always as many sessions, so that its levels, which accumulate from its first, are the same at every reading.
 */
export async function readPanel(
  sql: Sql,
  portfolio: Portfolio,
  asOf: Session,
  count: number,
  vintage: string | null,
): Promise<PricePanel> {
  const bars = await readBars(sql, { ...windowOf(portfolio, asOf, count), vintage });
  const sessions = portfolio.plan.calendar.sessions(windowStart(portfolio, asOf, count), asOf);
  return panelOf(portfolio, bars, sessions);
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
    from: readFrom(portfolio, windowStart(portfolio, asOf, count)),
    to: asOf,
  };
}
