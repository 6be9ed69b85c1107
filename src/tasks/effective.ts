import type { Sql } from '../adapters/postgres/database.ts';
import { newestDecision } from '../adapters/postgres/decision-rows.ts';
import { heldSymbols } from '../adapters/postgres/valuation-rows.ts';
import type { Session } from '../core/calendar/session.ts';
import type { Portfolio } from './portfolio.ts';

/**
 * The portfolio as it has to be run at `asOf` (null: now): the configured one, and what has left its configuration and is
 * still held, or about to be bought. The next decision sells it, and until then it is priced and valued.
 */
export async function effectivePortfolio(
  sql: Sql,
  configured: Portfolio,
  asOf: Session | null,
): Promise<Portfolio> {
  const held = await heldSymbols(sql, configured.id, asOf);
  const last = await newestDecision(sql, configured.id, asOf);
  const bought = last ? decidedSymbols(last.decision) : [];
  return withSymbols(configured, [...held, ...bought]);
}

function decidedSymbols({
  lines,
  shadowTargets,
}: {
  lines: { symbol: string; target: number }[];
  shadowTargets: number[];
}) {
  return lines.filter(({ target }, i) => target !== 0 || shadowTargets[i] !== 0).map(({ symbol }) => symbol);
}

/** The portfolio with further symbols, of which nothing may be held. */
export function withSymbols(portfolio: Portfolio, symbols: readonly string[]): Portfolio {
  const { policy } = portfolio;
  const further = [...new Set(symbols)].filter((symbol) => !policy.symbols.includes(symbol)).sort();
  if (further.length === 0) return portfolio;
  const nothing = Object.fromEntries(further.map((symbol) => [symbol, { lower: 0, upper: 0 }]));
  return {
    ...portfolio,
    policy: {
      ...policy,
      symbols: [...policy.symbols, ...further],
      boundsBySymbol: { ...policy.boundsBySymbol, ...nothing },
    },
  };
}
