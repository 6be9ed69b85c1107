import { isoInstant } from '../../core/calendar/instant.ts';
import type { Session } from '../../core/calendar/session.ts';
import type { Bar } from '../../core/market/bar.ts';
import type { Finding } from '../../core/market/belief.ts';
import type { Sql } from './database.ts';

export type QuotedBar = Bar & { currency: string | null };

/** A bar that waits to be believed, and since when it is known. */
export type QuarantinedRow = { bar: Bar; observedAt: string };

/** Bars of a source that are quarantined now. */
export async function readQuarantined(
  sql: Sql,
  source: string,
  symbols: readonly string[],
): Promise<QuarantinedRow[]> {
  const { rows } = await sql.query<Bar & { observedAt: string }>(
    `select symbol, session, close, dividend, split_ratio as "splitRatio", high, low, volume, observed_at as "observedAt"
     from rebalanced.findings
     where source = $1 and symbol = any($2) and action = 'quarantined' and resolved_at is null order by symbol, session`,
    [source, symbols],
  );
  return rows.map(({ observedAt, ...bar }) => ({ bar, observedAt }));
}

/** Which of these bars are quarantined, and why. */
export async function quarantinedAt(
  sql: Sql,
  source: string,
  wanted: readonly { symbol: string; session: Session }[],
): Promise<Map<string, string>> {
  if (wanted.length === 0) return new Map();
  const { rows } = await sql.query<{ symbol: string; reason: string }>(
    `select f.symbol, f.reason from unnest($2::text[], $3::date[]) as wanted (symbol, session)
     join rebalanced.findings f on f.source = $1 and f.symbol = wanted.symbol and f.session = wanted.session
     where f.action = 'quarantined' and f.resolved_at is null order by f.symbol`,
    [source, wanted.map(({ symbol }) => symbol), wanted.map(({ session }) => session)],
  );
  return new Map(rows.map(({ symbol, reason }) => [symbol, reason]));
}

/** Records findings; a bar that is quarantined already keeps its row, and a note is made once. */
export async function saveFindings(
  sql: Sql,
  source: string,
  findings: readonly { finding: Finding; bar: QuotedBar | null }[],
  at: number,
): Promise<number> {
  if (findings.length === 0) return 0;
  const of = <Value>(read: (bar: QuotedBar) => Value) => findings.map(({ bar }) => (bar ? read(bar) : null));
  const { rowCount } = await sql.query(
    `insert into rebalanced.findings
       (source, symbol, session, rule, action, reason, close, dividend, split_ratio, high, low, volume, currency, observed_at)
     select $1, fresh.* , $2::timestamptz
     from unnest($3::text[], $4::date[], $5::text[], $6::text[], $7::text[], $8::float8[], $9::float8[], $10::float8[],
       $11::float8[], $12::float8[], $13::float8[], $14::text[])
       as fresh (symbol, session, rule, action, reason, close, dividend, split_ratio, high, low, volume, currency)
     where not exists (
       select from rebalanced.findings known
       where known.source = $1 and known.symbol = fresh.symbol and known.session = fresh.session
         and known.rule = fresh.rule and known.action = fresh.action and known.resolved_at is null
         and (fresh.close is null or known.close is not distinct from fresh.close)
     )
     on conflict (source, symbol, session) where action = 'quarantined' and resolved_at is null do nothing`,
    [
      source,
      isoInstant(at),
      findings.map(({ finding }) => finding.symbol),
      findings.map(({ finding }) => finding.session),
      findings.map(({ finding }) => finding.rule),
      findings.map(({ finding }) => finding.action),
      findings.map(({ finding }) => finding.reason),
      of((bar) => bar.close),
      of((bar) => bar.dividend),
      of((bar) => bar.splitRatio),
      of((bar) => bar.high),
      of((bar) => bar.low),
      of((bar) => bar.volume),
      of((bar) => bar.currency),
    ],
  );
  return rowCount ?? 0;
}

/** Ends quarantines: `confirmed` read twice or borne out, `accepted` for its age, `withdrawn` the source tells otherwise. */
export async function resolveQuarantine(
  sql: Sql,
  source: string,
  bars: readonly Pick<Bar, 'symbol' | 'session'>[],
  resolution: 'confirmed' | 'accepted' | 'withdrawn',
  at: number,
): Promise<void> {
  if (bars.length === 0) return;
  await sql.query(
    `update rebalanced.findings f set resolved_at = $4, resolution = $5
     from unnest($2::text[], $3::date[]) as done (symbol, session)
     where f.source = $1 and f.symbol = done.symbol and f.session = done.session
       and f.action = 'quarantined' and f.resolved_at is null`,
    [source, bars.map((b) => b.symbol), bars.map((b) => b.session), isoInstant(at), resolution],
  );
}
