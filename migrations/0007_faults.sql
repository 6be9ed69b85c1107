-- Up Migration
-- Attempts of the fallback chain that met a fault of the program are counted apart from those that market, data or limits ended.

alter table rebalanced.decisions add column program_faults integer not null default 0;
alter table rebalanced.decisions add constraint decisions_program_faults
  check (program_faults >= 0 and (program_faults = 0 or fallback_level = 'hold'));

create or replace view rebalanced.newest_decisions as
select p.portfolio, d.decision_id, d.session, d.revision, d.reason, d.allocator, d.fallback_level, d.fallback_reason, d.cash_weight,
  d.turnover_one_way, d.turnover_two_way, d.cost_ratio, d.signal_scale, d.exposure_ratio, d.drawdown_state, d.model_id,
  d.config_hash, d.code_version, d.vintage, d.body, d.forecast, d.decided_at, d.program_faults
from rebalanced.portfolios p
cross join lateral (
  select * from rebalanced.decisions made where made.portfolio = p.portfolio
  order by session desc, revision desc limit 1
) d;

-- Attempts were not kept before; what they said stands joined in the reason.
update rebalanced.decisions
set body = replace(body, '"fallbackLevel":', '"fallbackAttempts":[],"fallbackLevel":');
