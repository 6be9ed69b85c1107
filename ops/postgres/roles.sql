-- Two roles for running rebalanced with least privilege. They cannot log in themselves: grant them to users that can.
--   rebalanced_daemon  writes what the daemon writes; it cannot alter tables, delete history or change what was decided
--   rebalanced_reader  reads everything, for dashboards and people
-- Run it as the owner of the tables, who may create roles, after every `rebalanced migrate`:
--   psql "$OWNER_DATABASE_URL" -v ON_ERROR_STOP=1 -f ops/postgres/roles.sql
--   create user rebalanced login password '...' in role rebalanced_daemon;
-- It may be run any number of times: each run takes all privileges back first and grants exactly these.

begin;

do $$
declare
  wanted text;
begin
  foreach wanted in array array['rebalanced_daemon', 'rebalanced_reader'] loop
    if not exists (select from pg_roles where rolname = wanted) then
      execute format('create role %I nologin', wanted);
    end if;
  end loop;
end $$;

revoke all on schema rebalanced from public, rebalanced_daemon, rebalanced_reader;
revoke all on all tables in schema rebalanced from public, rebalanced_daemon, rebalanced_reader;
revoke all on all sequences in schema rebalanced from public, rebalanced_daemon, rebalanced_reader;

-- Both read everything, tables of later migrations included.
grant usage on schema rebalanced to rebalanced_daemon, rebalanced_reader;
grant select on all tables in schema rebalanced to rebalanced_daemon, rebalanced_reader;
alter default privileges in schema rebalanced grant select on tables to rebalanced_daemon, rebalanced_reader;

-- History: written once.
grant insert on
  rebalanced.configs, rebalanced.gaps, rebalanced.models, rebalanced.model_roles, rebalanced.decisions, rebalanced.targets,
  rebalanced.fills, rebalanced.holding_vintages, rebalanced.restatements, rebalanced.imported_holdings,
  rebalanced.flows
to rebalanced_daemon;

-- Written once, with a state that moves on. Prices and valuations are superseded, never overwritten; a letter's message is
-- frozen.
grant insert on rebalanced.bars, rebalanced.valuation_vintages, rebalanced.findings, rebalanced.raw_answers, rebalanced.portfolios, rebalanced.slots, rebalanced.letters, rebalanced.sources
to rebalanced_daemon;
grant update (superseded_at) on rebalanced.bars, rebalanced.valuation_vintages to rebalanced_daemon;
grant update (confirmed_at) on rebalanced.bars to rebalanced_daemon;
grant update (resolved_at, resolution) on rebalanced.findings to rebalanced_daemon;
-- Answers as they came are kept for a time: the only rows that go.
grant update (last_seen_at), delete on rebalanced.raw_answers to rebalanced_daemon;
grant update (config_hash) on rebalanced.portfolios to rebalanced_daemon;
grant update (state, attempts, retry_at, last_error, finished_at) on rebalanced.slots to rebalanced_daemon;
grant update (state, attempts, last_error, finished_at) on rebalanced.letters to rebalanced_daemon;
grant update (last_success_at, last_failure_at, last_failure_kind, last_failure, failures_in_a_row, restatements,
    read_at, read_to, compared_on, revision)
  on rebalanced.sources to rebalanced_daemon;

grant insert, update on rebalanced.queue_supervision to rebalanced_daemon;

-- The queue holds no history: its jobs come and go. `rebalanced migrate` installs it, as owner.
do $$
begin
  if to_regnamespace('rebalanced_queue') is not null then
    revoke all on schema rebalanced_queue from public, rebalanced_daemon, rebalanced_reader;
    revoke all on all tables in schema rebalanced_queue from public, rebalanced_daemon, rebalanced_reader;
    grant usage on schema rebalanced_queue to rebalanced_daemon, rebalanced_reader;
    grant select on all tables in schema rebalanced_queue to rebalanced_reader;
    grant select, insert, update, delete on all tables in schema rebalanced_queue to rebalanced_daemon;
    grant usage on all sequences in schema rebalanced_queue to rebalanced_daemon;
    grant execute on all functions in schema rebalanced_queue to rebalanced_daemon;
    alter default privileges in schema rebalanced_queue
      grant select, insert, update, delete on tables to rebalanced_daemon;
    alter default privileges in schema rebalanced_queue grant select on tables to rebalanced_reader;
  end if;
end $$;

commit;
