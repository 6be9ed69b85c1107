-- Up Migration
-- Attempts of the fallback chain that met a fault of the program are counted apart from those that market, data or limits ended.

alter table rebalanced.decisions add column program_faults integer not null default 0;
alter table rebalanced.decisions add constraint decisions_program_faults
  check (program_faults >= 0 and (program_faults = 0 or fallback_level = 'hold'));

-- Attempts were not kept before; what they said stands joined in the reason.
update rebalanced.decisions
set body = replace(body, '"fallbackLevel":', '"fallbackAttempts":[],"fallbackLevel":');
