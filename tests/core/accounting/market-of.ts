import type { SessionMarket } from '../../../src/core/accounting/valuation.ts';

/** A session at which every symbol trades and cash earns nothing. */
export function marketOf(returns: readonly number[], changes: Partial<SessionMarket> = {}): SessionMarket {
  return {
    returns,
    priced: returns.map(() => true),
    closings: returns.map(() => null),
    cashReturn: 0,
    ...changes,
  };
}
