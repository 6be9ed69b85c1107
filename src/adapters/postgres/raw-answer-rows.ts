import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { isoInstant } from '../../core/calendar/instant.ts';
import type { Sql } from './database.ts';

/** Keeps answers as they came, each content once; one that came again is noted as seen. */
export async function saveRawAnswers(
  sql: Sql,
  source: string,
  answers: readonly { symbol: string; raw: string }[],
  at: number,
): Promise<void> {
  if (answers.length === 0) return;
  await sql.query(
    `insert into rebalanced.raw_answers (hash, source, symbol, body, first_seen_at, last_seen_at)
     select hash, $1, symbol, body, $2, $2 from unnest($3::text[], $4::text[], $5::bytea[]) as answer (hash, symbol, body)
     on conflict on constraint raw_answers_key do update set last_seen_at = excluded.last_seen_at`,
    [
      source,
      isoInstant(at),
      answers.map(({ raw }) => createHash('sha256').update(raw).digest('hex')),
      answers.map(({ symbol }) => symbol),
      answers.map(({ raw }) => gzipSync(raw)),
    ],
  );
}

/** Removes answers that were last seen before an instant; returns how many. */
export async function purgeRawAnswers(sql: Sql, source: string, before: number): Promise<number> {
  const { rowCount } = await sql.query(
    'delete from rebalanced.raw_answers where source = $1 and last_seen_at < $2',
    [source, isoInstant(before)],
  );
  return rowCount ?? 0;
}
