import { type BarSpan, readBars } from '../../adapters/postgres/bar-rows.ts';
import type { Database } from '../../adapters/postgres/database.ts';
import { type PriceSource, SourceError } from '../../adapters/prices/source.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { Bar } from '../../core/market/bar.ts';
import type { Portfolio } from '../portfolio.ts';
import type { Log } from '../services.ts';

/** True when a symbol's stored closes mean something else than what its source gives now. */
export function isRebased({ firstBasis, newestBasis }: BarSpan, { basis }: PriceSource): boolean {
  return firstBasis !== basis || newestBasis !== basis;
}

/**
 * All bars of a symbol whose source has another basis than the stored ones: the whole history is fetched and takes the
 * place of every stored bar, also of those the source no longer has, for two bases cannot be read together. The replaced
 * bars remain a vintage of their own. Raises a SourceError, and replaces nothing, where the source has no bars.
 */
export async function rebase(
  portfolio: Portfolio,
  database: Database,
  symbol: string,
  span: BarSpan,
  to: Session,
  now: number,
  log: Log,
): Promise<{ fresh: (Bar & { currency: string | null })[]; restated: Bar[] }> {
  const { source, sourceName, historyStart } = portfolio;
  const from = span.first < historyStart ? span.first : historyStart;
  const last = span.newest > to ? span.newest : to;
  const { bars, warnings, currency } = await source.fetchBars(symbol, from, last, now);
  for (const warning of warnings) log.warn({ symbol, session: to }, warning);
  if (bars.length === 0)
    throw new SourceError(
      'delisted',
      `${symbol}: source ${sourceName} is now ${source.basis} and has no bars from ${from} to ${last}; the stored ${span.newestBasis} ones are kept`,
      { symbol },
    );
  const window = { source: sourceName, symbols: [symbol], from: span.first, to: span.newest };
  const stored = await readBars(database, { ...window, vintage: null });
  log.warn(
    {
      symbol,
      session: to,
      source: sourceName,
      stored: span.newestBasis,
      configured: source.basis,
      replaced: stored.length,
    },
    'the source has another price basis than the stored bars; its whole history takes their place',
  );
  return { fresh: bars.map((bar) => ({ ...bar, currency })), restated: stored };
}
