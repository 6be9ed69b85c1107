-- Up Migration
-- Models of any kind, several a session, by what they forecast; and which of them decisions read, since when and why.

alter table rebalanced.models
  add column kind text not null default 'network',
  add column head text not null default 'mean-return',
  add column input_lag1_autocorrelation json,
  alter column backend drop not null,
  alter column backend_version drop not null,
  alter column seed drop not null,
  alter column epochs drop not null,
  drop constraint models_key,
  drop constraint models_backend;
alter table rebalanced.models
  alter column kind drop default,
  alter column head drop default,
  add constraint models_key primary key (portfolio, session, head, model_id),
  add constraint models_kind check (kind ~ '^[a-z][a-z0-9-]{0,39}$'),
  add constraint models_head check (head ~ '^[a-z][a-z0-9-]{0,39}$'),
  add constraint models_backend check (backend in ('tensorflow', 'wasm')),
  -- only a network is trained on a backend, and every network is
  add constraint models_network check (
    (kind = 'network') = (backend is not null) and (backend is null) = (backend_version is null)
    and (kind <> 'network' or (seed is not null and epochs is not null))
  );

-- Written once: a promotion is a further row. What a decision read at a session can be found for ever.
create table rebalanced.model_roles (
  portfolio text not null,
  head text not null,
  role text not null,
  session date not null,
  model_id text not null,
  since_session date not null,
  since_at timestamptz not null,
  reason text not null,
  constraint model_roles_key primary key (portfolio, head, role, since_session, since_at, model_id),
  constraint model_roles_model foreign key (portfolio, session, head, model_id)
    references rebalanced.models (portfolio, session, head, model_id),
  constraint model_roles_role check (role in ('champion', 'challenger')),
  constraint model_roles_since check (since_session >= session)
);
-- one champion at an instant
create unique index model_roles_one_champion on rebalanced.model_roles (portfolio, head, since_session, since_at)
  where role = 'champion';

insert into rebalanced.model_roles
select portfolio, head, 'champion', session, model_id, session, trained_at, 'migrated' from rebalanced.models;

create view rebalanced.champions as
select distinct on (portfolio, head) m.*, r.since_session, r.since_at, r.reason
from rebalanced.model_roles r join rebalanced.models m using (portfolio, session, head, model_id)
where r.role = 'champion'
order by portfolio, head, r.since_session desc, r.since_at desc;

-- Stored forecasts name their parts and units: a forecast may now hold more than the mean, from more than one model.
update rebalanced.decisions
set forecast = regexp_replace(
  forecast,
  '"meanLogReturn":(\[[^]]*\]),"modelId":("[^"]*")',
  '"mean":{"unit":"log-return-per-session","values":\1},"modelIds":{"mean-return":\2}'
);
