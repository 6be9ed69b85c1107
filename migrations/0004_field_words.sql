-- Up Migration
-- The field's words: a fallback level instead of a rung, holdings of a strategy instead of a book, cumulative sums.

alter table rebalanced.decisions rename column rung to fallback_level;
alter table rebalanced.decisions rename column rung_reason to fallback_reason;
alter table rebalanced.decisions rename constraint decisions_rung to decisions_fallback_level;

alter table rebalanced.holdings rename column book to strategy;
alter table rebalanced.holdings rename constraint holdings_book to holdings_strategy;

alter view rebalanced.cost_history rename column estimated_cost_ratio_so_far to cumulative_estimated_cost_ratio;
alter view rebalanced.cost_history rename column charged_cost_ratio_so_far to cumulative_charged_cost_ratio;

-- Stored bodies keep every number; only two names in them change. A quote inside a JSON text is escaped, so nothing else can match.
update rebalanced.decisions
set body = replace(replace(body, '"rung":', '"fallbackLevel":'), '"rungReason":', '"fallbackReason":');
