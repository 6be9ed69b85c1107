import type { PricePanel } from '../market/panel.ts';
import type { PortfolioPolicy } from '../policy/policy.ts';
import { cashReturn } from './cash-returns.ts';
import { lastReturns } from './last-returns.ts';
import type { SessionMarket } from './valuation.ts';

/**
 * What the panel's last session brought the policy's symbols. `panel` holds as many sessions as `lastReturnSessions`, or
 * all since the first with prices. A symbol without a price for `delisting.afterSessions` sessions does not trade any
 * more: a holding of it is closed at its last price, times what the configuration says is recovered of it.
 */
export function sessionMarket(panel: PricePanel, policy: PortfolioPolicy): SessionMarket {
  const own = panel.select(policy.symbols);
  const { afterSessions, recoveryRatioBySymbol } = policy.delisting;
  const ages = own.levels.map(sessionsSincePrice);
  return {
    returns: lastReturns(own),
    priced: ages.map((age) => age === 0),
    closings: policy.symbols.map((symbol, i) =>
      ages[i]! >= afterSessions ? (recoveryRatioBySymbol[symbol] ?? 1) : null,
    ),
    cashReturn: cashReturn(policy, policy.cash.proxySymbol === null ? null : panel),
  };
}

function sessionsSincePrice(levels: Float64Array): number {
  let age = 0;
  while (age < levels.length && Number.isNaN(levels[levels.length - 1 - age]!)) age += 1;
  return age;
}
