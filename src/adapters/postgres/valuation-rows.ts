import type { Valuation } from '../../core/accounting/valuation.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { DrawdownStatus } from '../../core/portfolio/drawdown.ts';
import type { Holdings } from '../../core/portfolio/holdings.ts';
import type { Sql } from './database.ts';

/** Symbol of the cash row in holdings. */
export const cashSymbol = 'CASH';

export async function saveValuation(
  sql: Sql,
  portfolio: string,
  symbols: readonly string[],
  valuation: Valuation,
): Promise<void> {
  const { drawdown } = valuation;
  await sql.query(
    `insert into rebalanced.valuations
       (portfolio, session, nav_gross, nav_net, nav_shadow, return_gross, return_net, drift_one_way, drawdown_state,
        drawdown_ratio, high_water_mark, drawdown)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
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
    ],
  );
  const rows = [
    ...holdingsRows('live', symbols, valuation.live),
    ...holdingsRows('shadow', symbols, valuation.shadow),
  ];
  await sql.query(
    `insert into rebalanced.holdings (portfolio, session, strategy, symbol, weight)
     select $1, $2, strategy, symbol, weight from unnest($3::text[], $4::text[], $5::float8[]) as row (strategy, symbol, weight)`,
    [
      portfolio,
      valuation.session,
      rows.map((r) => r.strategy),
      rows.map((r) => r.symbol),
      rows.map((r) => r.weight),
    ],
  );
}

function holdingsRows(strategy: 'live' | 'shadow', symbols: readonly string[], { weights, cash }: Holdings) {
  return [
    ...symbols.map((symbol, i) => ({ strategy, symbol, weight: weights[i]! })),
    { strategy, symbol: cashSymbol, weight: cash },
  ];
}

type Row = Omit<Valuation, 'live' | 'shadow' | 'drawdown'> & { drawdown: string };

/**
 * The newest valuation at or before `session` (null: the newest of all); weights in the order of `symbols`.
 * Null before the first.
 * Holdings that were told of its session, by a report or a flow, stand in for the computed ones.
 */
export async function newestValuation(
  sql: Sql,
  portfolio: string,
  session: Session | null,
  symbols: readonly string[],
): Promise<Valuation | null> {
  const { rows } = await sql.query<Row>(
    `select session, nav_gross as "navGross", nav_net as "navNet", nav_shadow as "navShadow",
       return_gross as "returnGross", return_net as "returnNet", drift_one_way as "driftOneWay", drawdown
     from rebalanced.valuations where portfolio = $1 and session <= coalesce($2, 'infinity'::date)
     order by session desc limit 1`,
    [portfolio, session],
  );
  const row = rows[0];
  if (!row) return null;
  const holdings = await sql.query<{ strategy: 'live' | 'shadow'; symbol: string; weight: number }>(
    `select strategy, symbol, weight from rebalanced.holdings h where portfolio = $1 and session = $2
       and (strategy <> 'live' or not exists (
         select from rebalanced.told_holdings i where i.portfolio = h.portfolio and i.session = h.session))
     union all
     select 'live', symbol, weight from rebalanced.told_holdings where portfolio = $1 and session = $2`,
    [portfolio, row.session],
  );
  const holdingsOf = (strategy: 'live' | 'shadow'): Holdings => {
    const held = new Map(
      holdings.rows.filter((r) => r.strategy === strategy).map((r) => [r.symbol, r.weight]),
    );
    const unknown = [...held.keys()].filter((symbol) => symbol !== cashSymbol && !symbols.includes(symbol));
    if (unknown.length > 0)
      throw new Error(
        `${portfolio} holds ${unknown.join(', ')}, not among its symbols; keep a symbol with bounds 0..0 to sell it`,
      );
    return { weights: symbols.map((symbol) => held.get(symbol) ?? 0), cash: held.get(cashSymbol)! };
  };
  return {
    ...row,
    drawdown: JSON.parse(row.drawdown) as DrawdownStatus,
    live: holdingsOf('live'),
    shadow: holdingsOf('shadow'),
  };
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
