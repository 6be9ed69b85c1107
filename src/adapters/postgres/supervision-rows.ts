import { isoInstant } from '../../core/calendar/instant.ts';
import type { Sql } from './database.ts';

/** Notes that the queue was supervised at `at`; the newest instant of any daemon stays. */
export async function saveSupervision(sql: Sql, at: number): Promise<void> {
  await sql.query(
    `insert into rebalanced.queue_supervision as s (supervised_at) values ($1)
     on conflict on constraint queue_supervision_key
       do update set supervised_at = greatest(s.supervised_at, excluded.supervised_at)`,
    [isoInstant(at)],
  );
}

/** When any daemon last supervised the queue, in epoch seconds; null when none ever has. */
export async function readSupervision(sql: Sql): Promise<number | null> {
  const { rows } = await sql.query<{ at: number }>(
    'select extract(epoch from supervised_at)::float8 as at from rebalanced.queue_supervision',
  );
  return rows[0]?.at ?? null;
}
