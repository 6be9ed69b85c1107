import pg from 'pg';
import { databaseRedactor } from './address.ts';
import { type ConnectionMode, connectMaxMs, settleConnection } from './connection.ts';

/** Anything SQL can be sent to: the pool, or one transaction's connection. */
export type Sql = {
  query<Row extends pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: Row[]; rowCount: number | null }>;
};

export type Database = Sql & {
  /** Runs `work` in one transaction: committed when it returns, rolled back when it throws. */
  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
};

const dateOid = 1082;
const timestamptzOid = 1184;
const bigintOid = 20;
const float8ArrayOid = 1022;

/**
 * DATE stays text (pg would make it a local midnight), timestamps become ISO instants with all their microseconds
 * kept in milliseconds' place, identities become numbers.
 */
const parsers = new Map<number, (text: string) => unknown>([
  [dateOid, (text) => text],
  [timestamptzOid, (text) => new Date(text).toISOString()],
  [bigintOid, Number],
  [float8ArrayOid, (text) => text.slice(1, -1).split(',').map(Number)],
]);

/**
 * Opens a pool whose every wait is bounded: connecting, statements, locks, and idling in a transaction. `url` leads to
 * PostgreSQL or to a pooler. `statementMaxMs` 0 sets no bound to statements.
 * What is thrown never tells the address's user or password.
 */
export function openDatabase(
  url: string,
  options: { connectionsMax?: number; statementMaxMs?: number; onError?: (error: Error) => void } = {},
): Database {
  const { statementMaxMs = 60_000 } = options;
  const modes = new WeakMap<pg.ClientBase, ConnectionMode>();
  const redactor = databaseRedactor(url);
  const pool = new pg.Pool({
    connectionString: url,
    max: options.connectionsMax ?? 8,
    connectionTimeoutMillis: connectMaxMs,
    query_timeout: statementMaxMs,
    keepAlive: true,
    application_name: 'rebalanced',
    types: {
      getTypeParser: (oid: number, format?: string) =>
        (format !== 'binary' && parsers.get(oid)) || pg.types.getTypeParser(oid, format as 'text'),
    } as pg.CustomTypesConfig,
    onConnect: async (client: pg.ClientBase) => {
      modes.set(client, await settleConnection(client, statementMaxMs));
    },
  });
  // An idle connection that breaks is replaced by the pool; without a listener the process would end.
  pool.on('error', (error) => options.onError?.(redactor.login(error)));

  const withConnection = async <Result>(
    work: (connection: Connection) => Promise<Result>,
  ): Promise<Result> => {
    const client = await pool.connect().catch((error: Error) => {
      throw redactor.login(error);
    });
    let broken: Error | undefined;
    // The pool handles errors of idle connections only: one that breaks between two statements would end the process.
    // The next statement fails, and the connection is not given back.
    const discard = (error: Error) => {
      broken = error;
    };
    client.on('error', discard);
    try {
      return await work({ client, mode: modes.get(client)!, discard });
    } catch (error) {
      throw redactor.password(error as Error);
    } finally {
      client.off('error', discard);
      client.release(broken);
    }
  };
  return {
    query: (text, values) =>
      withConnection((connection) =>
        connection.mode.mayStandAlone
          ? alone(connection, text, values)
          : inTransaction(connection, (sql) => sql.query(text, values)),
      ),
    transaction: (work) => withConnection((connection) => inTransaction(connection, work)),
    close: () => pool.end(),
  };
}

type Connection = { client: pg.PoolClient; mode: ConnectionMode; discard(error: Error): void };

/** A statement on its own. One that was given up may still be running, so after a failure its connection goes. */
async function alone<Row extends pg.QueryResultRow>(
  { client, discard }: Connection,
  text: string,
  values?: readonly unknown[],
): Promise<pg.QueryResult<Row>> {
  try {
    return await client.query<Row>(text, values as unknown[]);
  } catch (error) {
    discard(error as Error);
    throw error;
  }
}

async function inTransaction<Result>(
  { client, mode, discard }: Connection,
  work: (sql: Sql) => Promise<Result>,
): Promise<Result> {
  try {
    await client.query(mode.begin);
    const result = await work({ query: (text, values) => client.query(text, values as unknown[]) });
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(discard);
    throw error;
  }
}
