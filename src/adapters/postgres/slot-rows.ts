import { isoInstant } from '../../core/calendar/instant.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { Slot, TaskName } from '../../core/schedule/slot.ts';
import type { Sql } from './database.ts';

export type OpenSlot = Slot & {
  state: 'waiting' | 'queued';
  attempts: number;
  retryAt: number | null;
  lastError: string | null;
};

type Row = Omit<OpenSlot, 'dueAt' | 'deadlineAt' | 'retryAt'> & {
  dueAt: string;
  deadlineAt: string;
  retryAt: string | null;
};

const columns = `task, portfolio, session, reason, due_at as "dueAt", deadline_at as "deadlineAt", state, attempts,
  retry_at as "retryAt", last_error as "lastError"`;

const fromRow = (row: Row): OpenSlot => ({
  ...row,
  dueAt: Date.parse(row.dueAt),
  deadlineAt: Date.parse(row.deadlineAt),
  retryAt: row.retryAt === null ? null : Date.parse(row.retryAt),
});

/** Inserts slots that are not there yet; any number of daemons may do so. */
export async function insertSlots(sql: Sql, slots: readonly Slot[]): Promise<void> {
  if (slots.length === 0) return;
  await sql.query(
    `insert into rebalanced.slots (task, portfolio, session, reason, due_at, deadline_at, state)
     select task, portfolio, session, reason, due_at, deadline_at, 'waiting'
     from unnest($1::text[], $2::text[], $3::date[], $4::text[], $5::timestamptz[], $6::timestamptz[])
       as slot (task, portfolio, session, reason, due_at, deadline_at)
     on conflict on constraint slots_key do nothing`,
    [
      slots.map((s) => s.task),
      slots.map((s) => s.portfolio),
      slots.map((s) => s.session),
      slots.map((s) => s.reason),
      slots.map((s) => isoInstant(s.dueAt)),
      slots.map((s) => isoInstant(s.deadlineAt)),
    ],
  );
}

/** Inserts a slot, or opens it again where it was done: there is more to do. */
export async function reopenSlot(sql: Sql, slot: Slot): Promise<void> {
  await insertSlots(sql, [slot]);
  await sql.query(
    `update rebalanced.slots set state = 'waiting', retry_at = null, finished_at = null
     where task = $1 and portfolio = $2 and session = $3 and state = 'done'`,
    [slot.task, slot.portfolio, slot.session],
  );
}

/** The newest session that has been planned for a portfolio: its newest ingest slot. */
export async function newestPlanned(sql: Sql, portfolio: string): Promise<Session | null> {
  const { rows } = await sql.query<{ session: Session | null }>(
    `select max(session) as session from rebalanced.slots where portfolio = $1 and task = 'ingest'`,
    [portfolio],
  );
  return rows[0]!.session;
}

/** Open slots of a portfolio, locked against other daemons, by session. */
export async function lockOpenSlots(sql: Sql, portfolio: string): Promise<OpenSlot[]> {
  const { rows } = await sql.query<Row>(
    `select ${columns} from rebalanced.slots
     where portfolio = $1 and state in ('waiting', 'queued') order by session, task for update`,
    [portfolio],
  );
  return rows.map(fromRow);
}

/** Open slots of one task of a portfolio, by session. */
export async function openSlotsOf(sql: Sql, task: TaskName, portfolio: string): Promise<OpenSlot[]> {
  const { rows } = await sql.query<Row>(
    `select ${columns} from rebalanced.slots
     where task = $1 and portfolio = $2 and state in ('waiting', 'queued') order by session`,
    [task, portfolio],
  );
  return rows.map(fromRow);
}

/** One slot, locked until the transaction ends; null when it is not open any more. */
export async function lockSlot(sql: Sql, slot: Slot): Promise<OpenSlot | null> {
  const { rows } = await sql.query<Row>(
    `select ${columns} from rebalanced.slots
     where task = $1 and portfolio = $2 and session = $3 and state in ('waiting', 'queued') for update`,
    [slot.task, slot.portfolio, slot.session],
  );
  return rows[0] ? fromRow(rows[0]) : null;
}

/** True while a slot is neither done nor missed. */
export async function isOpen(sql: Sql, slot: Slot): Promise<boolean> {
  const { rowCount } = await sql.query(
    `select from rebalanced.slots
     where task = $1 and portfolio = $2 and session = $3 and state in ('waiting', 'queued')`,
    [slot.task, slot.portfolio, slot.session],
  );
  return rowCount === 1;
}

/** True while some decision of a portfolio is asked for and not made. */
export async function hasOpenRebalance(sql: Sql, portfolio: string): Promise<boolean> {
  const { rowCount } = await sql.query(
    `select from rebalanced.slots
     where portfolio = $1 and task = 'rebalance' and state in ('waiting', 'queued') limit 1`,
    [portfolio],
  );
  return rowCount === 1;
}

/** Slots that are open now, for people and for readiness. */
export async function readOpenSlots(sql: Sql): Promise<OpenSlot[]> {
  const { rows } = await sql.query<Row>(
    `select ${columns} from rebalanced.slots where state in ('waiting', 'queued') order by due_at, task`,
  );
  return rows.map(fromRow);
}

export async function markQueued(sql: Sql, slots: readonly Slot[]): Promise<void> {
  if (slots.length === 0) return;
  await sql.query(
    `update rebalanced.slots s set state = 'queued', retry_at = null
     from unnest($1::text[], $2::text[], $3::date[]) as q (task, portfolio, session)
     where s.task = q.task and s.portfolio = q.portfolio and s.session = q.session and s.state = 'waiting'`,
    [slots.map((s) => s.task), slots.map((s) => s.portfolio), slots.map((s) => s.session)],
  );
}

/** Closes an open slot; false when another daemon has closed it. */
export async function closeSlot(
  sql: Sql,
  slot: Slot,
  state: 'done' | 'missed',
  at: number,
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update rebalanced.slots set state = $4, finished_at = $5, retry_at = null
     where task = $1 and portfolio = $2 and session = $3 and state in ('waiting', 'queued')`,
    [slot.task, slot.portfolio, slot.session, state, isoInstant(at)],
  );
  return rowCount === 1;
}

/** Puts a slot back after an attempt that failed at `at`; each failure doubles the wait, up to a bound. */
export async function postponeSlot(
  sql: Sql,
  slot: Slot,
  at: number,
  backoff: { firstSeconds: number; maxSeconds: number },
  error: string,
): Promise<void> {
  await sql.query(
    `update rebalanced.slots set state = 'waiting', attempts = attempts + 1, last_error = $5,
       retry_at = $4::timestamptz + make_interval(secs => least($7::float8, $6::float8 * 2 ^ least(attempts, 20)))
     where task = $1 and portfolio = $2 and session = $3 and state in ('waiting', 'queued')`,
    [
      slot.task,
      slot.portfolio,
      slot.session,
      isoInstant(at),
      error,
      backoff.firstSeconds,
      backoff.maxSeconds,
    ],
  );
}

/** Puts a slot back as it was before an attempt that was cut off: no attempt is counted. */
export async function giveBackSlot(sql: Sql, slot: Slot): Promise<void> {
  await sql.query(
    `update rebalanced.slots set state = 'waiting'
     where task = $1 and portfolio = $2 and session = $3 and state = 'queued'`,
    [slot.task, slot.portfolio, slot.session],
  );
}

/** The newest session a task of a portfolio was done for; null when it never was. */
export async function newestDone(sql: Sql, task: TaskName, portfolio: string): Promise<Session | null> {
  const { rows } = await sql.query<{ session: Session | null }>(
    `select max(session) as session from rebalanced.slots where task = $1 and portfolio = $2 and state = 'done'`,
    [task, portfolio],
  );
  return rows[0]!.session;
}

/** After a crash: what was queued and never finished waits again. Only for a replay, which owns its database. */
export async function reopenQueued(sql: Sql): Promise<void> {
  await sql.query(`update rebalanced.slots set state = 'waiting' where state = 'queued'`);
}
