-- Up Migration
-- The newest decision of each portfolio, once: a walk down the end of an index for each, however many were made.

create view rebalanced.newest_decisions as
select p.portfolio, d.decision_id, d.session, d.revision, d.reason, d.allocator, d.fallback_level, d.fallback_reason, d.cash_weight,
  d.turnover_one_way, d.turnover_two_way, d.cost_ratio, d.signal_scale, d.exposure_ratio, d.drawdown_state, d.model_id,
  d.config_hash, d.code_version, d.vintage, d.body, d.forecast, d.decided_at
from rebalanced.portfolios p
cross join lateral (
  select * from rebalanced.decisions made where made.portfolio = p.portfolio
  order by session desc, revision desc limit 1
) d;

create or replace view rebalanced.current_targets as
select d.portfolio, d.session, d.revision, d.reason, t.symbol, t.weight, d.decided_at
from rebalanced.newest_decisions d
cross join lateral (
  select symbol, weight from rebalanced.targets where targets.decision_id = d.decision_id
  union all
  select 'CASH', d.cash_weight
) t;
