import { worthAt } from '../../../core/accounting/account.ts';
import { isoInstant } from '../../../core/calendar/instant.ts';
import type { Session } from '../../../core/calendar/session.ts';
import { type Slot, taskNames } from '../../../core/schedule/slot.ts';
import type { Uninvested, Worth } from '../../../views/account.ts';
import type { NextSlots } from '../../../views/metrics.ts';
import type {
  DecisionStatus,
  NavPoint,
  PortfolioStatus,
  RestatementStatus,
  SlotStatus,
  ValuationStatus,
  WeightLine,
} from '../../../views/status.ts';
import { importedOn, readAccount } from '../account-rows.ts';
import type { Sql } from '../database.ts';
import { driftOneWay, liveHoldings } from './live-holdings.ts';

const navPointsDefault = 520;

/** An instant as ISO text, whatever the connection makes of timestamps. */
export const iso = (column: string) =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Portfolios to read, as the first value of a statement; null for all. */
export type Names = readonly string[] | null;
export const named = (table: string) => `($1::text[] is null or ${table}.portfolio = any($1))`;

type PortfolioRow = {
  portfolio: string;
  inception: Session;
  registeredAt: string | null;
  planned: Session | null;
  decided: number;
  firstDecided: Session | null;
  /** as configured; null where the stored configuration has none */
  portfolioValue: number | null;
  currency: string | null;
};

/** The month ends of a portfolio that are never decided, `registeredAt` in epoch milliseconds. */
export type PastMonths = (portfolio: string, registeredAt: number, inception: Session) => readonly Session[];

export type PortfolioStatusOptions = {
  /** none: only open slots are listed */
  nextSlots?: NextSlots;
  /** month ends that were past deciding when a portfolio was first started, by its calendar; none: not told */
  pastMonths?: PastMonths;
  navPointsMax?: number;
};

/** Each portfolio's weights, value and next work; `decisions` are the newest of each, ascending. */
export async function readPortfolioStatuses(
  sql: Sql,
  { nextSlots = () => [], pastMonths = () => [], navPointsMax = navPointsDefault }: PortfolioStatusOptions,
  names: Names,
  decisions: readonly DecisionStatus[],
): Promise<PortfolioStatus[]> {
  const { rows } = await sql.query<PortfolioRow>(
    `select portfolio, inception::text as inception, ${iso('registered_at')} as "registeredAt",
     (c.body::json ->> 'portfolioValue')::float8 as "portfolioValue", c.body::json ->> 'currency' as currency, (
       select max(session)::text from rebalanced.slots s where s.portfolio = p.portfolio and task = 'ingest'
     ) as planned, (
       select count(*)::float8 from rebalanced.decisions d where d.portfolio = p.portfolio
     ) as decided, (
       select min(session)::text from rebalanced.decisions d where d.portfolio = p.portfolio
     ) as "firstDecided"
     from rebalanced.portfolios p join rebalanced.configs c on c.hash = p.config_hash where ${named('p')} order by portfolio`,
    [names],
  );
  const statuses: PortfolioStatus[] = [];
  for (const row of rows) {
    const { portfolio, inception, planned, decided } = row;
    const valuation = await readValuation(sql, portfolio);
    statuses.push({
      portfolio,
      inception,
      uninvested: uninvestedOf(row, valuation?.session ?? null, pastMonths),
      valuation,
      worth: valuation && (await readWorth(sql, row, valuation)),
      importedOn: await importedOn(sql, portfolio, null),
      restatement: await readRestatement(sql, portfolio),
      lines: await readLines(sql, portfolio),
      decisionsMade: decided,
      lastDecision: decisions.findLast((decision) => decision.portfolio === portfolio) ?? null,
      nextSlots: earliest([
        ...(await readOpenSlots(sql, portfolio)),
        ...nextSlots(portfolio, planned).map(upcoming),
      ]),
      navHistory: await readNavHistory(sql, portfolio, navPointsMax),
    });
  }
  return statuses;
}

async function readWorth(
  sql: Sql,
  { portfolio: id, portfolioValue, currency }: PortfolioRow,
  valuation: ValuationStatus,
): Promise<Worth | null> {
  if (portfolioValue === null || currency === null) return null;
  return { amount: worthAt(await readAccount(sql, { id, portfolioValue }), valuation), currency };
}

function uninvestedOf(
  { portfolio, inception, registeredAt, firstDecided }: PortfolioRow,
  valued: Session | null,
  pastMonths: PastMonths,
): Uninvested | null {
  const to = firstDecided ?? valued;
  if (registeredAt === null || to === null) return null;
  const monthEnds = pastMonths(portfolio, Date.parse(registeredAt), inception).length;
  return monthEnds === 0 ? null : { from: inception, to, monthEnds };
}

async function readValuation(sql: Sql, portfolio: string): Promise<ValuationStatus | null> {
  const { rows } = await sql.query<ValuationStatus>(
    `select session::text as session, nav_gross as "navGross", nav_net as "navNet", nav_shadow as "navShadow",
       ${driftOneWay('v')} as "driftOneWay", drawdown_state as "drawdownState", drawdown_ratio as "drawdownRatio",
       high_water_mark as "highWaterMark"
     from rebalanced.valuations v where portfolio = $1 order by v.session desc limit 1`,
    [portfolio],
  );
  return rows[0] ?? null;
}

async function readRestatement(sql: Sql, portfolio: string): Promise<RestatementStatus | null> {
  const { rows } = await sql.query<RestatementStatus>(
    `select ${iso('valued_at')} as "valuedAt", from_session::text as "fromSession", effect_bps as "effectBps",
       state_before as "stateBefore", state_after as "stateAfter", reason
     from rebalanced.restatements r where portfolio = $1 order by r.valued_at desc limit 1`,
    [portfolio],
  );
  return rows[0] ?? null;
}

/** Cash has a line of its own in the live holdings, and none among the targets. */
async function readLines(sql: Sql, portfolio: string): Promise<WeightLine[]> {
  const { rows } = await sql.query<WeightLine>(
    `with decision as (
       select decision_id, cash_weight from rebalanced.newest_decisions where portfolio = $1
     ), target as (
       select symbol, held as before, weight as target from rebalanced.targets join decision using (decision_id)
       union all
       select 'CASH', 1 - coalesce((select sum(held) from rebalanced.targets join decision using (decision_id)), 0),
         cash_weight
       from decision
     ), valuation as (
       select session as newest from rebalanced.valuations where portfolio = $1 order by session desc limit 1
     ), holdings as (
       select symbol, weight as held from valuation cross join lateral (${liveHoldings('$1', 'newest')}) live
     )
     select symbol, coalesce(before, 0) as before, coalesce(target, 0) as target,
       case when exists (select from valuation) then coalesce(held, 0) end as held
     from target full join holdings using (symbol)
     where exists (select from decision)
     order by symbol = 'CASH', symbol`,
    [portfolio],
  );
  return rows;
}

async function readOpenSlots(sql: Sql, portfolio: string): Promise<SlotStatus[]> {
  const { rows } = await sql.query<SlotStatus>(
    `select distinct on (task) task, session::text as session, ${iso('due_at')} as "dueAt",
       ${iso('deadline_at')} as "deadlineAt", state, (count(*) over (partition by task))::float8 as open, attempts,
       last_error as "lastError"
     from rebalanced.slots where portfolio = $1 and state in ('waiting', 'queued') order by task, slots.session`,
    [portfolio],
  );
  return rows;
}

function upcoming({ task, session, dueAt, deadlineAt }: Slot): SlotStatus {
  return {
    task,
    session,
    dueAt: isoInstant(dueAt),
    deadlineAt: isoInstant(deadlineAt),
    state: 'upcoming',
    open: 0,
    attempts: 0,
    lastError: null,
  };
}

/** One slot a task, the first that is given for it, by due time. */
function earliest(slots: readonly SlotStatus[]): SlotStatus[] {
  return taskNames
    .flatMap((task) => slots.find((slot) => slot.task === task) ?? [])
    .sort((a, b) => (a.dueAt < b.dueAt ? -1 : a.dueAt > b.dueAt ? 1 : 0));
}

async function readNavHistory(sql: Sql, portfolio: string, pointsMax: number): Promise<NavPoint[]> {
  const { rows } = await sql.query<NavPoint>(
    `select session, net, gross, shadow from (
       select session::text as session, nav_net as net, nav_gross as gross, nav_shadow as shadow,
         row_number() over (order by v.session) as place, count(*) over () as total
       from rebalanced.valuations v where portfolio = $1
     ) point
     where place = 1 or (total - place) % greatest(1, ceil(total / greatest(1, $2::float8 - 1))::bigint) = 0
     order by place`,
    [portfolio, pointsMax],
  );
  return rows;
}
