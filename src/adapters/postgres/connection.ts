import type pg from 'pg';

/**
 * What our parsers and our patience rely on, whatever the server, the database or the role is set to: a database of
 * German dates would otherwise answer 31.01.2024, and one of extra_float_digits 0 would round every weight.
 * pg itself asks for UTF-8 as it connects.
 */
const settings = {
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  default_transaction_isolation: 'read committed',
  lock_timeout: '20s',
  idle_in_transaction_session_timeout: '60s',
};

/** How long a connection may take to be made, and then to be settled. */
export const connectMaxMs = 5_000;

/** How a connection has to be used, once it is settled. */
export type ConnectionMode = {
  /** opens a transaction */
  begin: string;
  /** true where a statement may stand alone; else what it relies on holds within a transaction only */
  mayStandAlone: boolean;
};

/**
 * Settles a new connection, in one statement. Connected to PostgreSQL itself, it is set for good, and every statement
 * costs what it did. Behind a pooler such as PgBouncer the next transaction may run on another connection of the
 * server, and this one's settings would be left to other clients, so each transaction sets its own (`begin`), a lone
 * statement's included. Start-up parameters would be simpler, but PgBouncer refuses them.
 *
 * A pooler gives itself away: a connection's process, as told at its start, is not the one that answers.
 */
export async function settleConnection(
  client: pg.ClientBase,
  statementMaxMs: number,
): Promise<ConnectionMode> {
  const wanted = Object.entries({ ...settings, statement_timeout: String(statementMaxMs) });
  const local = wanted.map(([name, value]) => `set local ${name} = '${value}'`);
  const begin = 'begin isolation level read committed';
  const mayStandAlone = await isDirect(
    client,
    wanted.map(([name, value]) => `set_config('${name}', '${value}', not is_direct)`),
  );
  return { mayStandAlone, begin: mayStandAlone ? begin : [begin, ...local].join('; ') };
}

/** True where a connection leads to PostgreSQL itself, false where to a pooler; `also` is evaluated beside. */
export async function isDirect(client: pg.ClientBase, also: readonly string[] = []): Promise<boolean> {
  const { processID } = client as pg.ClientBase & { processID: number | null };
  const { rows } = await client.query<{ direct: boolean }>({
    text: `select ${['is_direct as direct', ...also].join(', ')}
           from (select pg_backend_pid() is not distinct from $1::integer as is_direct) as connection`,
    values: [processID],
    query_timeout: connectMaxMs,
  } as pg.QueryConfig);
  return rows[0]!.direct;
}
