import type { Valuation } from '../../core/accounting/valuation.ts';
import { isoInstant } from '../../core/calendar/instant.ts';
import type { Session } from '../../core/calendar/session.ts';
import { cashSymbol, type Holdings } from '../../core/portfolio/holdings.ts';
import type { Sql } from './database.ts';

export { cashSymbol } from '../../core/portfolio/holdings.ts';

/** Rows of holdings are as many as sessions times symbols; so many valuations are written at once. */
const valuationsAtOnce = 100;

/** Stores valuations made at `at`; each takes the place of the one of its session that counted until then. */
export async function saveValuations(
  sql: Sql,
  portfolio: string,
  symbols: readonly string[],
  valuations: readonly Valuation[],
  at: number,
): Promise<void> {
  for (let first = 0; first < valuations.length; first += valuationsAtOnce)
    await saveSome(
      sql,
      portfolio,
      symbols,
      valuations.slice(first, first + valuationsAtOnce),
      isoInstant(at),
    );
}

async function saveSome(
  sql: Sql,
  portfolio: string,
  symbols: readonly string[],
  valuations: readonly Valuation[],
  at: string,
): Promise<void> {
  const sessions = valuations.map(({ session }) => session);
  await supersedeValuations(sql, portfolio, sessions, at);
  const each = <T>(of: (valuation: Valuation) => T) => valuations.map(of);
  await sql.query(
    `insert into rebalanced.valuation_vintages
       (portfolio, session, valued_at, nav_gross, nav_net, nav_shadow, return_gross, return_net, drift_one_way,
        drawdown_state, drawdown_ratio, high_water_mark, drawdown, unfilled)
     select $1, session, $2, nav_gross, nav_net, nav_shadow, return_gross, return_net, drift_one_way, state, ratio, mark, drawdown, unfilled
     from unnest($3::date[], $4::float8[], $5::float8[], $6::float8[], $7::float8[], $8::float8[], $9::float8[], $10::text[],
       $11::float8[], $12::float8[], $13::text[], $14::text[])
       as row (session, nav_gross, nav_net, nav_shadow, return_gross, return_net, drift_one_way, state, ratio, mark, drawdown, unfilled)`,
    [
      portfolio,
      at,
      sessions,
      each((v) => v.navGross),
      each((v) => v.navNet),
      each((v) => v.navShadow),
      each((v) => v.returnGross),
      each((v) => v.returnNet),
      each((v) => v.driftOneWay),
      each((v) => v.drawdown.state),
      each((v) => v.drawdown.drawdownRatio),
      each((v) => v.drawdown.highWaterMark),
      each((v) => JSON.stringify(v.drawdown)),
      each((v) => v.unfilled && JSON.stringify(v.unfilled)),
    ],
  );
  const rows = valuations.flatMap((valuation) => [
    ...holdingsRows(valuation.session, 'live', symbols, valuation.live),
    ...holdingsRows(valuation.session, 'shadow', symbols, valuation.shadow),
  ]);
  await sql.query(
    `insert into rebalanced.holding_vintages (portfolio, valued_at, session, strategy, symbol, weight)
     select $1, $2, session, strategy, symbol, weight
     from unnest($3::date[], $4::text[], $5::text[], $6::float8[]) as row (session, strategy, symbol, weight)`,
    [
      portfolio,
      at,
      rows.map((r) => r.session),
      rows.map((r) => r.strategy),
      rows.map((r) => r.symbol),
      rows.map((r) => r.weight),
    ],
  );
}

function holdingsRows(
  session: Session,
  strategy: 'live' | 'shadow',
  symbols: readonly string[],
  { weights, cash }: Holdings,
) {
  return [
    ...symbols.map((symbol, i) => ({ session, strategy, symbol, weight: weights[i]! })),
    { session, strategy, symbol: cashSymbol, weight: cash },
  ];
}

/** The valuations of these sessions count no more from `at`, an ISO instant, on. */
export async function supersedeValuations(
  sql: Sql,
  portfolio: string,
  sessions: readonly Session[],
  at: string,
): Promise<void> {
  await sql.query(
    `update rebalanced.valuation_vintages set superseded_at = $3
     where portfolio = $1 and session = any($2::date[]) and superseded_at is null`,
    [portfolio, sessions, at],
  );
}

/** A valuation without what is held after it. */
export type ValuationFigures = Omit<Valuation, 'live' | 'shadow'>;

type Row = Omit<ValuationFigures, 'drawdown' | 'unfilled'> & {
  drawdown: string;
  unfilled: string | null;
  valuedAt: string;
};

const columns = `session, nav_gross as "navGross", nav_net as "navNet", nav_shadow as "navShadow",
  return_gross as "returnGross", return_net as "returnNet", drift_one_way as "driftOneWay", drawdown, unfilled,
  valued_at as "valuedAt"`;

const fromRow = ({ valuedAt: _, ...row }: Row): ValuationFigures => ({
  ...row,
  drawdown: JSON.parse(row.drawdown),
  unfilled: row.unfilled === null ? null : JSON.parse(row.unfilled),
});

/** A valuation as it is stored, `valuedAt` an instant: several of a session may have been made, and the last one counts. */
export type StoredValuation = Valuation & { valuedAt: string };

/**
 * The newest valuation at or before `session` (null: the newest of all) that counts, or the one that was made at the
 * instant `valuedAt`; weights in the order of `symbols`. Null before the first.
 * Holdings that were told of its session, by a report or a flow, stand in for the computed ones.
 * Throws where something is held that is not among `symbols`: what is 0 may be missing there.
 */
export async function newestValuation(
  sql: Sql,
  portfolio: string,
  session: Session | null,
  symbols: readonly string[],
  valuedAt: string | null = null,
): Promise<StoredValuation | null> {
  const { rows } = await sql.query<Row>(
    `select ${columns} from rebalanced.valuation_vintages
     where portfolio = $1 and session <= coalesce($2, 'infinity'::date)
       and ($3::timestamptz is null and superseded_at is null or valued_at = $3::timestamptz)
     order by session desc limit 1`,
    [portfolio, session, valuedAt],
  );
  const row = rows[0];
  if (!row) return null;
  const { rows: lines } = await sql.query<HeldLine>(
    `select strategy, symbol, weight, false as told from rebalanced.holding_vintages
     where portfolio = $1 and session = $2 and valued_at = $3
     union all
     select 'live', symbol, weight, true from rebalanced.told_holdings where portfolio = $1 and session = $2`,
    [portfolio, row.session, row.valuedAt],
  );
  const told = lines.filter((line) => line.told);
  const of = (strategy: 'live' | 'shadow') =>
    lines.filter((line) => line.strategy === strategy && !line.told);
  return {
    ...fromRow(row),
    valuedAt: row.valuedAt,
    live: holdingsOf(portfolio, told.length > 0 ? told : of('live'), symbols),
    shadow: holdingsOf(portfolio, of('shadow'), symbols),
  };
}

type HeldLine = { strategy: 'live' | 'shadow'; symbol: string; weight: number; told: boolean };

/** Holdings in the order of `symbols` from lines with cash among them; throws where another symbol is held. */
export function holdingsOf(
  portfolio: string,
  lines: readonly Pick<HeldLine, 'symbol' | 'weight'>[],
  symbols: readonly string[],
): Holdings {
  const held = new Map(lines.map(({ symbol, weight }) => [symbol, weight]));
  const known = new Set([...symbols, cashSymbol]);
  const unknown = lines.filter(({ symbol, weight }) => weight !== 0 && !known.has(symbol));
  if (unknown.length > 0)
    throw new Error(
      `${portfolio} holds ${unknown.map(({ symbol }) => symbol).join(', ')}, not among its symbols; expected what is held to be read with the portfolio as it is in effect`,
    );
  return { weights: symbols.map((symbol) => held.get(symbol) ?? 0), cash: held.get(cashSymbol)! };
}

/** Current valuations of the sessions after `session` (null: all), without their holdings, ascending. */
export async function valuationsAfter(
  sql: Sql,
  portfolio: string,
  session: Session | null,
): Promise<ValuationFigures[]> {
  const { rows } = await sql.query<Row>(
    `select ${columns} from rebalanced.valuations
     where portfolio = $1 and session > coalesce($2, '-infinity'::date) order by session`,
    [portfolio, session],
  );
  return rows.map(fromRow);
}

/** Lines of the holdings that were told of sessions from `session` on. */
export async function toldFrom(
  sql: Sql,
  portfolio: string,
  session: Session,
): Promise<Map<Session, { symbol: string; weight: number }[]>> {
  const { rows } = await sql.query<{ session: Session; symbol: string; weight: number }>(
    'select session, symbol, weight from rebalanced.told_holdings where portfolio = $1 and session >= $2',
    [portfolio, session],
  );
  return Map.groupBy(rows, (row) => row.session);
}

/** How far a portfolio is valued, `at` the newest instant any session was; null before the first. */
export async function valuedReach(
  sql: Sql,
  portfolio: string,
): Promise<{ first: Session; newest: Session; count: number; at: string } | null> {
  const { rows } = await sql.query<{ first: Session | null; newest: Session; count: number; at: string }>(
    `select min(session) as first, max(session) as newest, count(*)::integer as count,
       (select max(valued_at) from rebalanced.valuation_vintages where portfolio = $1) as at
     from rebalanced.valuations where portfolio = $1`,
    [portfolio],
  );
  const { first, ...reach } = rows[0]!;
  return first === null ? null : { first, ...reach };
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
