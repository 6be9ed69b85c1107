import { isoInstant } from '../../core/calendar/instant.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { Sql } from './database.ts';

/** Stores a configuration under its hash, once. */
export async function saveConfig(sql: Sql, hash: string, body: string, at: number): Promise<void> {
  await sql.query(
    `insert into rebalanced.configs (hash, body, first_seen_at) values ($1, $2, $3)
     on conflict on constraint configs_key do nothing`,
    [hash, body, isoInstant(at)],
  );
}

/** Registers a portfolio at `at`, or notes its new configuration. Its inception, once set, stays. */
export async function savePortfolio(
  sql: Sql,
  portfolio: string,
  hash: string,
  inception: Session,
  at: number,
): Promise<Session> {
  const { rows } = await sql.query<{ inception: Session }>(
    `insert into rebalanced.portfolios (portfolio, config_hash, inception, registered_at) values ($1, $2, $3, $4)
     on conflict on constraint portfolios_key do update set config_hash = excluded.config_hash
     returning inception`,
    [portfolio, hash, inception, isoInstant(at)],
  );
  return rows[0]!.inception;
}

export type PortfolioRow = { portfolio: string; configHash: string; inception: Session };

export async function readPortfolios(sql: Sql): Promise<PortfolioRow[]> {
  const { rows } = await sql.query<PortfolioRow>(
    `select portfolio, config_hash as "configHash", inception from rebalanced.portfolios order by portfolio`,
  );
  return rows;
}

/** When a portfolio was first started (null: before that was kept), in epoch milliseconds, and what was decided since. */
export type PortfolioStart = { registeredAt: number | null; firstDecided: Session | null; decisions: number };

export async function readStart(sql: Sql, portfolio: string): Promise<PortfolioStart> {
  const { rows } = await sql.query<Omit<PortfolioStart, 'registeredAt'> & { registeredAt: string | null }>(
    `select p.registered_at as "registeredAt", min(d.session) as "firstDecided", count(d.decision_id)::integer as decisions
     from rebalanced.portfolios p left join rebalanced.decisions d using (portfolio)
     where portfolio = $1 group by portfolio`,
    [portfolio],
  );
  const { registeredAt, ...start } = rows[0]!;
  return { ...start, registeredAt: registeredAt === null ? null : Date.parse(registeredAt) };
}
