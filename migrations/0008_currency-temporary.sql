-- Up Migration
-- The currency closes and dividends are in (ISO 4217, major unit); null where the source does not say.

alter table rebalanced.bars add column currency text;
