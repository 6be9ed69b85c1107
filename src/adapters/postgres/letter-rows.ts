import { isoInstant } from '../../core/calendar/instant.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { LetterState } from '../../views/letter.ts';
import type { Sql } from './database.ts';

export type Letter = {
  letterId: number;
  portfolio: string;
  session: Session;
  recipient: string;
  messageId: string;
  bytes: Buffer;
  attempts: number;
};

/** Freezes a rendered letter in its decision's own transaction. */
export async function queueLetter(
  sql: Sql,
  letter: {
    decisionId: number;
    portfolio: string;
    session: Session;
    recipient: string;
    messageId: string;
    subject: string;
    bytes: Buffer;
    at: number;
  },
): Promise<void> {
  await sql.query(
    `insert into rebalanced.letters
       (decision_id, portfolio, session, recipient, message_id, subject, message, state, queued_at)
     values ($1, $2, $3, $4, $5, $6, $7, 'pending', $8)`,
    [
      letter.decisionId,
      letter.portfolio,
      letter.session,
      letter.recipient,
      letter.messageId,
      letter.subject,
      letter.bytes,
      isoInstant(letter.at),
    ],
  );
}

/**
 * Takes the next pending letter of a decision session and marks it as being sent, in one statement.
 * A letter found in `sending` later was cut off half-way: nobody knows whether it left.
 */
export async function takeLetter(sql: Sql, portfolio: string, session: Session): Promise<Letter | null> {
  const { rows } = await sql.query<Letter>(
    `update rebalanced.letters set state = 'sending', attempts = attempts + 1
     where letter_id = (
       select letter_id from rebalanced.letters
       where portfolio = $1 and session = $2 and state = 'pending' order by letter_id limit 1 for update skip locked)
     returning letter_id as "letterId", portfolio, session, recipient, message_id as "messageId", message as bytes, attempts`,
    [portfolio, session],
  );
  return rows[0] ?? null;
}

/**
 * Notes how sending went. `pending` puts the letter back, to be tried again, unless another worker, who took this one
 * for dead, has settled it.
 */
export async function settleLetter(
  sql: Sql,
  letterId: number,
  state: Exclude<LetterState, 'sending'>,
  error: string | null,
  at: number,
): Promise<void> {
  await sql.query(
    `update rebalanced.letters set state = $2, last_error = $3, finished_at = case when $2 = 'pending' then null else $4::timestamptz end
     where letter_id = $1 and ($2 <> 'pending' or state = 'sending')`,
    [letterId, state, error, isoInstant(at)],
  );
}

/**
 * Settles letters whose sending a crash cut off: `ambiguous` shows them to people and never repeats them;
 * `pending` writes them again, where that cannot make a second letter. Returns how many.
 */
export async function settleCutOff(
  sql: Sql,
  portfolio: string,
  session: Session,
  state: 'ambiguous' | 'pending',
  at: number,
): Promise<number> {
  const { rowCount } = await sql.query(
    `update rebalanced.letters set state = $4, finished_at = case when $4 = 'ambiguous' then $3::timestamptz end,
       last_error = 'the process ended while the letter was being sent; it may or may not have arrived'
     where portfolio = $1 and session = $2 and state = 'sending'`,
    [portfolio, session, isoInstant(at), state],
  );
  return rowCount ?? 0;
}

export async function countPending(sql: Sql, portfolio: string, session: Session): Promise<number> {
  const { rows } = await sql.query<{ count: number }>(
    `select count(*)::integer as count from rebalanced.letters where portfolio = $1 and session = $2 and state = 'pending'`,
    [portfolio, session],
  );
  return rows[0]!.count;
}
