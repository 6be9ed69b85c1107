import { isoInstant } from '../../core/calendar/instant.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { Sql } from './database.ts';

/** What this database is a replay of. */
export type ReplayRow = {
  name: string;
  /** the configuration file, absolute */
  configPath: string;
  /** of all that determines the replay's rows but its end */
  planHash: string;
  /** where it begins, if not at the configured inceptions */
  firstSession: Session | null;
  lastSession: Session;
  finishedAt: string | null;
};

/** Null where the database is none of a replay, or its replay has not begun. */
export async function readReplay(sql: Sql): Promise<ReplayRow | null> {
  const { rows } = await sql.query<ReplayRow>(
    `select name, config_path as "configPath", plan_hash as "planHash", first_session as "firstSession", last_session as "lastSession",
       finished_at as "finishedAt"
     from rebalanced.replay`,
  );
  return rows[0] ?? null;
}

/** Notes the replay as begun, or as to be gone on with to another end. */
export async function saveReplay(sql: Sql, row: Omit<ReplayRow, 'finishedAt'>): Promise<void> {
  await sql.query(
    `insert into rebalanced.replay (name, config_path, plan_hash, first_session, last_session) values ($1, $2, $3, $4, $5)
     on conflict on constraint replay_key do update set
       name = excluded.name, config_path = excluded.config_path, plan_hash = excluded.plan_hash,
       first_session = excluded.first_session, last_session = excluded.last_session, finished_at = null`,
    [row.name, row.configPath, row.planHash, row.firstSession, row.lastSession],
  );
}

export async function finishReplay(sql: Sql, at: number): Promise<void> {
  await sql.query('update rebalanced.replay set finished_at = $1', [isoInstant(at)]);
}
