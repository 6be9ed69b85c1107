import { isoInstant } from '../../../core/calendar/instant.ts';
import { letterStates } from '../../../views/letter.ts';
import type { WatchedPortfolio } from '../../../views/metrics.ts';
import type {
  DecisionStatus,
  LetterStatus,
  ModelStatus,
  SourceStatus,
  StatusSnapshot,
} from '../../../views/status.ts';
import type { Sql } from '../database.ts';
import {
  iso,
  type Names,
  named,
  type PortfolioStatusOptions,
  readPortfolioStatuses,
} from './portfolio-status.ts';

export type StatusOptions = PortfolioStatusOptions & {
  /** the domain's time, in epoch milliseconds */
  now: number;
  /** the configured portfolios; none: all that have rows, retired ones among them */
  portfolios?: readonly Pick<WatchedPortfolio, 'portfolio' | 'source' | 'symbols'>[];
  /** how many decisions of each portfolio to list, the newest ones */
  decisions?: number | 'all';
};

const decisionsDefault = 24;

/**
 * Everything `rebalanced status` and the status page show, with statements that stay small however long the history,
 * unless all decisions are asked for. Throws a RangeError on a number of decisions that is not a whole one above 0.
 */
export async function readStatus(sql: Sql, options: StatusOptions): Promise<StatusSnapshot> {
  const names = options.portfolios?.map(({ portfolio }) => portfolio) ?? null;
  const decisions = await readDecisions(sql, names, options.decisions ?? decisionsDefault);
  const models = await readModels(sql, names);
  const newest = models.reduce<ModelStatus | null>(
    (a, b) => (a === null || b.trainedAt > a.trainedAt ? b : a),
    null,
  );
  return {
    asOf: isoInstant(options.now),
    backend: newest?.backend ?? null,
    backendVersion: newest?.backendVersion ?? null,
    portfolios: await readPortfolioStatuses(sql, options, names, decisions),
    models,
    letters: await readLetters(sql, names),
    sources: (await readSources(sql)).filter(isWatched(options.portfolios)),
    decisions,
  };
}

function isWatched(portfolios: StatusOptions['portfolios']) {
  return ({ source, symbol }: SourceStatus) =>
    portfolios === undefined || portfolios.some((p) => p.source === source && p.symbols.includes(symbol));
}

/** JSON keeps every digit of a double: the shortest text that reads back the same. */
async function readDecisions(sql: Sql, names: Names, count: number | 'all'): Promise<DecisionStatus[]> {
  if (count !== 'all' && !(Number.isInteger(count) && count > 0))
    throw new RangeError(`decisions is ${count}; expected a whole number above 0, or 'all'`);
  const { rows } = await sql.query<DecisionStatus & { cash: number }>(
    `select d.portfolio, d.session::text as session, revision, reason, allocator, fallback_level as "fallbackLevel", fallback_reason as "fallbackReason",
       program_faults as "programFaults",
       drawdown_state as "drawdownState", d.turnover_one_way as "turnoverOneWay", d.cost_ratio as "costRatio",
       f.cost_ratio as "chargedCostRatio", model_id as "modelId", ${iso('decided_at')} as "decidedAt",
       coalesce((
         select json_object_agg(t.symbol, t.weight order by t.symbol) from rebalanced.targets t
         where t.decision_id = d.decision_id
       ), '{}') as weights, cash_weight as cash
     from rebalanced.portfolios p
     cross join lateral (
       select * from rebalanced.decisions made where made.portfolio = p.portfolio
       order by session desc, revision desc limit $2::bigint
     ) d
     left join lateral (
       select sum(cost_ratio) as cost_ratio from rebalanced.fills where fills.decision_id = d.decision_id
     ) f on true
     where ${named('p')}
     order by d.session, d.portfolio, revision`,
    [names, count === 'all' ? null : count],
  );
  return rows.map(({ cash, weights, ...row }) => ({ ...row, weights: { ...weights, CASH: cash } }));
}

async function readModels(sql: Sql, names: Names): Promise<ModelStatus[]> {
  const { rows } = await sql.query<ModelStatus>(
    `select portfolio, model_id as "modelId", session::text as "trainedOn",
       ${iso('trained_at')} as "trainedAt", coalesce(backend, 'none') as backend,
       coalesce(backend_version, 'none') as "backendVersion", note, coalesce(epochs, 0) as epochs,
       training_seconds as "trainingSeconds", validation_loss as "validationLoss",
       naive_validation_loss as "naiveValidationLoss", (
         select count(*)::float8 from rebalanced.valuations v
         where v.portfolio = m.portfolio and v.session > m.session
       ) as "ageSessions"
     from rebalanced.champions m where ${named('m')} order by portfolio, head`,
    [names],
  );
  return rows;
}

async function readLetters(sql: Sql, names: Names): Promise<LetterStatus[]> {
  const count = (state: string) =>
    `count(l.letter_id) filter (where l.state = '${state}')::float8 as ${state}`;
  const { rows } = await sql.query<LetterStatus>(
    `select portfolio, ${letterStates.map(count).join(', ')}, (
         select last_error from rebalanced.letters e
         where e.portfolio = p.portfolio and e.state <> 'sent' and last_error is not null
         order by letter_id desc limit 1
       ) as "lastError"
     from rebalanced.portfolios p left join rebalanced.letters l using (portfolio)
     where ${named('p')}
     group by portfolio order by portfolio`,
    [names],
  );
  return rows;
}

async function readSources(sql: Sql): Promise<SourceStatus[]> {
  const { rows } = await sql.query<SourceStatus>(
    `select source, symbol, newest.session::text as "newestSession", ${iso('last_success_at')} as "lastSuccessAt",
       failures_in_a_row as "failuresInARow", restatements,
       (select count(*)::float8 from rebalanced.gaps g where g.source = s.source and g.symbol = s.symbol) as gaps,
       case when last_failure_at is not null then json_build_object(
         'at', ${iso('last_failure_at')}, 'kind', coalesce(last_failure_kind, 'unknown'),
         'message', coalesce(last_failure, '')
       ) end as "lastFailure"
     from rebalanced.sources s
     left join lateral (
       select session from rebalanced.bars b
       where b.source = s.source and b.symbol = s.symbol and superseded_at is null
       order by session desc limit 1
     ) newest on true
     order by failures_in_a_row > 0 desc, source, symbol`,
  );
  return rows;
}
