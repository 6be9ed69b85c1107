import type { Sql } from './database.ts';

/**
 * The currencies of each symbol's prices as known now; null stands for prices stored without one. Read at both ends of a
 * history, for a reading in another currency than the stored one is refused whole.
 */
export async function quoteCurrencies(
  sql: Sql,
  source: string,
  symbols: readonly string[],
): Promise<Map<string, Set<string | null>>> {
  const { rows } = await sql.query<{ symbol: string; first: string | null; newest: string | null }>(
    `select wanted.symbol, first.currency as first, newest.currency as newest
     from unnest($2::text[]) as wanted (symbol)
     cross join lateral (
       select currency from rebalanced.bars b
       where b.source = $1 and b.symbol = wanted.symbol and b.superseded_at is null order by session limit 1
     ) first
     cross join lateral (
       select currency from rebalanced.bars b
       where b.source = $1 and b.symbol = wanted.symbol and b.superseded_at is null order by session desc limit 1
     ) newest`,
    [source, symbols],
  );
  return new Map(rows.map(({ symbol, first, newest }) => [symbol, new Set([first, newest])]));
}
