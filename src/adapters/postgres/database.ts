import pg from 'pg';

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

/** Opens a pool whose every wait is bounded: connecting, statements, locks, and idling in a transaction. */
export function openDatabase(
  url: string,
  options: { connectionsMax?: number; onError?: (error: Error) => void } = {},
): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.connectionsMax ?? 8,
    connectionTimeoutMillis: 5_000,
    query_timeout: 60_000,
    statement_timeout: 60_000,
    lock_timeout: 20_000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    application_name: 'rebalanced',
    options: '-c timezone=UTC',
    types: {
      getTypeParser: (oid: number, format?: string) =>
        (format !== 'binary' && parsers.get(oid)) || pg.types.getTypeParser(oid, format as 'text'),
    } as pg.CustomTypesConfig,
  });
  // An idle connection that breaks is replaced by the pool; without a listener the process would end.
  pool.on('error', (error) => options.onError?.(error));
  return {
    query: (text, values) => pool.query(text, values as unknown[]),
    async transaction(work) {
      const client = await pool.connect();
      let broken: Error | undefined;
      // The pool hears only idle connections: one that breaks between two statements would end the process. The next
      // statement fails, and the connection is not given back.
      const note = (error: Error) => {
        broken = error;
      };
      client.on('error', note);
      try {
        await client.query('begin');
        const result = await work({ query: (text, values) => client.query(text, values as unknown[]) });
        await client.query('commit');
        return result;
      } catch (error) {
        await client.query('rollback').catch(note);
        throw error;
      } finally {
        client.off('error', note);
        client.release(broken);
      }
    },
    close: () => pool.end(),
  };
}
