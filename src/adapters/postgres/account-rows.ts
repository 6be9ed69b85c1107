import type { Account } from '../../core/accounting/account.ts';
import type { ImportedLine } from '../../core/accounting/imported-holdings.ts';
import { isoInstant } from '../../core/calendar/instant.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { Sql } from './database.ts';

/**
 * Keeps whoever else decides, values or is told holdings of a portfolio waiting until this transaction ends: a decision
 * must not be made from holdings that are being replaced.
 */
export async function lockAccount(sql: Sql, portfolio: string): Promise<void> {
  await sql.query('select from rebalanced.portfolios where portfolio = $1 for no key update', [portfolio]);
}

/** Net asset value at a row's session, or the last one before it: a session may turn out to have been none. */
const navAt = (row: string) => `
  select nav_net from rebalanced.valuations
  where portfolio = ${row}.portfolio and session <= ${row}.session order by session desc limit 1`;

/** What is known of an account's money; `portfolioValue` is the configured one. */
export async function readAccount(
  sql: Sql,
  { id, portfolioValue }: { id: string; portfolioValue: number },
): Promise<Account> {
  const imports = await sql.query<Account['imports'][number]>(
    `select i.session, i.worth as amount, v.nav_net as "navNet", i.imported_at as "importedAt"
     from rebalanced.account_imports i cross join lateral (${navAt('i')}) v
     where i.portfolio = $1 and i.worth is not null order by i.session`,
    [id],
  );
  // What an import told is in its worth already.
  const flows = await sql.query<Account['flows'][number]>(
    `select f.session, f.amount, v.nav_net as "navNet", f.recorded_at as "recordedAt"
     from rebalanced.flows f cross join lateral (${navAt('f')}) v
     where f.portfolio = $1 and f.kind <> 'import' order by f.session, f.recorded_at`,
    [id],
  );
  return { portfolioValue, imports: imports.rows, flows: flows.rows };
}

/** The session of the newest report of holdings up to `session` (null: of all); null where none was ever told. */
export async function importedOn(
  sql: Sql,
  portfolio: string,
  session: Session | null,
): Promise<Session | null> {
  const { rows } = await sql.query<{ session: Session | null }>(
    `select max(session) as session from rebalanced.account_imports
     where portfolio = $1 and session <= coalesce($2, 'infinity'::date)`,
    [portfolio, session],
  );
  return rows[0]!.session;
}

/**
 * The shares a broker said are held, by symbol, with the session it was said of: where that report is the newest up to
 * `session` and no decision has been filled since. Null otherwise: what is held then is known by weights alone.
 */
export async function readHeldShares(
  sql: Sql,
  portfolio: string,
  session: Session,
): Promise<{ session: Session; shares: Map<string, number> } | null> {
  const { rows } = await sql.query<{ session: Session; symbol: string; quantity: number }>(
    `select line.session, line.symbol, line.quantity
     from (
       select session, imported_at, worth from rebalanced.account_imports
       where portfolio = $1 and session <= $2 order by session desc limit 1
     ) newest
     join rebalanced.imported_holdings line
       on line.portfolio = $1 and line.session = newest.session and line.imported_at = newest.imported_at
     where newest.worth is not null and line.symbol <> 'CASH' and not exists (
       select from rebalanced.fills f join rebalanced.decisions d using (decision_id)
       where d.portfolio = $1 and f.session > newest.session and f.session <= $2 and f.turnover_two_way > 0)`,
    [portfolio, session],
  );
  if (rows.length === 0) return null;
  return {
    session: rows[0]!.session,
    shares: new Map(rows.map(({ symbol, quantity }) => [symbol, quantity])),
  };
}

/**
 * Stores what is held at `session`, cash among it, as a report tells it (`import`) or as it is after a flow. Returns the
 * instant it is stored under: `at`, or just after what was told of the session before, so that the newest counts.
 */
export async function saveToldHoldings(
  sql: Sql,
  portfolio: string,
  session: Session,
  toldBy: 'import' | 'flow',
  lines: readonly ImportedLine[],
  at: number,
): Promise<number> {
  const { rows } = await sql.query<{ last: string | null }>(
    'select max(imported_at) as last from rebalanced.imported_holdings where portfolio = $1 and session = $2',
    [portfolio, session],
  );
  const last = rows[0]!.last;
  const toldAt = last === null ? at : Math.max(at, Date.parse(last) + 1);
  await sql.query(
    `insert into rebalanced.imported_holdings (portfolio, session, symbol, weight, quantity, price, told_by, imported_at)
     select $1, $2, symbol, weight, quantity, price, $7, $8
     from unnest($3::text[], $4::float8[], $5::float8[], $6::float8[]) as line (symbol, weight, quantity, price)`,
    [
      portfolio,
      session,
      lines.map((line) => line.symbol),
      lines.map((line) => line.weight),
      lines.map((line) => line.quantity),
      lines.map((line) => line.price),
      toldBy,
      isoInstant(toldAt),
    ],
  );
  return toldAt;
}

/** One flow of money at a session's close; `amount` in the portfolio's currency, below 0 where it left. */
export type FlowRow = {
  session: Session;
  amount: number;
  kind: 'deposit' | 'withdrawal' | 'import';
  note: string | null;
};

export async function saveFlow(sql: Sql, portfolio: string, flow: FlowRow, at: number): Promise<void> {
  await sql.query(
    `insert into rebalanced.flows (portfolio, session, amount, kind, note, recorded_at)
     values ($1, $2, $3, $4, $5, $6)`,
    [portfolio, flow.session, flow.amount, flow.kind, flow.note, isoInstant(at)],
  );
}
