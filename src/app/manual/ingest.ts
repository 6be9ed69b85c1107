import { newestBars } from '../../adapters/postgres/bar-rows.ts';
import type { Session } from '../../core/calendar/session.ts';
import { pricedSymbols } from '../../tasks/portfolio.ts';
import type { Context } from '../context.ts';
import { catchUp } from '../daemon/catch-up.ts';

/** How far prices reach (null: there are none), and what of the work due is not done, with the reasons. */
export type Ingested = {
  reach: { portfolio: string; symbol: string; session: Session | null }[];
  failed: string[];
};

/** Fetches the prices that are due now, for every portfolio. Rejects with its reason once `stop` is aborted. */
export async function ingestNow(context: Context, stop: AbortSignal): Promise<Ingested> {
  const failed = await catchUp(context, ['ingest'], Date.now(), stop);
  const reach: Ingested['reach'] = [];
  for (const portfolio of context.portfolios) {
    const symbols = pricedSymbols(portfolio);
    const newest = await newestBars(context.database, portfolio.sourceName, symbols);
    for (const symbol of symbols)
      reach.push({ portfolio: portfolio.id, symbol, session: newest.get(symbol) ?? null });
  }
  return { reach, failed };
}
