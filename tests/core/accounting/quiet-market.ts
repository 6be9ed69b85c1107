import type { Market } from '../../../src/core/accounting/market.ts';

/** A session of closes for all, at which nothing ends. */
export const quietMarket = (returns: readonly number[]): Market => ({
  returns,
  priced: returns.map(() => true),
  closings: returns.map(() => null),
});
