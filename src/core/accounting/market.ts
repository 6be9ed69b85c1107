import type { PricePanel } from '../market/panel.ts';
import type { DelistingPolicy } from '../policy/policy.ts';
import type { Holdings } from '../portfolio/holdings.ts';
import { lastReturns } from './last-returns.ts';

/** What one session brought, each in the policy's symbol order. */
export type Market = {
  /** simple total returns since the last close before; 0 where there is no close */
  returns: readonly number[];
  /** whether there is a close of the session: without one nothing can be traded */
  priced: readonly boolean[];
  /** the share of the last close that is recovered where a holding is closed for good; null where it goes on */
  closings: readonly (number | null)[];
};

/**
 * What the session at `row` of a panel (its last, where left out) brought to holdings as they were before it. A holding
 * without a close for so many sessions is taken for delisted, but only while something else trades: where nothing does,
 * prices are missing, not holdings.
 */
export function marketAt(
  panel: PricePanel,
  symbols: readonly string[],
  before: { live: Holdings; shadow: Holdings },
  { afterSessions, recoveryRatioBySymbol }: DelistingPolicy,
  row = panel.sessions.length - 1,
): Market {
  const levels = symbols.map((symbol) => panel.column(symbol));
  const isSilent = (column: Float64Array) => {
    for (let back = row; back > row - afterSessions && back >= 0; back -= 1)
      if (!Number.isNaN(column[back]!)) return false;
    return true;
  };
  const isHeld = (i: number) => before.live.weights[i] !== 0 || before.shadow.weights[i] !== 0;
  const silent = levels.map((column, i) => isHeld(i) && isSilent(column));
  const isTrading = silent.includes(true) && panel.levels.some((column) => !isSilent(column));
  return {
    returns: lastReturns(levels, row),
    priced: levels.map((column) => !Number.isNaN(column[row]!)),
    closings: symbols.map((symbol, i) =>
      silent[i] && isTrading ? (recoveryRatioBySymbol[symbol] ?? 1) : null,
    ),
  };
}
