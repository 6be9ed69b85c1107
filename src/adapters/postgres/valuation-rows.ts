import type { Unfilled, Valuation } from '../../core/accounting/valuation.ts';
import { isoInstant } from '../../core/calendar/instant.ts';
import type { Session } from '../../core/calendar/session.ts';
import { cashSymbol } from '../../core/portfolio/cash.ts';
import type { DrawdownStatus } from '../../core/portfolio/drawdown.ts';
import type { Holdings } from '../../core/portfolio/holdings.ts';
import type { Sql } from './database.ts';

export { cashSymbol } from '../../core/portfolio/cash.ts';

/** Stores a valuation as known from `at` on. */
export async function saveValuation(
  sql: Sql,
  portfolio: string,
  symbols: readonly string[],
  valuation: Valuation,
  at: number,
): Promise<void> {
  const { drawdown, unfilled } = valuation;
  await sql.query(
    `insert into rebalanced.valuation_vintages
       (portfolio, session, nav_gross, nav_net, nav_shadow, return_gross, return_net, drift_one_way, drawdown_state,
        drawdown_ratio, high_water_mark, drawdown, unfilled, valued_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    [
      portfolio,
      valuation.session,
      valuation.navGross,
      valuation.navNet,
      valuation.navShadow,
      valuation.returnGross,
      valuation.returnNet,
      valuation.driftOneWay,
      drawdown.state,
      drawdown.drawdownRatio,
      drawdown.highWaterMark,
      JSON.stringify(drawdown),
      unfilled && JSON.stringify(unfilled),
      isoInstant(at),
    ],
  );
  const rows = [
    ...holdingsRows('live', symbols, valuation.live),
    ...holdingsRows('shadow', symbols, valuation.shadow),
  ];
  await sql.query(
    `insert into rebalanced.holding_vintages (portfolio, session, valued_at, strategy, symbol, weight)
     select $1, $2, $6, strategy, symbol, weight from unnest($3::text[], $4::text[], $5::float8[]) as row (strategy, symbol, weight)`,
    [
      portfolio,
      valuation.session,
      rows.map((r) => r.strategy),
      rows.map((r) => r.symbol),
      rows.map((r) => r.weight),
      isoInstant(at),
    ],
  );
}

/** Ends the valuations of these sessions: from `at` on others hold, or none. */
export async function supersedeValuations(
  sql: Sql,
  portfolio: string,
  sessions: readonly Session[],
  at: number,
): Promise<void> {
  await sql.query(
    `update rebalanced.valuation_vintages set superseded_at = $3
     where portfolio = $1 and session = any($2::date[]) and superseded_at is null`,
    [portfolio, sessions, isoInstant(at)],
  );
}

/** The instant of the newest valuation of a portfolio, current or not, in epoch milliseconds; null before the first. */
export async function newestValuedAt(sql: Sql, portfolio: string): Promise<number | null> {
  const { rows } = await sql.query<{ at: string | null }>(
    'select max(valued_at) as at from rebalanced.valuation_vintages where portfolio = $1',
    [portfolio],
  );
  const { at } = rows[0]!;
  return at === null ? null : Date.parse(at);
}

function holdingsRows(strategy: 'live' | 'shadow', symbols: readonly string[], { weights, cash }: Holdings) {
  return [
    ...symbols.map((symbol, i) => ({ strategy, symbol, weight: weights[i]! })),
    { strategy, symbol: cashSymbol, weight: cash },
  ];
}

type Row = Omit<Valuation, 'live' | 'shadow' | 'drawdown' | 'unfilled'> & {
  drawdown: string;
  unfilled: string | null;
  valuedAt: string;
};

/**
 * The newest valuation at or before `session` (null: the newest of all); weights in the order of `symbols`, of what was
 * known at `vintage` (null: now, an ISO instant: then). Null before the first.
 * Holdings that were told of its session, by a report or a flow, stand in for the computed ones.
 * Throws where something is held that is not among `symbols`.
 */
export async function newestValuation(
  sql: Sql,
  portfolio: string,
  session: Session | null,
  symbols: readonly string[],
  vintage: string | null = null,
): Promise<Valuation | null> {
  const { rows } = await sql.query<Row>(
    `select session, nav_gross as "navGross", nav_net as "navNet", nav_shadow as "navShadow",
       return_gross as "returnGross", return_net as "returnNet", drift_one_way as "driftOneWay", drawdown, unfilled,
       valued_at as "valuedAt"
     from rebalanced.valuation_vintages where portfolio = $1 and session <= coalesce($2, 'infinity'::date)
       and ($3::timestamptz is null and superseded_at is null
         or valued_at <= $3::timestamptz and (superseded_at is null or superseded_at > $3::timestamptz))
     order by session desc limit 1`,
    [portfolio, session, vintage],
  );
  const row = rows[0];
  if (!row) return null;
  const { valuedAt, drawdown, unfilled, ...figures } = row;
  const held = await holdingsAt(sql, portfolio, row.session, valuedAt);
  return {
    ...figures,
    drawdown: JSON.parse(drawdown) as DrawdownStatus,
    unfilled: unfilled === null ? null : (JSON.parse(unfilled) as Unfilled),
    live: inOrder(portfolio, held.live, symbols),
    shadow: inOrder(portfolio, held.shadow, symbols),
  };
}

/** Weights by symbol, cash among them. */
export type HeldWeights = Map<string, number>;

async function holdingsAt(
  sql: Sql,
  portfolio: string,
  session: Session,
  valuedAt: string,
): Promise<{ live: HeldWeights; shadow: HeldWeights }> {
  const { rows } = await sql.query<{ strategy: 'live' | 'shadow'; symbol: string; weight: number }>(
    `select strategy, symbol, weight from rebalanced.holding_vintages h
     where portfolio = $1 and session = $2 and valued_at = $3
       and (strategy <> 'live' or not exists (
         select from rebalanced.told_holdings i where i.portfolio = h.portfolio and i.session = h.session))
     union all
     select 'live', symbol, weight from rebalanced.told_holdings where portfolio = $1 and session = $2`,
    [portfolio, session, valuedAt],
  );
  const of = (strategy: 'live' | 'shadow') =>
    new Map(rows.filter((row) => row.strategy === strategy).map((row) => [row.symbol, row.weight]));
  return { live: of('live'), shadow: of('shadow') };
}

/** A symbol that is sold to nothing may have left; one that is held may not be forgotten. */
function inOrder(portfolio: string, held: HeldWeights, symbols: readonly string[]): Holdings {
  const unknown = [...held].filter(
    ([symbol, weight]) => symbol !== cashSymbol && weight !== 0 && !symbols.includes(symbol),
  );
  if (unknown.length > 0)
    throw new Error(
      `${portfolio} holds ${unknown.map(([symbol]) => symbol).join(', ')}, not among the symbols it is read for`,
    );
  return { weights: symbols.map((symbol) => held.get(symbol) ?? 0), cash: held.get(cashSymbol)! };
}

/** The sessions a portfolio is valued at, ascending. */
export async function valuedSessions(sql: Sql, portfolio: string): Promise<Session[]> {
  const { rows } = await sql.query<{ session: Session }>(
    'select session from rebalanced.valuations where portfolio = $1 order by session',
    [portfolio],
  );
  return rows.map(({ session }) => session);
}

/** Symbols of which anything is held, or waited for, at the newest valuation up to `session` (null: of all). */
export async function heldSymbols(sql: Sql, portfolio: string, session: Session | null): Promise<string[]> {
  const { rows } = await sql.query<{ symbol: string }>(
    `with newest as (
       select session, unfilled from rebalanced.valuations
       where portfolio = $1 and session <= coalesce($2, 'infinity'::date) order by session desc limit 1
     )
     select symbol from rebalanced.holdings h join newest using (session) where h.portfolio = $1 and weight <> 0
     union select symbol from rebalanced.told_holdings t join newest using (session) where t.portfolio = $1 and weight <> 0
     union select json_object_keys(unfilled::json -> 'live') from newest where unfilled is not null
     union select json_object_keys(unfilled::json -> 'shadow') from newest where unfilled is not null
     order by symbol`,
    [portfolio, session],
  );
  return rows.map(({ symbol }) => symbol).filter((symbol) => symbol !== cashSymbol);
}

/** Symbols of which anything was held, or decided to be, at any session from `session` on. */
export async function heldSince(sql: Sql, portfolio: string, session: Session): Promise<string[]> {
  const { rows } = await sql.query<{ symbol: string }>(
    `select symbol from rebalanced.holding_vintages where portfolio = $1 and session >= $2 and weight <> 0
     union select symbol from rebalanced.imported_holdings where portfolio = $1 and session >= $2 and weight <> 0
     union select t.symbol from rebalanced.targets t join rebalanced.decisions d using (decision_id)
       where d.portfolio = $1 and d.session >= $2
     order by symbol`,
    [portfolio, session],
  );
  return rows.map(({ symbol }) => symbol).filter((symbol) => symbol !== cashSymbol);
}

/** Net and gross asset values of all sessions, ascending. */
export async function readNavs(
  sql: Sql,
  portfolio: string,
  to: Session,
): Promise<{ session: Session; navGross: number; navNet: number; returnGross: number; returnNet: number }[]> {
  const { rows } = await sql.query<{
    session: Session;
    navGross: number;
    navNet: number;
    returnGross: number;
    returnNet: number;
  }>(
    `select session, nav_gross as "navGross", nav_net as "navNet", return_gross as "returnGross",
       return_net as "returnNet"
     from rebalanced.valuations where portfolio = $1 and session <= $2 order by session`,
    [portfolio, to],
  );
  return rows;
}
