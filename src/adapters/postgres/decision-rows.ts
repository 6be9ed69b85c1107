import type { Fill } from '../../core/accounting/valuation.ts';
import { isoInstant } from '../../core/calendar/instant.ts';
import type { Session } from '../../core/calendar/session.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import type { ForecastResult } from '../../core/forecast/forecast-result.ts';
import { type Decision, programFaults } from '../../core/policy/decision.ts';
import type { Sql } from './database.ts';

export type DecisionRow = {
  decisionId: number;
  revision: number;
  decidedAt: string;
  decision: Decision;
  forecastResult: ForecastResult;
};

type Row = { decisionId: number; revision: number; decidedAt: string; body: string; forecast: string };
const columns = `decision_id as "decisionId", revision, decided_at as "decidedAt", body, forecast`;
const fromRow = (row: Row): DecisionRow => ({
  decisionId: row.decisionId,
  revision: row.revision,
  decidedAt: row.decidedAt,
  decision: JSON.parse(row.body),
  forecastResult: JSON.parse(row.forecast),
});

/** Stores a decision, its targets and the forecast it was made from; returns its identity. */
export async function saveDecision(
  sql: Sql,
  decision: Decision,
  forecastResult: ForecastResult,
  revision: number,
  at: number,
): Promise<number> {
  const { rows } = await sql.query<{ decisionId: number }>(
    `insert into rebalanced.decisions
       (portfolio, session, revision, reason, allocator, fallback_level, fallback_reason, cash_weight, turnover_one_way,
        turnover_two_way, cost_ratio, signal_scale, exposure_ratio, drawdown_state, model_id, config_hash,
        code_version, vintage, body, forecast, decided_at, program_faults)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
     returning decision_id as "decisionId"`,
    [
      decision.portfolio,
      decision.asOf,
      revision,
      decision.reason,
      decision.allocator,
      decision.fallbackLevel,
      decision.fallbackReason,
      decision.cash.target,
      decision.turnoverOneWay,
      decision.turnoverTwoWay,
      decision.costRatio,
      decision.signalScale,
      decision.exposureRatio,
      decision.drawdown.state,
      decision.inputs.modelId,
      decision.inputs.configHash,
      decision.inputs.codeVersion,
      decision.inputs.vintage,
      canonicalJson(decision),
      canonicalJson(forecastResult),
      isoInstant(at),
      programFaults(decision),
    ],
  );
  const decisionId = rows[0]!.decisionId;
  const { lines } = decision;
  await sql.query(
    `insert into rebalanced.targets
       (decision_id, symbol, weight, held, trade, lower_bound, upper_bound, forecast, cost_ratio)
     select $1, symbol, weight, held, trade, lower_bound, upper_bound, forecast, cost_ratio
     from unnest($2::text[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::float8[], $8::float8[], $9::float8[])
       as line (symbol, weight, held, trade, lower_bound, upper_bound, forecast, cost_ratio)`,
    [
      decisionId,
      lines.map((l) => l.symbol),
      lines.map((l) => l.target),
      lines.map((l) => l.held),
      lines.map((l) => l.trade),
      lines.map((l) => l.lower),
      lines.map((l) => l.upper),
      lines.map((l) => l.forecast),
      lines.map((l) => l.costRatio),
    ],
  );
  return decisionId;
}

/** The newest decision made at or before `session` (null: the newest of all); null before the first. */
export function newestDecision(
  sql: Sql,
  portfolio: string,
  session: Session | null,
): Promise<DecisionRow | null> {
  return newestUpTo(sql, portfolio, '<=', session);
}

/** The newest decision made strictly before `session`; null when there is none. */
export function decisionBefore(sql: Sql, portfolio: string, session: Session): Promise<DecisionRow | null> {
  return newestUpTo(sql, portfolio, '<', session);
}

async function newestUpTo(
  sql: Sql,
  portfolio: string,
  bound: '<' | '<=',
  session: Session | null,
): Promise<DecisionRow | null> {
  const { rows } = await sql.query<Row>(
    `select ${columns} from rebalanced.decisions where portfolio = $1 and session ${bound} coalesce($2, 'infinity'::date)
     order by session desc, revision desc limit 1`,
    [portfolio, session],
  );
  return rows[0] ? fromRow(rows[0]) : null;
}

/** The newest revision of the decision made at `session`; null when none was. */
export async function decisionAt(sql: Sql, portfolio: string, session: Session): Promise<DecisionRow | null> {
  const found = await newestDecision(sql, portfolio, session);
  return found?.decision.asOf === session ? found : null;
}

/** All decisions of a portfolio, ascending. */
export async function readDecisions(sql: Sql, portfolio: string): Promise<DecisionRow[]> {
  const { rows } = await sql.query<Row>(
    `select ${columns} from rebalanced.decisions where portfolio = $1 order by session, revision`,
    [portfolio],
  );
  return rows.map(fromRow);
}

/** Decisions from `session` on, and the newest before it, ascending; of several revisions the last, which alone is filled. */
export async function decisionsFrom(sql: Sql, portfolio: string, session: Session): Promise<DecisionRow[]> {
  const { rows } = await sql.query<Row>(
    `select distinct on (session) session, ${columns} from rebalanced.decisions
     where portfolio = $1 and session >= coalesce(
       (select max(session) from rebalanced.decisions where portfolio = $1 and session < $2), $2)
     order by session, revision desc`,
    [portfolio, session],
  );
  return rows.map(fromRow);
}

/** What filling a decision at a session really cost. */
export type FillRow = { decisionId: number; session: Session; costRatio: number };

/** The fills of sessions from `session` on, ascending. */
export async function fillsFrom(sql: Sql, portfolio: string, session: Session): Promise<FillRow[]> {
  const { rows } = await sql.query<FillRow>(
    `select decision_id as "decisionId", f.session, f.cost_ratio as "costRatio"
     from rebalanced.fills f join rebalanced.decisions d using (decision_id)
     where d.portfolio = $1 and f.session >= $2 order by f.session`,
    [portfolio, session],
  );
  return rows;
}

/** Records what filling a decision really cost. */
export async function saveFill(sql: Sql, decisionId: number, session: Session, fill: Fill): Promise<void> {
  await sql.query(
    `insert into rebalanced.fills (decision_id, session, turnover_one_way, turnover_two_way, cost_ratio)
     values ($1, $2, $3, $4, $5)`,
    [decisionId, session, fill.turnoverOneWay, fill.turnoverTwoWay, fill.costRatio],
  );
}

/** What all fills up to `session` have cost, as sums of ratios of net asset value. */
export async function chargedSoFar(
  sql: Sql,
  portfolio: string,
  session: Session,
): Promise<{ costRatio: number; turnoverTwoWay: number; fills: number }> {
  const { rows } = await sql.query<{ costRatio: number; turnoverTwoWay: number; fills: number }>(
    `select coalesce(sum(f.cost_ratio), 0)::float8 as "costRatio",
       coalesce(sum(f.turnover_two_way), 0)::float8 as "turnoverTwoWay", count(distinct f.decision_id)::integer as fills
     from rebalanced.fills f join rebalanced.decisions d using (decision_id)
     where d.portfolio = $1 and f.session <= $2`,
    [portfolio, session],
  );
  return rows[0]!;
}
