import type { Sql } from '../../src/adapters/postgres/database.ts';
import type { Portfolio } from '../../src/tasks/portfolio.ts';

/** What a retry may leave different: identities, and the notes about attempts. */
const passing = ['decision_id', 'letter_id', 'attempts', 'retry_at', 'last_error', 'message'];

const ofDecision = (table: string) =>
  `select to_jsonb(t) || jsonb_build_object('session', d.session, 'revision', d.revision) from rebalanced.${table} t
   join rebalanced.decisions d using (decision_id) where d.portfolio = $1`;
const byPortfolio = (table: string) => `select to_jsonb(t) from rebalanced.${table} t where portfolio = $1`;
const bySource = (table: string) => `select to_jsonb(t) from rebalanced.${table} t where source = $2`;

const queries = {
  bars: bySource('bars'),
  gaps: bySource('gaps'),
  slots: byPortfolio('slots'),
  models: byPortfolio('models'),
  roles: byPortfolio('model_roles'),
  decisions: byPortfolio('decisions'),
  targets: ofDecision('targets'),
  fills: ofDecision('fills'),
  valuations: byPortfolio('valuations'),
  holdings: byPortfolio('holdings'),
  letters: byPortfolio('letters'),
};

export type PortfolioRows = Record<keyof typeof queries, Record<string, unknown>[]>;

/**
 * Every row of a portfolio, without what a retry may leave different, and with its own name and its source's struck
 * out, so that the rows of twins can be compared.
 */
export async function portfolioRows(sql: Sql, portfolio: Portfolio): Promise<PortfolioRows> {
  const id = portfolio.id;
  const tables: Partial<PortfolioRows> = {};
  for (const [table, query] of Object.entries(queries)) {
    const { rows } = await sql.query<{ row: object }>(
      `select row - $3::text[] as row from (${query}) q (row)
       where $1::text is not null and $2::text is not null order by row::text`,
      [id, portfolio.sourceName, passing],
    );
    tables[table as keyof PortfolioRows] = rows
      .map(({ row }) => JSON.stringify(row).replaceAll(id, 'P').replaceAll(portfolio.sourceName, 'S'))
      .sort()
      .map((text) => JSON.parse(text));
  }
  return tables as PortfolioRows;
}
