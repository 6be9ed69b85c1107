import type { Database } from '../../src/adapters/postgres/database.ts';

/**
 * Registers a portfolio that has decided once a day from 2000-01-03 on, `count` times, over one or more symbols of equal weight
 * beside half cash; the newest session was decided twice more, by hand.
 */
export async function insertManyDecisions(
  database: Database,
  portfolio: string,
  count: number,
  symbols: readonly string[],
): Promise<void> {
  await database.transaction(async (sql) => {
    // The rows are sound by construction, and checking their sums one by one takes longer than the test.
    await sql.query('set local session_replication_role = replica');
    await sql.query(`insert into rebalanced.configs values ('many', '{}', now()) on conflict do nothing`);
    await sql.query(`insert into rebalanced.portfolios values ($1, 'many', '2000-01-03')`, [portfolio]);
    await sql.query(
      `insert into rebalanced.decisions (portfolio, session, revision, reason, allocator, fallback_level, cash_weight,
         turnover_one_way, turnover_two_way, cost_ratio, signal_scale, exposure_ratio, drawdown_state, config_hash,
         code_version, vintage, body, forecast, decided_at)
       select $1, date '2000-01-03' + least(i, $2::integer - 1), greatest(0, i - $2::integer + 1),
         case when i < $2::integer then 'monthly' else 'manual' end, 'equal', 'full', 0.5, 0, 0, 0, 0, 1,
         'normal', 'many', '0.1.0', now(), '{}', '{}', now()
       from generate_series(0, $2::integer + 1) as i`,
      [portfolio, count],
    );
    await sql.query(
      `insert into rebalanced.targets
       select decision_id, symbol, 0.5 / cardinality($2::text[]), 0, 0.5 / cardinality($2::text[]), 0, 1, null, 0
       from rebalanced.decisions cross join unnest($2::text[]) as symbol where portfolio = $1`,
      [portfolio, symbols],
    );
  });
  await database.query('analyze rebalanced.decisions, rebalanced.targets');
}
