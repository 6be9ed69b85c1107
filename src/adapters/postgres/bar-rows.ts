import { isoInstant } from '../../core/calendar/instant.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { Bar, PriceBasis } from '../../core/market/bar.ts';
import type { StoredBar } from '../../core/market/stored-bars.ts';
import type { Sql } from './database.ts';

/** Newest stored session of each symbol, as known now. */
export async function newestBars(
  sql: Sql,
  source: string,
  symbols: readonly string[],
): Promise<Map<string, Session>> {
  const { rows } = await sql.query<{ symbol: string; session: Session }>(
    `select symbol, newest.session from unnest($2::text[]) as symbol
     cross join lateral (
       select session from rebalanced.bars b
       where b.source = $1 and b.symbol = symbol.symbol and b.superseded_at is null order by session desc limit 1
     ) newest`,
    [source, symbols],
  );
  return new Map(rows.map((row) => [row.symbol, row.session]));
}

/** Where a symbol's stored bars begin and end, and in which basis. */
export type BarSpan = { first: Session; newest: Session; firstBasis: PriceBasis; newestBasis: PriceBasis };

/** First and newest stored session of each symbol, as known now. */
export async function barSpans(
  sql: Sql,
  source: string,
  symbols: readonly string[],
): Promise<Map<string, BarSpan>> {
  const { rows } = await sql.query<BarSpan & { symbol: string }>(
    // A look-up at each end of the index: an aggregate would read the whole history at every ingest.
    `select wanted.symbol, first.session as first, newest.session as newest,
       first.basis as "firstBasis", newest.basis as "newestBasis"
     from unnest($2::text[]) as wanted (symbol)
     cross join lateral (
       select session, basis from rebalanced.bars b
       where b.source = $1 and b.symbol = wanted.symbol and b.superseded_at is null order by session limit 1
     ) first
     cross join lateral (
       select session, basis from rebalanced.bars b
       where b.source = $1 and b.symbol = wanted.symbol and b.superseded_at is null order by session desc limit 1
     ) newest`,
    [source, symbols],
  );
  return new Map(rows.map(({ symbol, ...span }) => [symbol, span]));
}

const barColumns = `symbol, session, close, dividend, split_ratio as "splitRatio", high, low, volume, basis, currency`;

/**
 * Bars of sessions `from`..`to`, ascending by symbol and session.
 * `vintage` null reads what is known now; an ISO instant reads what was known then.
 */
export async function readBars(
  sql: Sql,
  query: { source: string; symbols: readonly string[]; from: Session; to: Session; vintage: string | null },
): Promise<StoredBar[]> {
  const { rows } = await sql.query<StoredBar>(
    `select ${barColumns} from rebalanced.bars
     where source = $1 and symbol = any($2) and session between $3 and $4
       and ($5::timestamptz is null and superseded_at is null
         or observed_at <= $5::timestamptz and (superseded_at is null or superseded_at > $5::timestamptz))
     order by symbol, session`,
    [query.source, query.symbols, query.from, query.to, query.vintage],
  );
  return rows;
}

/** The instant of the newest observation among the bars known now in a window: the vintage of a reader of it. */
export async function vintageOf(
  sql: Sql,
  query: { source: string; symbols: readonly string[]; from: Session; to: Session },
): Promise<string | null> {
  const { rows } = await sql.query<{ vintage: string | null }>(
    `select max(observed_at) as vintage from rebalanced.bars
     where source = $1 and symbol = any($2) and session between $3 and $4 and superseded_at is null`,
    [query.source, query.symbols, query.from, query.to],
  );
  return rows[0]!.vintage;
}

/** A bar with its currency; one that is provisional has to be read again before it is final. */
export type BarToSave = Bar & { currency?: string | null; isProvisional?: boolean };

/**
 * Inserts bars, and first supersedes the rows of those among them that restate a stored one; `at` is the observation.
 * A bar that restates without being named so breaks the index of current bars, and nothing is stored.
 */
export async function saveBars(
  sql: Sql,
  source: string,
  basis: PriceBasis,
  { bars, restated }: { bars: readonly BarToSave[]; restated: readonly Bar[] },
  at: number,
): Promise<void> {
  if (restated.length > 0)
    await sql.query(
      `update rebalanced.bars b set superseded_at = $4
       from unnest($2::text[], $3::date[]) as fresh (symbol, session)
       where b.source = $1 and b.symbol = fresh.symbol and b.session = fresh.session and b.superseded_at is null`,
      [source, restated.map((b) => b.symbol), restated.map((b) => b.session), isoInstant(at)],
    );
  if (bars.length === 0) return;
  await sql.query(
    `insert into rebalanced.bars
       (source, symbol, session, close, dividend, split_ratio, high, low, volume, currency, basis, observed_at,
        confirmed_at)
     select $1, symbol, session, close, dividend, split_ratio, high, low, volume, currency, $5, $4::timestamptz,
       case when not provisional then $4::timestamptz end
     from unnest($2::text[], $3::date[], $6::float8[], $7::float8[], $8::float8[], $9::float8[], $10::float8[], $11::float8[], $12::text[], $13::boolean[])
       as fresh (symbol, session, close, dividend, split_ratio, high, low, volume, currency, provisional)`,
    [
      source,
      bars.map((b) => b.symbol),
      bars.map((b) => b.session),
      isoInstant(at),
      basis,
      bars.map((b) => b.close),
      bars.map((b) => b.dividend),
      bars.map((b) => b.splitRatio),
      bars.map((b) => b.high),
      bars.map((b) => b.low),
      bars.map((b) => b.volume),
      bars.map((b) => b.currency ?? null),
      bars.map((b) => b.isProvisional ?? false),
    ],
  );
}

/** Records why a symbol has no bar for a session. */
export async function saveGap(
  sql: Sql,
  gap: { source: string; symbol: string; session: Session; reason: string; at: number },
): Promise<void> {
  await sql.query(
    `insert into rebalanced.gaps (source, symbol, session, reason, recorded_at) values ($1, $2, $3, $4, $5)
     on conflict on constraint gaps_key do nothing`,
    [gap.source, gap.symbol, gap.session, gap.reason, isoInstant(gap.at)],
  );
}

/**
 * Makes provisional bars final that a reading begun at `from` has told again: those observed up to `equalBefore`, except
 * the ones it told otherwise (`differing`). Returns how many.
 */
export async function confirmBars(
  sql: Sql,
  source: string,
  readings: readonly { symbol: string; from: Session | null }[],
  differing: readonly Pick<Bar, 'symbol' | 'session'>[],
  equalBefore: number,
  at: number,
): Promise<number> {
  const read = readings.filter(({ from }) => from !== null);
  if (read.length === 0) return 0;
  const { rowCount } = await sql.query(
    `update rebalanced.bars b set confirmed_at = $7
     from unnest($2::text[], $3::date[]) as reading (symbol, since)
     where b.source = $1 and b.symbol = reading.symbol and b.session >= reading.since
       and b.superseded_at is null and b.confirmed_at is null and b.observed_at <= $6
       and not exists (
         select from unnest($4::text[], $5::date[]) as other (symbol, session)
         where other.symbol = b.symbol and other.session = b.session)`,
    [
      source,
      read.map(({ symbol }) => symbol),
      read.map(({ from }) => from),
      differing.map(({ symbol }) => symbol),
      differing.map(({ session }) => session),
      isoInstant(equalBefore),
      isoInstant(at),
    ],
  );
  return rowCount ?? 0;
}

/** Bars of sessions up to `to` that are provisional, and since when each is known; ascending. */
export async function provisionalBars(
  sql: Sql,
  source: string,
  symbols: readonly string[],
  to: Session,
): Promise<{ symbol: string; session: Session; observedAt: string }[]> {
  const { rows } = await sql.query<{ symbol: string; session: Session; observedAt: string }>(
    `select symbol, session, observed_at as "observedAt" from rebalanced.bars
     where source = $1 and symbol = any($2) and session <= $3 and confirmed_at is null and superseded_at is null
     order by session, symbol`,
    [source, symbols, to],
  );
  return rows;
}

/**
 * Bars that changed after `since`, an ISO instant, up to the session `to`: of each symbol the earliest, and whether one of them
 * changed after `valuedAt` too. What the portfolio's own ingests of sessions up to `to` stored before is left out: whoever
 * values them has seen it.
 */
export async function barsChangedSince(
  sql: Sql,
  query: { source: string; portfolio: string; since: string; valuedAt: string; to: Session },
): Promise<{ symbol: string; session: Session; isNews: boolean }[]> {
  const { rows } = await sql.query<{ symbol: string; session: Session; isNews: boolean }>(
    // Each change is looked up by its instant, and filtered afterwards: a history is long, what changed is little.
    `with changed as materialized (
       select symbol, session, observed_at as at from rebalanced.bars where source = $1 and observed_at > $2
       union all
       select symbol, session, superseded_at from rebalanced.bars where source = $1 and superseded_at > $2
     )
     select symbol, min(session) as session, bool_or(at > $3) as "isNews" from changed
     where session <= $4 and (at > $3 or at not in (
       select finished_at from rebalanced.slots
       where task = 'ingest' and portfolio = $5 and session between $4::date - 30 and $4::date and finished_at > $2
     ))
     group by symbol order by symbol`,
    [query.source, query.since, query.valuedAt, query.to, query.portfolio],
  );
  return rows;
}

/** The symbols that have a current bar at the session asked for. */
export async function barsAt(
  sql: Sql,
  source: string,
  wanted: readonly { symbol: string; session: Session }[],
): Promise<Set<string>> {
  const { rows } = await sql.query<{ symbol: string }>(
    `select wanted.symbol from unnest($2::text[], $3::date[]) as wanted (symbol, session)
     join rebalanced.bars b on b.source = $1 and b.symbol = wanted.symbol and b.session = wanted.session
       and b.superseded_at is null`,
    [source, wanted.map(({ symbol }) => symbol), wanted.map(({ session }) => session)],
  );
  return new Set(rows.map(({ symbol }) => symbol));
}

/** What is known of reading a symbol. */
export type SourceState = {
  readAt: string | null;
  readTo: Session | null;
  comparedOn: Session | null;
  revision: string | null;
};

export async function readSources(
  sql: Sql,
  source: string,
  symbols: readonly string[],
): Promise<Map<string, SourceState>> {
  const { rows } = await sql.query<SourceState & { symbol: string }>(
    `select symbol, read_at as "readAt", read_to as "readTo", compared_on as "comparedOn", revision
     from rebalanced.sources where source = $1 and symbol = any($2)`,
    [source, symbols],
  );
  return new Map(rows.map(({ symbol, ...state }) => [symbol, state]));
}

/** How asking a source for one symbol went. */
export type FetchOutcome = {
  symbol: string;
  failure: { kind: string; message: string } | null;
  restated: number;
  /** the session it was read up to; null where nothing was read */
  readTo: Session | null;
  /** the session at which its whole history was compared; null where it was not */
  comparedOn: Session | null;
  revision: string | null;
};

/** Notes how asking a source went, symbol by symbol. */
export async function recordFetchOutcomes(
  sql: Sql,
  source: string,
  at: number,
  outcomes: readonly FetchOutcome[],
): Promise<void> {
  await sql.query(
    `insert into rebalanced.sources as s
       (source, symbol, last_success_at, last_failure_at, last_failure_kind, last_failure, failures_in_a_row, restatements,
        read_at, read_to, compared_on, revision)
     select $1, symbol, case when kind is null then $2::timestamptz end, case when kind is not null then $2::timestamptz end,
       kind, message, case when kind is null then 0 else 1 end, restated,
       case when read_to is not null then $2::timestamptz end, read_to, compared_on, revision
     from unnest($3::text[], $4::text[], $5::text[], $6::integer[], $7::date[], $8::date[], $9::text[])
       as outcome (symbol, kind, message, restated, read_to, compared_on, revision)
     on conflict on constraint sources_key do update set
       last_success_at = coalesce(excluded.last_success_at, s.last_success_at),
       last_failure_at = coalesce(excluded.last_failure_at, s.last_failure_at),
       last_failure_kind = coalesce(excluded.last_failure_kind, s.last_failure_kind),
       last_failure = coalesce(excluded.last_failure, s.last_failure),
       failures_in_a_row = case when excluded.failures_in_a_row = 0 then 0 else s.failures_in_a_row + 1 end,
       restatements = s.restatements + excluded.restatements,
       read_at = coalesce(excluded.read_at, s.read_at),
       read_to = coalesce(excluded.read_to, s.read_to),
       compared_on = coalesce(excluded.compared_on, s.compared_on),
       revision = coalesce(excluded.revision, s.revision)`,
    [
      source,
      isoInstant(at),
      outcomes.map((o) => o.symbol),
      outcomes.map((o) => o.failure?.kind ?? null),
      outcomes.map((o) => o.failure?.message ?? null),
      outcomes.map((o) => o.restated),
      outcomes.map((o) => o.readTo),
      outcomes.map((o) => o.comparedOn),
      outcomes.map((o) => o.revision),
    ],
  );
}
