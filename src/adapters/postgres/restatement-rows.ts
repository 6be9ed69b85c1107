import type { Valuation } from '../../core/accounting/valuation.ts';
import { isoInstant } from '../../core/calendar/instant.ts';
import type { Session } from '../../core/calendar/session.ts';
import { cashSymbol } from '../../core/portfolio/cash.ts';
import type { Holdings } from '../../core/portfolio/holdings.ts';
import type { Sql } from './database.ts';

/**
 * Symbols of a source with bars of sessions `from`..`to` that came or were superseded after `after`, and the first such
 * session of each. What happened at the very instant `valuedAt` was known to whoever was valued then; what happened
 * after it surely was not.
 */
export async function changedBars(
  sql: Sql,
  query: { source: string; from: Session; to: Session; after: number; valuedAt: number },
): Promise<{ symbol: string; session: Session; isSure: boolean }[]> {
  const { rows } = await sql.query<{ symbol: string; session: Session; isSure: boolean }>(
    `select symbol, min(session) as session, bool_or(greatest(observed_at, superseded_at) > $5) as "isSure"
     from rebalanced.bars
     where source = $1 and session between $2 and $3
       and (observed_at > $4 and observed_at <> $5 or superseded_at > $4 and superseded_at <> $5)
     group by symbol order by symbol`,
    [query.source, query.from, query.to, isoInstant(query.after), isoInstant(query.valuedAt)],
  );
  return rows;
}

/** Holdings that were told of sessions from `from` on, in the order of `symbols`. */
export async function toldHoldings(
  sql: Sql,
  portfolio: string,
  from: Session,
  symbols: readonly string[],
): Promise<Map<Session, Holdings>> {
  const { rows } = await sql.query<{ session: Session; symbol: string; weight: number }>(
    `select session, symbol, weight from rebalanced.told_holdings where portfolio = $1 and session >= $2`,
    [portfolio, from],
  );
  return new Map(
    [...Map.groupBy(rows, ({ session }) => session)].map(([session, lines]) => {
      const held = new Map(lines.map(({ symbol, weight }) => [symbol, weight]));
      return [
        session,
        { weights: symbols.map((symbol) => held.get(symbol) ?? 0), cash: held.get(cashSymbol) ?? 0 },
      ];
    }),
  );
}

/** Records that a portfolio was valued again, and what that changed at its newest valuation. */
export async function saveRestatement(
  sql: Sql,
  portfolio: string,
  restated: { from: Session; to: Session; symbols: readonly string[]; before: Valuation; after: Valuation },
  at: number,
): Promise<void> {
  const { from, to, symbols, before, after } = restated;
  await sql.query(
    `insert into rebalanced.restatements
       (portfolio, valued_at, from_session, to_session, symbols, nav_before, nav_after, effect_bps, state_before, state_after)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      portfolio,
      isoInstant(at),
      from,
      to,
      symbols,
      before.navNet,
      after.navNet,
      (after.navNet / before.navNet - 1) * 10_000,
      before.drawdown.state,
      after.drawdown.state,
    ],
  );
}

/** True where a portfolio was valued again after that instant. */
export async function isRestatedSince(sql: Sql, portfolio: string, at: string): Promise<boolean> {
  const { rows } = await sql.query<{ found: boolean }>(
    'select exists (select from rebalanced.restatements where portfolio = $1 and valued_at > $2) as found',
    [portfolio, at],
  );
  return rows[0]!.found;
}
