-- Up Migration
-- Accounts: money that came and went, reports that may be corrected in their session, and when a portfolio was first started.

-- Null for portfolios of before: when they were started is not known.
alter table rebalanced.portfolios add column registered_at timestamptz;

-- Kind `import`: the worth a report tells differs from the one that NAV had carried so far. NAV moves by none of them.
create table rebalanced.flows (
  portfolio text not null,
  session date not null,
  amount rebalanced.finite not null,
  kind text not null,
  note text,
  recorded_at timestamptz not null,
  constraint flows_key primary key (portfolio, session, recorded_at),
  constraint flows_portfolio foreign key (portfolio) references rebalanced.portfolios (portfolio),
  constraint flows_kind check (kind in ('deposit', 'withdrawal', 'import')),
  constraint flows_amount check (amount <> 0 and (kind = 'import' or (kind = 'deposit') = (amount > 0)))
);

-- Holdings of a session may be told again until it is decided: the newest ones count, the former ones stay. A flow tells
-- them too, as they are after it; it has no quantities.
alter table rebalanced.imported_holdings
  add column price rebalanced.finite,
  add column told_by text not null default 'import',
  drop constraint imported_holdings_key;
alter table rebalanced.imported_holdings
  add constraint imported_holdings_key primary key (portfolio, session, imported_at, symbol),
  add constraint imported_holdings_price check (price is null or (price > 0 and quantity is not null)),
  add constraint imported_holdings_told_by check (told_by in ('import', 'flow')),
  add constraint imported_holdings_flow check (told_by = 'import' or quantity is null);

-- Of reports by quantity that tell cash, the price of every line follows from the weights.
update rebalanced.imported_holdings line set price = line.weight * (cash.quantity / cash.weight) / line.quantity
from rebalanced.imported_holdings cash
where cash.portfolio = line.portfolio and cash.session = line.session and cash.symbol = 'CASH' and cash.quantity > 0
  and cash.weight > 0 and line.symbol <> 'CASH' and line.quantity <> 0 and line.weight / line.quantity > 0;

create or replace function rebalanced.check_imported_sum() returns trigger language plpgsql as $$
declare
  total double precision;
begin
  select sum(weight) into total from rebalanced.imported_holdings
  where portfolio = new.portfolio and session = new.session and imported_at = new.imported_at;
  if not (abs(total - 1) <= 1e-9) then
    raise exception 'imported holdings of % at % sum to %, expected 1 with cash', new.portfolio, new.session, total
      using errcode = 'check_violation', constraint = 'imported_holdings_sum_to_one';
  end if;
  return null;
end $$;

-- What stands in for the computed holdings of a session: the last that was told of it.
create view rebalanced.told_holdings as
select i.* from rebalanced.imported_holdings i
where i.imported_at = (
  select max(newest.imported_at) from rebalanced.imported_holdings newest
  where newest.portfolio = i.portfolio and newest.session = i.session
);

-- The reports that count, one a session: the newest of each, with what it said the account is worth. Null: it told
-- weights alone.
create view rebalanced.account_imports as
select distinct on (portfolio, session) portfolio, session, imported_at,
  case when bool_and(quantity is not null and (price is not null or symbol = 'CASH' or quantity = 0))
    then sum(quantity * coalesce(price, 1)) end as worth
from rebalanced.imported_holdings
where told_by = 'import'
group by portfolio, session, imported_at
order by portfolio, session, imported_at desc;
