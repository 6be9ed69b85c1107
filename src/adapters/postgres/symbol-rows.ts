import type { Session } from '../../core/calendar/session.ts';
import type { Sql } from './database.ts';

/**
 * Symbols that are held at the newest valuation up to `session` (null: of all), as computed or as told, or whose decided
 * trades wait there or are to be filled next.
 */
export async function symbolsInUse(sql: Sql, portfolio: string, session: Session | null): Promise<string[]> {
  const { rows } = await sql.query<{ symbol: string }>(
    `with newest as (
       select session, valued_at, unfilled::json as unfilled from rebalanced.valuations
       where portfolio = $1 and session <= coalesce($2, 'infinity'::date) order by session desc limit 1
     ), pending as (
       select d.decision_id, d.body::json as body from rebalanced.decisions d join newest on d.session >= newest.session
       where d.portfolio = $1 and d.session <= coalesce($2, 'infinity'::date) order by d.session desc, revision desc limit 1
     )
     select symbol from newest join rebalanced.holding_vintages h using (session, valued_at)
     where h.portfolio = $1 and weight <> 0 and symbol <> 'CASH'
     union
     select symbol from newest join rebalanced.told_holdings t using (session)
     where t.portfolio = $1 and weight <> 0 and symbol <> 'CASH'
     union
     select json_object_keys(unfilled -> strategy -> 'targets')
     from newest cross join unnest(array['live', 'shadow']) as strategy where unfilled is not null
     union
     select line.value ->> 'symbol' from pending
     cross join json_array_elements(body -> 'lines') with ordinality as line (value, place)
     cross join json_array_elements_text(body -> 'shadowTargets') with ordinality as shadow (target, place)
     where line.place = shadow.place
       and ((line.value ->> 'target')::float8 <> 0 or shadow.target::float8 <> 0)
     order by symbol`,
    [portfolio, session],
  );
  return rows.map(({ symbol }) => symbol);
}

/**
 * Whether the newest valuation or decision up to `session` (null: of all) has a line of any other symbol than these: only
 * then may others be in use. Asked before every task, so it is quick.
 */
export async function hasOtherSymbols(
  sql: Sql,
  portfolio: string,
  session: Session | null,
  symbols: readonly string[],
): Promise<boolean> {
  const { rows } = await sql.query<{ found: boolean }>(
    `select exists (
         select from rebalanced.targets where symbol <> all($3) and decision_id = (
           select decision_id from rebalanced.decisions where portfolio = $1 and session <= coalesce($2, 'infinity'::date)
           order by session desc, revision desc limit 1
         )
       ) or exists (
         select from (
           select portfolio, session, valued_at from rebalanced.valuation_vintages
           where portfolio = $1 and session <= coalesce($2, 'infinity'::date) and superseded_at is null
           order by session desc limit 1
         ) newest
         where exists (
             select from rebalanced.holding_vintages h
             where h.portfolio = newest.portfolio and h.session = newest.session and h.valued_at = newest.valued_at
               and symbol <> all($3) and symbol <> 'CASH'
           ) or exists (
             select from rebalanced.imported_holdings i
             where i.portfolio = newest.portfolio and i.session = newest.session and symbol <> all($3) and symbol <> 'CASH'
           )
       ) as found`,
    [portfolio, session, symbols],
  );
  return rows[0]!.found;
}

/** Which of `symbols` a decision of the portfolio ever held or wanted held. */
export async function everDecided(
  sql: Sql,
  portfolio: string,
  symbols: readonly string[],
): Promise<string[]> {
  if (symbols.length === 0) return [];
  const { rows } = await sql.query<{ symbol: string }>(
    `select distinct symbol from rebalanced.targets t join rebalanced.decisions d using (decision_id)
     where d.portfolio = $1 and symbol = any($2) and (t.weight <> 0 or t.held <> 0)`,
    [portfolio, symbols],
  );
  return rows.map(({ symbol }) => symbol);
}
