import { readBars, vintageOf } from '../adapters/postgres/bar-rows.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import { type PricePanel, panelFromBars } from '../core/market/panel.ts';
import type { Session } from '../core/market/session.ts';
import { type Portfolio, pricedSymbols, windowStart } from './portfolio.ts';

/**
 * The panel of the last `count` sessions up to `asOf`, as known at `vintage` (null: now), with the vintage it has.
 * Always as many sessions, so that its levels, which accumulate from its first, are the same at every reading.
 */
export async function readPanel(
  sql: Sql,
  portfolio: Portfolio,
  asOf: Session,
  count: number,
  vintage: string | null,
): Promise<{ panel: PricePanel; vintage: string | null }> {
  const { calendar } = portfolio.plan;
  const symbols = pricedSymbols(portfolio);
  const from = windowStart(portfolio, asOf, count);
  const window = { source: portfolio.sourceName, symbols, from, to: asOf };
  const bars = await readBars(sql, { ...window, vintage });
  const panel = panelFromBars(bars, calendar.sessions(from, asOf), symbols, () => portfolio.source.basis);
  return { panel, vintage: vintage ?? (await vintageOf(sql, window)) };
}
