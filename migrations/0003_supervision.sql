-- Up Migration
-- When a daemon last put the jobs of dead workers back: one row, so that a supervision that keeps failing can be seen.

create table rebalanced.queue_supervision (
  the_one boolean not null default true,
  supervised_at timestamptz not null,
  constraint queue_supervision_key primary key (the_one),
  constraint queue_supervision_one_row check (the_one)
);
