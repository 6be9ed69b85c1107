import type { Session } from '../../../core/calendar/session.ts';
import { slotStates, type TaskName, taskNames } from '../../../core/schedule/slot.ts';
import type {
  MetricsReader,
  MetricsSnapshot,
  NextSlots,
  TaskMetrics,
  WatchedPortfolio,
} from '../../../views/metrics.ts';
import type { Sql } from '../database.ts';
import { readSupervision } from '../supervision-rows.ts';
import { liveHoldings } from './live-holdings.ts';
import { readPortfolioMetrics } from './portfolio-metrics.ts';

export type MetricsReaderOptions = {
  /** the configured portfolios; rows of others are left out, so a retired one raises no alert */
  portfolios: readonly WatchedPortfolio[];
  /** none: only open slots have a deadline */
  nextSlots?: NextSlots;
  /** system time in epoch milliseconds, for the skew against the database; null where time is virtual */
  wallClock: (() => number) | null;
};

/** Reads what the metrics say from rows, with statements that stay small however long the history. */
export function createMetricsReader(sql: Sql, options: MetricsReaderOptions): MetricsReader {
  return { read: () => readMetrics(sql, options) };
}

async function readMetrics(sql: Sql, options: MetricsReaderOptions): Promise<MetricsSnapshot> {
  const { portfolios, wallClock, nextSlots = () => [] } = options;
  const names = portfolios.map(({ portfolio }) => portfolio);
  const slots = await readSlots(sql, names);
  const sourceSymbols = await readSources(sql, portfolios);
  return {
    clockSkewSeconds: wallClock === null ? null : await readClockSkew(sql, wallClock),
    queueSupervisedAt: wallClock === null ? null : ((await readSupervision(sql)) ?? 0),
    tasks: portfolios.flatMap(({ portfolio }) => taskMetrics(portfolio, slots, nextSlots)),
    portfolios: await readPortfolioMetrics(
      sql,
      portfolios,
      (portfolio) => ingestOf(portfolio, slots)?.settledSessionAt ?? null,
    ),
    bars: await readNewestBars(sql, portfolios),
    sourceSymbols: sourceSymbols.map(({ answers: _, ...row }) => row),
    sources: [...Map.groupBy(sourceSymbols, ({ source }) => source)].map(([source, rows]) => ({
      source,
      reachable: rows.some(({ answers }) => answers),
    })),
    targets: await readTargets(sql, names),
    holdings: await readHoldings(sql, names),
  };
}

/** System time less the database's, in seconds; half the round trip is taken for the way there. */
export async function readClockSkew(sql: Sql, wallClock: () => number): Promise<number> {
  const sentAt = wallClock();
  const { rows } = await sql.query<{ at: number }>(
    'select extract(epoch from clock_timestamp())::float8 as at',
  );
  return (sentAt + wallClock()) / 2000 - rows[0]!.at;
}

type SlotRow = {
  task: TaskName;
  portfolio: string;
  lastSuccessAt: number | null;
  lastMissedAt: number | null;
  openDeadlineAt: number | null;
  newestSession: Session;
  settledSessionAt: number | null;
} & TaskMetrics['slots'];

async function readSlots(sql: Sql, names: readonly string[]): Promise<SlotRow[]> {
  const { rows } = await sql.query<SlotRow>(
    `select task, portfolio,
       extract(epoch from max(finished_at) filter (where state = 'done'))::float8 as "lastSuccessAt",
       extract(epoch from max(finished_at) filter (where state = 'missed'))::float8 as "lastMissedAt",
       extract(epoch from min(deadline_at) filter (where state in ('waiting', 'queued')))::float8 as "openDeadlineAt",
       max(session)::text as "newestSession",
       extract(epoch from max(session) filter (where state in ('done', 'missed')))::float8 as "settledSessionAt",
       ${slotStates.map((state) => `count(*) filter (where state = '${state}')::float8 as ${state}`).join(', ')}
     from rebalanced.slots where portfolio = any($1) group by task, portfolio`,
    [names],
  );
  return rows;
}

const ingestOf = (portfolio: string, slots: readonly SlotRow[]) =>
  slots.find((row) => row.portfolio === portfolio && row.task === 'ingest');

function taskMetrics(portfolio: string, slots: readonly SlotRow[], nextSlots: NextSlots): TaskMetrics[] {
  const own = slots.filter((row) => row.portfolio === portfolio);
  const next = nextSlots(portfolio, ingestOf(portfolio, slots)?.newestSession ?? null);
  return taskNames.map((task) => {
    const row = own.find((candidate) => candidate.task === task);
    const following = next.find((slot) => slot.task === task);
    return {
      task,
      portfolio,
      lastSuccessAt: row?.lastSuccessAt ?? null,
      lastMissedAt: row?.lastMissedAt ?? null,
      deadlineAt: row?.openDeadlineAt ?? (following ? following.deadlineAt / 1000 : null),
      slots: {
        waiting: row?.waiting ?? 0,
        queued: row?.queued ?? 0,
        done: row?.done ?? 0,
        missed: row?.missed ?? 0,
      },
    };
  });
}

/** One row for each symbol of each portfolio, as three columns to `unnest`. */
function watchedColumns(portfolios: readonly WatchedPortfolio[]): [string[], string[], string[]] {
  const watched = portfolios.flatMap(({ portfolio, source, symbols }) =>
    symbols.map((symbol) => ({ portfolio, source, symbol })),
  );
  return [watched.map((w) => w.portfolio), watched.map((w) => w.source), watched.map((w) => w.symbol)];
}

async function readNewestBars(
  sql: Sql,
  portfolios: readonly WatchedPortfolio[],
): Promise<MetricsSnapshot['bars']> {
  const { rows } = await sql.query<MetricsSnapshot['bars'][number]>(
    `select watched.portfolio, watched.symbol, extract(epoch from newest.session)::float8 as "newestSessionAt"
     from unnest($1::text[], $2::text[], $3::text[]) as watched (portfolio, source, symbol)
     left join lateral (
       select session from rebalanced.bars
       where bars.source = watched.source and bars.symbol = watched.symbol and superseded_at is null
       order by session desc limit 1
     ) newest on true
     order by 1, 2`,
    watchedColumns(portfolios),
  );
  return rows;
}

type SourceRow = MetricsSnapshot['sourceSymbols'][number] & { answers: boolean };

/** A source that says a symbol is unknown or delisted has answered. */
async function readSources(sql: Sql, portfolios: readonly WatchedPortfolio[]): Promise<SourceRow[]> {
  const { rows } = await sql.query<SourceRow>(
    `select watched.source, watched.symbol,
       coalesce(s.failures_in_a_row, 0) as "failuresInARow",
       extract(epoch from s.last_success_at)::float8 as "lastSuccessAt",
       coalesce(s.restatements, 0) as restatements,
       (select count(*)::float8 from rebalanced.gaps g where g.source = watched.source and g.symbol = watched.symbol) as gaps,
       coalesce(s.failures_in_a_row = 0 or s.last_failure_kind in ('unknown-symbol', 'delisted'), true) as answers
     from (select distinct source, symbol from unnest($1::text[], $2::text[]) as pair (source, symbol)) watched
     left join rebalanced.sources s using (source, symbol)
     order by 1, 2`,
    watchedColumns(portfolios).slice(1),
  );
  return rows;
}

async function readTargets(sql: Sql, names: readonly string[]): Promise<MetricsSnapshot['targets']> {
  const { rows } = await sql.query<MetricsSnapshot['targets'][number]>(
    `select portfolio, symbol, weight from rebalanced.current_targets where portfolio = any($1) order by 1, 2`,
    [names],
  );
  return rows;
}

async function readHoldings(sql: Sql, names: readonly string[]): Promise<MetricsSnapshot['holdings']> {
  const { rows } = await sql.query<MetricsSnapshot['holdings'][number]>(
    `select name.name as portfolio, held.symbol, held.weight
     from unnest($1::text[]) as name (name)
     cross join lateral (
       select session as newest from rebalanced.valuations v where v.portfolio = name order by session desc limit 1
     ) valuation
     cross join lateral (${liveHoldings('name', 'newest')}) held
     order by 1, 2`,
    [names],
  );
  return rows;
}
