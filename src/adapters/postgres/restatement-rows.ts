import type { Session } from '../../core/calendar/session.ts';
import type { DrawdownState } from '../../core/portfolio/drawdown.ts';
import type { Sql } from './database.ts';

/** What valuing a portfolio again, from `fromSession` to `toSession`, has changed there; `valuedAt` an ISO instant. */
export type RestatementRow = {
  valuedAt: string;
  fromSession: Session;
  toSession: Session;
  /** whose prices were restated; empty where it was the calendar */
  symbols: string[];
  /** net NAV of `toSession` */
  navBefore: number;
  navAfter: number;
  /** what NAV has gained by it, in basis points of what it was taken for */
  effectBps: number;
  stateBefore: DrawdownState;
  stateAfter: DrawdownState;
  reason: string;
};

export async function saveRestatement(sql: Sql, portfolio: string, row: RestatementRow): Promise<void> {
  await sql.query(
    `insert into rebalanced.restatements (portfolio, valued_at, from_session, to_session, symbols, nav_before, nav_after,
       effect_bps, state_before, state_after, reason)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      portfolio,
      row.valuedAt,
      row.fromSession,
      row.toSession,
      row.symbols,
      row.navBefore,
      row.navAfter,
      row.effectBps,
      row.stateBefore,
      row.stateAfter,
      row.reason,
    ],
  );
}

/** Restatements of a portfolio made after `since`, an ISO instant (null: all), in the order they were made. */
export async function restatementsSince(
  sql: Sql,
  portfolio: string,
  since: string | null,
): Promise<RestatementRow[]> {
  const { rows } = await sql.query<RestatementRow>(
    `select valued_at as "valuedAt", from_session as "fromSession", to_session as "toSession", symbols,
       nav_before as "navBefore", nav_after as "navAfter", effect_bps as "effectBps", state_before as "stateBefore",
       state_after as "stateAfter", reason
     from rebalanced.restatements where portfolio = $1 and valued_at > coalesce($2, '-infinity'::timestamptz)
     order by valued_at`,
    [portfolio, since],
  );
  return rows;
}
