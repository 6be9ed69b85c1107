-- Up Migration
-- The rows rebalanced stands on: prices by vintage, slots, models, decisions, valuations, letters.

create schema if not exists rebalanced;

-- 'NaN'::float8 compares greater than every number, so a plain range check lets it through; this does not.
create domain rebalanced.finite as double precision
  constraint finite_is_a_number check (value > '-Infinity'::float8 and value < 'Infinity'::float8);

create table rebalanced.configs (
  hash text not null,
  body text not null,
  first_seen_at timestamptz not null,
  constraint configs_key primary key (hash)
);

create table rebalanced.portfolios (
  portfolio text not null,
  config_hash text not null,
  inception date not null,
  constraint portfolios_key primary key (portfolio),
  constraint portfolios_config foreign key (config_hash) references rebalanced.configs (hash),
  constraint portfolios_name check (portfolio ~ '^[a-z0-9][a-z0-9_-]{0,39}$')
);

create table rebalanced.bars (
  source text not null,
  symbol text not null,
  session date not null,
  close rebalanced.finite not null,
  dividend rebalanced.finite not null,
  split_ratio rebalanced.finite not null,
  high rebalanced.finite,
  low rebalanced.finite,
  volume rebalanced.finite,
  basis text not null,
  observed_at timestamptz not null,
  superseded_at timestamptz,
  constraint bars_key primary key (source, symbol, session, observed_at),
  constraint bars_symbol check (symbol ~ '^[A-Z0-9.^=-]{1,20}$'),
  constraint bars_close_positive check (close > 0),
  constraint bars_dividend_not_negative check (dividend >= 0),
  constraint bars_split_positive check (split_ratio > 0),
  constraint bars_basis check (basis in ('as-traded', 'split-adjusted', 'total-return')),
  constraint bars_superseded_later check (superseded_at > observed_at)
);
create unique index bars_current on rebalanced.bars (source, symbol, session) where superseded_at is null;
create index bars_by_session on rebalanced.bars (session);

create table rebalanced.gaps (
  source text not null,
  symbol text not null,
  session date not null,
  reason text not null,
  recorded_at timestamptz not null,
  constraint gaps_key primary key (source, symbol, session)
);

create table rebalanced.sources (
  source text not null,
  symbol text not null,
  last_success_at timestamptz,
  last_failure_at timestamptz,
  last_failure_kind text,
  last_failure text,
  failures_in_a_row integer not null default 0,
  restatements integer not null default 0,
  constraint sources_key primary key (source, symbol)
);

create table rebalanced.slots (
  task text not null,
  portfolio text not null,
  session date not null,
  due_at timestamptz not null,
  deadline_at timestamptz not null,
  reason text,
  state text not null,
  attempts integer not null default 0,
  retry_at timestamptz,
  last_error text,
  finished_at timestamptz,
  constraint slots_key primary key (task, portfolio, session),
  constraint slots_portfolio foreign key (portfolio) references rebalanced.portfolios (portfolio),
  constraint slots_task check (task in ('ingest', 'retrain', 'revalue', 'rebalance', 'deliver')),
  constraint slots_state check (state in ('waiting', 'queued', 'done', 'missed')),
  constraint slots_reason check ((task = 'rebalance') = (reason is not null) and reason in ('monthly', 'drawdown')),
  constraint slots_deadline_after_due check (deadline_at >= due_at),
  constraint slots_finished check ((state in ('done', 'missed')) = (finished_at is not null))
);
create index slots_open on rebalanced.slots (portfolio, session) where state in ('waiting', 'queued');

create table rebalanced.models (
  model_id text not null,
  portfolio text not null,
  session date not null,
  artefact text not null,
  backend text not null,
  backend_version text not null,
  note text,
  seed bigint not null,
  epochs integer not null,
  validation_loss rebalanced.finite not null,
  naive_validation_loss rebalanced.finite not null,
  training_seconds rebalanced.finite not null,
  trained_at timestamptz not null,
  constraint models_key primary key (portfolio, session),
  constraint models_id check (model_id ~ '^sha256:[0-9a-f]{64}$'),
  constraint models_backend check (backend in ('tensorflow', 'wasm')),
  constraint models_portfolio foreign key (portfolio) references rebalanced.portfolios (portfolio)
);

create table rebalanced.decisions (
  decision_id bigint generated always as identity,
  portfolio text not null,
  session date not null,
  revision integer not null,
  reason text not null,
  allocator text not null,
  rung text not null,
  rung_reason text,
  cash_weight rebalanced.finite not null,
  turnover_one_way rebalanced.finite not null,
  turnover_two_way rebalanced.finite not null,
  cost_ratio rebalanced.finite not null,
  signal_scale rebalanced.finite not null,
  exposure_ratio rebalanced.finite not null,
  drawdown_state text not null,
  model_id text,
  config_hash text not null,
  code_version text not null,
  vintage timestamptz not null,
  body text not null,
  forecast text,
  decided_at timestamptz not null,
  constraint decisions_key primary key (decision_id),
  constraint decisions_once unique (portfolio, session, revision),
  constraint decisions_portfolio foreign key (portfolio) references rebalanced.portfolios (portfolio),
  constraint decisions_config foreign key (config_hash) references rebalanced.configs (hash),
  constraint decisions_reason check (reason in ('monthly', 'drawdown', 'manual')),
  constraint decisions_rung check (rung in ('full', 'signal-off', 'previous-covariance', 'last-good', 'hold')),
  constraint decisions_state check (drawdown_state in ('normal', 'reduced', 'halted', 'recovering')),
  constraint decisions_turnover check (turnover_one_way >= 0 and abs(turnover_two_way - 2 * turnover_one_way) <= 1e-12),
  constraint decisions_cost check (cost_ratio >= 0),
  constraint decisions_scale check (signal_scale between 0 and 1 and exposure_ratio between 0 and 1)
);
create unique index decisions_one_scheduled on rebalanced.decisions (portfolio, session, reason) where reason <> 'manual';

create table rebalanced.targets (
  decision_id bigint not null,
  symbol text not null,
  weight rebalanced.finite not null,
  held rebalanced.finite not null,
  trade rebalanced.finite not null,
  lower_bound rebalanced.finite not null,
  upper_bound rebalanced.finite not null,
  forecast rebalanced.finite,
  cost_ratio rebalanced.finite not null,
  constraint targets_key primary key (decision_id, symbol),
  constraint targets_decision foreign key (decision_id) references rebalanced.decisions (decision_id),
  constraint targets_in_bounds check (weight between lower_bound - 1e-9 and upper_bound + 1e-9),
  constraint targets_trade check (abs(trade - (weight - held)) <= 1e-12),
  constraint targets_cost check (cost_ratio >= 0)
);

create function rebalanced.check_weights_sum() returns trigger language plpgsql as $$
declare
  total double precision;
begin
  select d.cash_weight + coalesce(sum(t.weight), 0) into total
  from rebalanced.decisions d left join rebalanced.targets t using (decision_id)
  where d.decision_id = new.decision_id
  group by d.decision_id;
  if total is null or not (abs(total - 1) <= 1e-9) then
    raise exception 'weights of decision % sum to %, expected 1 with cash', new.decision_id, total
      using errcode = 'check_violation', constraint = 'targets_sum_to_one';
  end if;
  return null;
end $$;
create constraint trigger targets_sum_to_one after insert or update on rebalanced.targets
  deferrable initially deferred for each row execute function rebalanced.check_weights_sum();
create constraint trigger decisions_sum_to_one after insert or update on rebalanced.decisions
  deferrable initially deferred for each row execute function rebalanced.check_weights_sum();

create table rebalanced.fills (
  decision_id bigint not null,
  session date not null,
  turnover_one_way rebalanced.finite not null,
  turnover_two_way rebalanced.finite not null,
  cost_ratio rebalanced.finite not null,
  constraint fills_key primary key (decision_id),
  constraint fills_decision foreign key (decision_id) references rebalanced.decisions (decision_id),
  constraint fills_turnover check (turnover_one_way >= 0 and abs(turnover_two_way - 2 * turnover_one_way) <= 1e-12),
  constraint fills_cost check (cost_ratio >= 0)
);

create table rebalanced.valuations (
  portfolio text not null,
  session date not null,
  nav_gross rebalanced.finite not null,
  nav_net rebalanced.finite not null,
  nav_shadow rebalanced.finite not null,
  return_gross rebalanced.finite not null,
  return_net rebalanced.finite not null,
  drift_one_way rebalanced.finite not null,
  drawdown_state text not null,
  drawdown_ratio rebalanced.finite not null,
  high_water_mark rebalanced.finite not null,
  drawdown text not null,
  constraint valuations_key primary key (portfolio, session),
  constraint valuations_portfolio foreign key (portfolio) references rebalanced.portfolios (portfolio),
  constraint valuations_positive check (nav_gross > 0 and nav_net > 0 and nav_shadow > 0),
  constraint valuations_state check (drawdown_state in ('normal', 'reduced', 'halted', 'recovering')),
  constraint valuations_mark check (high_water_mark >= nav_net and drawdown_ratio >= 0)
);

create table rebalanced.holdings (
  portfolio text not null,
  session date not null,
  book text not null,
  symbol text not null,
  weight rebalanced.finite not null,
  constraint holdings_key primary key (portfolio, session, book, symbol),
  constraint holdings_valuation foreign key (portfolio, session) references rebalanced.valuations (portfolio, session),
  constraint holdings_book check (book in ('live', 'shadow'))
);

create table rebalanced.letters (
  letter_id bigint generated always as identity,
  decision_id bigint not null,
  portfolio text not null,
  session date not null,
  recipient text not null,
  message_id text not null,
  subject text not null,
  message bytea not null,
  state text not null,
  attempts integer not null default 0,
  last_error text,
  queued_at timestamptz not null,
  finished_at timestamptz,
  constraint letters_key primary key (letter_id),
  constraint letters_decision foreign key (decision_id) references rebalanced.decisions (decision_id),
  constraint letters_once unique (decision_id, recipient),
  constraint letters_message unique (message_id),
  constraint letters_state check (state in ('pending', 'sending', 'sent', 'ambiguous', 'refused')),
  constraint letters_finished check ((state in ('sent', 'ambiguous', 'refused')) = (finished_at is not null))
);

create view rebalanced.current_targets as
select d.portfolio, d.session, d.revision, d.reason, t.symbol, t.weight, d.decided_at
from rebalanced.decisions d
join (
  select distinct on (portfolio) decision_id from rebalanced.decisions
  order by portfolio, session desc, revision desc
) latest using (decision_id)
cross join lateral (
  select symbol, weight from rebalanced.targets where targets.decision_id = d.decision_id
  union all
  select 'CASH', d.cash_weight
) t;
