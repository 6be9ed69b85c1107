// What is held at a session's close, as SQL: told holdings stand in for computed ones, in every reader alike.

/** Lines of the live holdings of one session, cash among them: as told where that was done, else as computed. */
export const liveHoldings = (portfolio: string, session: string) => `
  select symbol, weight from rebalanced.told_holdings where portfolio = ${portfolio} and session = ${session}
  union all
  select symbol, weight from rebalanced.holdings
  where portfolio = ${portfolio} and session = ${session} and strategy = 'live' and not exists (
    select from rebalanced.told_holdings where portfolio = ${portfolio} and session = ${session}
  )`;

/**
 * Drift of a row of valuations: as computed, or where holdings were told of its session, theirs from the decision that the
 * computed ones were measured from.
 */
export const driftOneWay = (valuation: string) => `coalesce((
  select case when d.decision_id is null then 0 else (
    select coalesce(sum(abs(coalesce(held.weight, 0) - coalesce(target.weight, 0))), 0) / 2
    from (
      select symbol, weight from rebalanced.told_holdings t
      where t.portfolio = ${valuation}.portfolio and t.session = ${valuation}.session and symbol <> 'CASH'
    ) held
    full join (select symbol, weight from rebalanced.targets where targets.decision_id = d.decision_id) target using (symbol)
  ) end
  from (select) one left join lateral (
    select decision_id from rebalanced.decisions made
    where made.portfolio = ${valuation}.portfolio and made.session < ${valuation}.session
    order by session desc, revision desc limit 1
  ) d on true
  where exists (
    select from rebalanced.told_holdings t
    where t.portfolio = ${valuation}.portfolio and t.session = ${valuation}.session
  )
), ${valuation}.drift_one_way)`;
