-- Up Migration
-- Valuations are derived from decisions, fills and prices, so they have vintages as prices do: where prices are restated, a
-- session is valued again, and what was known before stays. `valuations` and `holdings` are the current ones, in their old columns.

-- What a report tells is a fact of its session, whichever vintage of the valuation counts.
alter table rebalanced.imported_holdings drop constraint imported_holdings_valuation;
alter table rebalanced.imported_holdings
  add constraint imported_holdings_portfolio foreign key (portfolio) references rebalanced.portfolios (portfolio);

alter table rebalanced.holdings drop constraint holdings_valuation, drop constraint holdings_key;
alter table rebalanced.valuations drop constraint valuations_key;
alter table rebalanced.valuations rename to valuation_vintages;
alter table rebalanced.holdings rename to holding_vintages;

-- `unfilled` (JSON): decided trades that wait for a close of their symbol; null where none does.
alter table rebalanced.valuation_vintages
  add column unfilled text,
  add column valued_at timestamptz,
  add column superseded_at timestamptz;
update rebalanced.valuation_vintages v
set valued_at = coalesce(
  (
    select finished_at from rebalanced.slots s
    where s.task = 'revalue' and s.portfolio = v.portfolio and s.session = v.session
  ),
  date_trunc('milliseconds', now())
);
alter table rebalanced.valuation_vintages
  alter column valued_at set not null,
  add constraint valuations_key primary key (portfolio, session, valued_at),
  add constraint valuations_superseded_later check (superseded_at > valued_at);
create unique index valuations_current on rebalanced.valuation_vintages (portfolio, session) where superseded_at is null;
create index valuations_by_instant on rebalanced.valuation_vintages (portfolio, valued_at);

alter table rebalanced.holding_vintages add column valued_at timestamptz;
update rebalanced.holding_vintages h set valued_at = v.valued_at
from rebalanced.valuation_vintages v where v.portfolio = h.portfolio and v.session = h.session;
alter table rebalanced.holding_vintages
  alter column valued_at set not null,
  add constraint holdings_key primary key (portfolio, session, valued_at, strategy, symbol),
  add constraint holdings_valuation foreign key (portfolio, session, valued_at)
    references rebalanced.valuation_vintages (portfolio, session, valued_at);

create view rebalanced.valuations as
select portfolio, session, nav_gross, nav_net, nav_shadow, return_gross, return_net, drift_one_way, drawdown_state,
  drawdown_ratio, high_water_mark, drawdown, unfilled, valued_at
from rebalanced.valuation_vintages where superseded_at is null;

create view rebalanced.holdings as
select h.portfolio, h.session, h.strategy, h.symbol, h.weight, h.valued_at
from rebalanced.holding_vintages h join rebalanced.valuations v using (portfolio, session, valued_at);

-- What valuing again has changed: written where net NAV of the newest session or the drawdown state moved.
create table rebalanced.restatements (
  portfolio text not null,
  valued_at timestamptz not null,
  from_session date not null,
  to_session date not null,
  symbols text[] not null,
  nav_before rebalanced.finite not null,
  nav_after rebalanced.finite not null,
  effect_bps rebalanced.finite not null,
  state_before text not null,
  state_after text not null,
  reason text not null,
  constraint restatements_key primary key (portfolio, valued_at),
  constraint restatements_portfolio foreign key (portfolio) references rebalanced.portfolios (portfolio),
  constraint restatements_sessions check (to_session >= from_session),
  constraint restatements_positive check (nav_before > 0 and nav_after > 0),
  constraint restatements_states check (
    state_before in ('normal', 'reduced', 'halted', 'recovering')
    and state_after in ('normal', 'reduced', 'halted', 'recovering')
  )
);

-- Which bars changed since a portfolio was last valued.
create index bars_observed on rebalanced.bars (source, observed_at);
create index bars_superseded on rebalanced.bars (source, superseded_at) where superseded_at is not null;

alter table rebalanced.slots drop constraint slots_reason;
alter table rebalanced.slots add constraint slots_reason check (
  (task = 'rebalance') = (reason is not null) and reason in ('monthly', 'drawdown', 'restatement', 'delisting')
);
alter table rebalanced.decisions drop constraint decisions_reason;
alter table rebalanced.decisions add constraint decisions_reason
  check (reason in ('monthly', 'drawdown', 'restatement', 'delisting', 'manual'));

-- A decision may be filled at several sessions: what has no close at the first is traded at its next one.
alter table rebalanced.fills drop constraint fills_key;
alter table rebalanced.fills add constraint fills_key primary key (decision_id, session);

create or replace view rebalanced.cost_history as
select d.portfolio, d.session as decided_at, f.session as filled_at, d.reason,
  d.cost_ratio as estimated_cost_ratio, f.cost_ratio as charged_cost_ratio,
  d.turnover_one_way as estimated_turnover_one_way, f.turnover_one_way as charged_turnover_one_way,
  sum(d.cost_ratio) over so_far as cumulative_estimated_cost_ratio,
  sum(f.cost_ratio) over so_far as cumulative_charged_cost_ratio
from rebalanced.decisions d
join (
  select decision_id, min(session) as session, sum(cost_ratio)::rebalanced.finite as cost_ratio,
    sum(turnover_one_way)::rebalanced.finite as turnover_one_way
  from rebalanced.fills group by decision_id
) f using (decision_id)
window so_far as (partition by d.portfolio order by f.session, d.decision_id);
