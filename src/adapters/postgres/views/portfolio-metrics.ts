import type { DecisionReason } from '../../../core/policy/decision.ts';
import { decisionReasons } from '../../../core/policy/decision.ts';
import { type LetterState, letterStates } from '../../../views/letter.ts';
import type { PortfolioMetrics, WatchedPortfolio } from '../../../views/metrics.ts';
import type { Sql } from '../database.ts';
import { driftOneWay } from './live-holdings.ts';

/** The metrics of each portfolio; `expectedSessionAt` tells the newest settled ingest session of one. */
export async function readPortfolioMetrics(
  sql: Sql,
  portfolios: readonly WatchedPortfolio[],
  expectedSessionAt: (portfolio: string) => number | null,
): Promise<PortfolioMetrics[]> {
  const names = portfolios.map(({ portfolio }) => portfolio);
  const valuations = await newestByPortfolio<NonNullable<PortfolioMetrics['valuation']>>(
    sql,
    names,
    valuationSql,
  );
  const decisions = await newestByPortfolio<NonNullable<PortfolioMetrics['decision']>>(
    sql,
    names,
    decisionSql,
  );
  const models = await newestByPortfolio<NonNullable<PortfolioMetrics['model']>>(sql, names, modelSql);
  const fills = await newestByPortfolio<NonNullable<PortfolioMetrics['fills']>>(sql, names, fillsSql);
  const restatements = await newestByPortfolio<RestatementRow>(sql, names, restatementsSql);
  const counts = await readDecisionCounts(sql, names);
  const letters = await readLetters(sql, names);
  return portfolios.map(({ portfolio, drawdownLimits }) => ({
    portfolio,
    drawdownLimits,
    expectedSessionAt: expectedSessionAt(portfolio),
    valuation: valuations.get(portfolio) ?? null,
    decision: decisions.get(portfolio) ?? null,
    model: models.get(portfolio) ?? null,
    fills: fills.get(portfolio) ?? null,
    restatements: restatementsOf(restatements.get(portfolio)),
    ...counts(portfolio),
    ...letters(portfolio),
  }));
}

/** Runs a statement that yields one row at most for `name.portfolio`, for every name. */
async function newestByPortfolio<Row>(
  sql: Sql,
  names: readonly string[],
  select: string,
): Promise<Map<string, Row>> {
  const { rows } = await sql.query<{ portfolio: string } & Row>(
    `select name.portfolio, newest.* from unnest($1::text[]) as name (portfolio) cross join lateral (${select}) newest`,
    [names],
  );
  return new Map(rows.map(({ portfolio, ...row }) => [portfolio, row as Row]));
}

const valuationSql = `
  select extract(epoch from session)::float8 as "sessionAt", nav_gross as "navGross", nav_net as "navNet",
    nav_shadow as "navShadow", ${driftOneWay('v')} as "driftOneWay", drawdown_state as "drawdownState",
    drawdown_ratio as "drawdownRatio", high_water_mark as "highWaterMark"
  from rebalanced.valuations v where v.portfolio = name.portfolio order by session desc limit 1`;

const decisionSql = `
  select extract(epoch from session)::float8 as "sessionAt", extract(epoch from decided_at)::float8 as "decidedAt", fallback_level as "fallbackLevel",
    program_faults as "programFaults", exposure_ratio as "exposureRatio", signal_scale as "signalScale", turnover_one_way as "turnoverOneWay",
    cost_ratio as "costRatio"
  from rebalanced.newest_decisions d where d.portfolio = name.portfolio`;

const modelSql = `
  select coalesce(backend, 'none') as backend, coalesce(backend_version, 'none') as "backendVersion", extract(epoch from session)::float8 as "sessionAt",
    extract(epoch from trained_at)::float8 as "trainedAt", training_seconds as "trainingSeconds",
    validation_loss as "validationLoss", naive_validation_loss as "naiveValidationLoss",
    coalesce(input_lag1_autocorrelation, '{}') as "inputLag1Autocorrelation"
  from rebalanced.champions m where m.portfolio = name.portfolio order by m.session desc limit 1`;

const fillsSql = `
  select (array_agg(estimated_cost_ratio order by filled_at desc, decided_at desc))[1]::float8 as "lastEstimatedCostRatio",
    (array_agg(charged_cost_ratio order by filled_at desc, decided_at desc))[1]::float8 as "lastChargedCostRatio",
    sum(estimated_cost_ratio)::float8 as "estimatedCostRatioSum", sum(charged_cost_ratio)::float8 as "chargedCostRatioSum",
    sum(charged_turnover_one_way)::float8 as "turnoverOneWaySum"
  from rebalanced.cost_history c where c.portfolio = name.portfolio
  having count(*) > 0`;

type RestatementRow = { count: number; valuedAt: number | null; effectBps: number | null };

const restatementsSql = `
  select count(*)::float8 as count, extract(epoch from max(valued_at))::float8 as "valuedAt",
    (array_agg(effect_bps order by valued_at desc))[1]::float8 as "effectBps"
  from rebalanced.restatements r where r.portfolio = name.portfolio`;

const restatementsOf = (row: RestatementRow | undefined): PortfolioMetrics['restatements'] => ({
  count: row?.count ?? 0,
  newest: row?.valuedAt == null ? null : { valuedAt: row.valuedAt, effectBps: row.effectBps! },
});

type DecisionCounts = Pick<PortfolioMetrics, 'decisions' | 'programFaults'>;

async function readDecisionCounts(
  sql: Sql,
  names: readonly string[],
): Promise<(portfolio: string) => DecisionCounts> {
  const { rows } = await sql.query<{
    portfolio: string;
    reason: DecisionReason;
    count: number;
    programFaults: number;
  }>(
    `select portfolio, reason, count(*)::float8 as count, sum(program_faults)::float8 as "programFaults"
     from rebalanced.decisions where portfolio = any($1) group by portfolio, reason`,
    [names],
  );
  return (portfolio) => {
    const own = rows.filter((row) => row.portfolio === portfolio);
    const countOf = (reason: DecisionReason) => own.find((row) => row.reason === reason)?.count ?? 0;
    return {
      decisions: Object.fromEntries(
        decisionReasons.map((reason) => [reason, countOf(reason)]),
      ) as PortfolioMetrics['decisions'],
      programFaults: own.reduce((sum, row) => sum + row.programFaults, 0),
    };
  };
}

type LetterRow = { portfolio: string; state: LetterState; count: number; newestAt: number; oldestAt: number };

async function readLetters(sql: Sql, names: readonly string[]) {
  const { rows } = await sql.query<LetterRow>(
    `select portfolio, state, count(*)::float8 as count,
       extract(epoch from max(coalesce(finished_at, queued_at)))::float8 as "newestAt",
       extract(epoch from min(queued_at))::float8 as "oldestAt"
     from rebalanced.letters where portfolio = any($1) group by portfolio, state`,
    [names],
  );
  return (portfolio: string): Pick<PortfolioMetrics, 'letters' | 'oldestUnsentLetterAt'> => {
    const own = new Map(rows.filter((row) => row.portfolio === portfolio).map((row) => [row.state, row]));
    const unsent = [own.get('pending'), own.get('sending')].flatMap((row) => (row ? [row.oldestAt] : []));
    return {
      letters: Object.fromEntries(
        letterStates.map((state) => [
          state,
          { count: own.get(state)?.count ?? 0, newestAt: own.get(state)?.newestAt ?? null },
        ]),
      ) as PortfolioMetrics['letters'],
      oldestUnsentLetterAt: unsent.length > 0 ? Math.min(...unsent) : null,
    };
  };
}
