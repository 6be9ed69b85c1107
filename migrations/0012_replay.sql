-- Up Migration
-- What a database of a replay is a replay of: one row, written by nothing else. A production database has none.

create table rebalanced.replay (
  the_one boolean not null default true,
  name text not null,
  config_path text not null,
  plan_hash text not null,
  first_session date,
  last_session date not null,
  finished_at timestamptz,
  constraint replay_key primary key (the_one),
  constraint replay_one_row check (the_one),
  constraint replay_name check (name ~ '^[a-z0-9][a-z0-9_-]{0,39}$')
);
