import type { Sql } from '../adapters/postgres/database.ts';
import { hasOtherSymbols, symbolsInUse } from '../adapters/postgres/symbol-rows.ts';
import type { Session } from '../core/calendar/session.ts';
import type { Portfolio } from './portfolio.ts';

/**
 * A portfolio as tasks, commands and queries work on it: as configured, with the symbols that left the configuration while
 * they are held or waited for at the newest valuation up to `asOf` (null: of all). The next decision sells them, and
 * until then they are priced and valued.
 */
export async function effectivePortfolio(
  sql: Sql,
  configured: Portfolio,
  asOf: Session | null,
): Promise<Portfolio> {
  const { id, policy } = configured;
  if (!(await hasOtherSymbols(sql, id, asOf, policy.symbols))) return configured;
  return withSymbols(configured, await symbolsInUse(sql, id, asOf));
}

/** The portfolio with these symbols too; those that are not configured may be held no more, so their bounds are 0 to 0. */
export function withSymbols(configured: Portfolio, symbols: readonly string[]): Portfolio {
  const { policy } = configured;
  const known = new Set(policy.symbols);
  const left = [...new Set(symbols)].filter((symbol) => !known.has(symbol)).sort();
  if (left.length === 0) return configured;
  const sold = Object.fromEntries(left.map((symbol) => [symbol, { lower: 0, upper: 0 }]));
  return {
    ...configured,
    policy: {
      ...policy,
      symbols: [...policy.symbols, ...left],
      boundsBySymbol: { ...policy.boundsBySymbol, ...sold },
    },
  };
}
