-- Up Migration
-- Real money: holdings as a broker reports them, and costs over time.

create table rebalanced.imported_holdings (
  portfolio text not null,
  session date not null,
  symbol text not null,
  weight rebalanced.finite not null,
  quantity rebalanced.finite,
  imported_at timestamptz not null,
  constraint imported_holdings_key primary key (portfolio, session, symbol),
  constraint imported_holdings_valuation foreign key (portfolio, session)
    references rebalanced.valuations (portfolio, session)
);

create function rebalanced.check_imported_sum() returns trigger language plpgsql as $$
declare
  total double precision;
begin
  select sum(weight) into total from rebalanced.imported_holdings
  where portfolio = new.portfolio and session = new.session;
  if not (abs(total - 1) <= 1e-9) then
    raise exception 'imported holdings of % at % sum to %, expected 1 with cash', new.portfolio, new.session, total
      using errcode = 'check_violation', constraint = 'imported_holdings_sum_to_one';
  end if;
  return null;
end $$;
create constraint trigger imported_holdings_sum_to_one after insert or update on rebalanced.imported_holdings
  deferrable initially deferred for each row execute function rebalanced.check_imported_sum();

create view rebalanced.cost_history as
select d.portfolio, d.session as decided_at, f.session as filled_at, d.reason,
  d.cost_ratio as estimated_cost_ratio, f.cost_ratio as charged_cost_ratio,
  d.turnover_one_way as estimated_turnover_one_way, f.turnover_one_way as charged_turnover_one_way,
  sum(d.cost_ratio) over so_far as estimated_cost_ratio_so_far,
  sum(f.cost_ratio) over so_far as charged_cost_ratio_so_far
from rebalanced.decisions d join rebalanced.fills f using (decision_id)
window so_far as (partition by d.portfolio order by f.session, d.decision_id);
