import type { Session } from '../calendar/session.ts';
import type { Bar, PriceBasis } from './bar.ts';
import { type PricePanel, panelFromBars } from './panel.ts';

/**
 * A bar with the basis its source had when it was stored, which alone says what its close means, and the currency (ISO
 * 4217) of its close and dividend; null where its source did not say.
 */
export type StoredBar = Bar & { basis: PriceBasis; currency: string | null };

/**
 * `panelFromBars` for stored bars: each symbol is read in the basis it was stored in, whatever its source is configured
 * to be by now. Throws where the bars of one symbol have more than one basis, for a return from one to the other means
 * nothing.
 */
export function panelFromStoredBars(
  bars: readonly StoredBar[],
  sessions: readonly Session[],
  symbols: readonly string[],
): PricePanel {
  const bases = new Map<string, StoredBar>();
  for (const bar of bars) {
    const known = bases.get(bar.symbol) ?? bar;
    if (known.basis !== bar.basis)
      throw new Error(
        `${bar.symbol} has ${known.basis} closes (${known.session}) and ${bar.basis} closes (${bar.session}) between ${sessions[0]} and ${sessions.at(-1)}; expected one basis: ingest again, or give the source another name, under which its history is fetched again`,
      );
    bases.set(bar.symbol, known);
  }
  // A symbol without a bar has no level, so its basis is never read.
  return panelFromBars(bars, sessions, symbols, (symbol) => bases.get(symbol)?.basis ?? 'total-return');
}
