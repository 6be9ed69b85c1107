-- Up Migration
-- A price is believed before it acts: what makes a bar doubtful is a row, and so is every answer a source gave.

alter table rebalanced.bars
  -- the currency closes and dividends are in (ISO 4217, major unit); null where the source does not say
  add column currency text,
  -- when a second, equal reading made the bar final; null while it is provisional
  add column confirmed_at timestamptz;
update rebalanced.bars set confirmed_at = observed_at;
create index bars_provisional on rebalanced.bars (source, symbol, session)
  where confirmed_at is null and superseded_at is null;
-- every reader names its symbols, so only the load of a history paid for this one
drop index rebalanced.bars_by_session;

alter table rebalanced.sources
  -- what the symbol was last read of, and when: another portfolio need not ask again
  add column read_at timestamptz,
  add column read_to date,
  -- the newest session at which its whole history was compared, and what the source said it was then
  add column compared_on date,
  add column revision text;

-- A bar that is doubtful is kept here, and in rebalanced.bars only once it is believed.
create table rebalanced.findings (
  finding_id bigint generated always as identity,
  source text not null,
  symbol text not null,
  session date not null,
  rule text not null,
  action text not null,
  reason text not null,
  close double precision,
  dividend double precision,
  split_ratio double precision,
  high double precision,
  low double precision,
  volume double precision,
  currency text,
  observed_at timestamptz not null,
  resolved_at timestamptz,
  resolution text,
  constraint findings_key primary key (finding_id),
  constraint findings_action check (action in ('quarantined', 'noted', 'refused')),
  constraint findings_resolution check (resolution in ('confirmed', 'accepted', 'withdrawn')),
  constraint findings_resolved check ((resolved_at is null) = (resolution is null)),
  constraint findings_open check (action = 'quarantined' or resolved_at is null)
);
create index findings_by_symbol on rebalanced.findings (source, symbol, session);
create unique index findings_quarantined on rebalanced.findings (source, symbol, session)
  where action = 'quarantined' and resolved_at is null;

create table rebalanced.raw_answers (
  hash text not null,
  source text not null,
  symbol text not null,
  body bytea not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  constraint raw_answers_key primary key (hash, source, symbol),
  constraint raw_answers_hash check (hash ~ '^[0-9a-f]{64}$'),
  constraint raw_answers_seen check (last_seen_at >= first_seen_at)
);
create index raw_answers_last_seen on rebalanced.raw_answers (last_seen_at);

alter table rebalanced.slots drop constraint slots_task;
alter table rebalanced.slots add constraint slots_task
  check (task in ('ingest', 'confirm', 'retrain', 'revalue', 'rebalance', 'deliver'));
