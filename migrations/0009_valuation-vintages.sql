-- Up Migration
-- Valuations follow what is known of prices: they have vintages like bars. Decisions and fills are facts and stay.

alter table rebalanced.imported_holdings drop constraint if exists imported_holdings_valuation;
alter table rebalanced.imported_holdings add constraint imported_holdings_portfolio
  foreign key (portfolio) references rebalanced.portfolios (portfolio);
alter table rebalanced.holdings drop constraint holdings_valuation;

alter table rebalanced.valuations rename to valuation_vintages;
alter table rebalanced.valuation_vintages
  add column valued_at timestamptz,
  add column superseded_at timestamptz,
  -- trades that wait for a price of their symbol, as JSON; null when none does
  add column unfilled text;
update rebalanced.valuation_vintages v set valued_at = coalesce(
  (select s.finished_at from rebalanced.slots s
   where s.task = 'revalue' and s.portfolio = v.portfolio and s.session = v.session),
  now());
alter table rebalanced.valuation_vintages
  alter column valued_at set not null,
  drop constraint valuations_key;
alter table rebalanced.valuation_vintages
  add constraint valuation_vintages_key primary key (portfolio, session, valued_at),
  add constraint valuation_vintages_superseded_later check (superseded_at > valued_at);
create unique index valuation_vintages_current on rebalanced.valuation_vintages (portfolio, session)
  where superseded_at is null;

alter table rebalanced.holdings rename to holding_vintages;
alter table rebalanced.holding_vintages add column valued_at timestamptz;
update rebalanced.holding_vintages h set valued_at = v.valued_at
from rebalanced.valuation_vintages v where v.portfolio = h.portfolio and v.session = h.session;
alter table rebalanced.holding_vintages
  alter column valued_at set not null,
  drop constraint holdings_key;
alter table rebalanced.holding_vintages
  add constraint holding_vintages_key primary key (portfolio, session, valued_at, strategy, symbol),
  add constraint holding_vintages_valuation foreign key (portfolio, session, valued_at)
    references rebalanced.valuation_vintages (portfolio, session, valued_at);

-- What holds now, under the names and columns of before.
create view rebalanced.valuations as
select portfolio, session, nav_gross, nav_net, nav_shadow, return_gross, return_net, drift_one_way, drawdown_state,
  drawdown_ratio, high_water_mark, drawdown, unfilled, valued_at
from rebalanced.valuation_vintages where superseded_at is null;

create view rebalanced.holdings as
select h.portfolio, h.session, h.strategy, h.symbol, h.weight, h.valued_at
from rebalanced.valuation_vintages v join rebalanced.holding_vintages h using (portfolio, session, valued_at)
where v.superseded_at is null;

-- Each time that prices known only later moved what a portfolio had been valued at.
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
  constraint restatements_key primary key (portfolio, valued_at),
  constraint restatements_portfolio foreign key (portfolio) references rebalanced.portfolios (portfolio),
  constraint restatements_sessions check (from_session <= to_session),
  constraint restatements_effect check (nav_before > 0 and nav_after > 0)
);

-- A trade may wait for a price of its symbol, so one decision may be filled over several sessions.
alter table rebalanced.fills drop constraint fills_key;
alter table rebalanced.fills add constraint fills_key primary key (decision_id, session);

alter table rebalanced.slots drop constraint slots_reason;
alter table rebalanced.slots add constraint slots_reason check (
  (task = 'rebalance') = (reason is not null) and reason in ('monthly', 'drawdown', 'restatement', 'delisting'));
alter table rebalanced.decisions drop constraint decisions_reason;
alter table rebalanced.decisions add constraint decisions_reason
  check (reason in ('monthly', 'drawdown', 'restatement', 'delisting', 'manual'));

-- What changed lately is looked for at every revaluation, whatever session it is of.
create index bars_observed on rebalanced.bars using brin (observed_at);
create index bars_superseded on rebalanced.bars using brin (superseded_at);
