import { lockAccount, readAccount } from '../adapters/postgres/account-rows.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import { decisionBefore, newestDecision, saveFill } from '../adapters/postgres/decision-rows.ts';
import { hasOpenRebalance, insertSlots, reopenSlot } from '../adapters/postgres/slot-rows.ts';
import { newestValuation, saveValuations, valuedReach } from '../adapters/postgres/valuation-rows.ts';
import { worthAt } from '../core/accounting/account.ts';
import { cashReturn } from '../core/accounting/cash-returns.ts';
import { lastReturnSessions } from '../core/accounting/last-returns.ts';
import { marketAt } from '../core/accounting/market.ts';
import { openingValuation, revalue as step, type Valuation } from '../core/accounting/valuation.ts';
import type { Session } from '../core/calendar/session.ts';
import { inOrderOf } from '../core/policy/decision.ts';
import type { PortfolioPolicy } from '../core/policy/policy.ts';
import { allowedExposure, type DrawdownStatus } from '../core/portfolio/drawdown.ts';
import { slotAt } from '../core/schedule/plan.ts';
import type { Portfolio } from './portfolio.ts';
import { readPanel } from './prices.ts';
import { restate } from './restate.ts';
import type { Log } from './services.ts';
import { completeSlot, type TaskRun } from './task.ts';

/**
 * Values the portfolio at the slot's close, as the portfolio is in effect. First what was valued from prices that were
 * restated since is valued again; then holdings drift, a decision of the close before is filled and charged, and the
 * drawdown state steps. Where it is another state than the newest decision acted on, or a holding was closed for good, a
 * decision is asked for: the month's own where that is due at this session.
 */
export async function revalue(run: TaskRun): Promise<void> {
  await completeSlot(run, (sql) => revalueIn(sql, run));
}

/**
 * Opens the newest revaluation again, because prices of `session` were restated; nothing where it is not valued yet. What
 * is restated is found by the revaluation itself.
 */
export async function reopenRevaluation(sql: Sql, { id, plan }: Portfolio, session: Session): Promise<void> {
  const reach = await valuedReach(sql, id);
  if (reach !== null && session <= reach.newest) await reopenSlot(sql, slotAt(plan, 'revalue', reach.newest));
}

async function revalueIn(sql: Sql, { portfolio, slot, now, services }: TaskRun): Promise<void> {
  const { id, policy } = portfolio;
  await lockAccount(sql, id);
  await restate(sql, portfolio, { now, isLate: now > slot.deadlineAt }, services.log);
  const before = await newestValuation(sql, id, slot.session, policy.symbols);
  if (before === null) {
    await saveValuations(sql, id, policy.symbols, [openingValuation(slot.session, policy)], now);
    return;
  }
  const found =
    before.session < slot.session
      ? await valueNext(sql, portfolio, before, slot.session, now, services.log)
      : { valuation: before, stateChanged: false, isClosed: false };
  await askForDecision(sql, portfolio, found);
}

/** What a session's valuation may ask a decision for. */
type Found = { valuation: Valuation; stateChanged: boolean; isClosed: boolean };

async function valueNext(
  sql: Sql,
  portfolio: Portfolio,
  before: Valuation,
  session: Session,
  now: number,
  log: Log,
): Promise<Found> {
  const { id, policy } = portfolio;
  const panel = await readPanel(sql, portfolio, session, lastReturnSessions, null);
  const market = marketAt(panel, policy.symbols, before, policy.delisting);
  const last = await decisionBefore(sql, id, session);
  const pending = last && last.decision.asOf >= before.session ? last.decision : null;
  const weights = last?.decision.lines.map((line) => line.target);
  const { valuation, fill, stateChanged, isRuined } = step(
    before,
    session,
    market,
    pending,
    last && inOrderOf(last.decision, weights!, policy.symbols),
    policy,
    {
      portfolioValue: worthAt(await readAccount(sql, portfolio), before),
      cashReturn: cashReturn(policy, panel),
    },
  );
  await saveValuations(sql, id, policy.symbols, [valuation], now);
  if (last && fill) await saveFill(sql, last.decisionId, session, fill);
  const closed = policy.symbols.filter((_, i) => market.closings[i] !== null);
  if (closed.length > 0)
    log.warn(
      { portfolio: id, session, symbols: closed, afterSessions: policy.delisting.afterSessions },
      'no close any more: the holdings are taken for delisted and closed',
    );
  if (isRuined)
    log.error(
      { portfolio: id, session, navNet: valuation.navNet },
      'the session lost everything: net asset value stands at its floor, all in cash, halted',
    );
  return { valuation, stateChanged, isClosed: closed.length > 0 };
}

/** A slot for a decision at the newest valued session, where one is needed, none is open and it is not decided yet. */
async function askForDecision(
  sql: Sql,
  { id, plan, policy }: Portfolio,
  { valuation: { session, drawdown }, stateChanged, isClosed }: Found,
): Promise<void> {
  const acted = (await newestDecision(sql, id, null))?.decision;
  // At a session that is decided already it is too late: the next one's revaluation asks again.
  if (acted && acted.asOf >= session) return;
  const isOther = actedOn(policy, drawdown) !== (acted ? actedOn(policy, acted.drawdown) : 'normal');
  const beside = isOther ? 'restatement' : isClosed ? 'delisting' : null;
  const reason = stateChanged ? 'drawdown' : beside;
  if (reason === null || (await hasOpenRebalance(sql, id))) return;
  // Where the month's own decision is due at this session, its slot is there already and stays.
  await insertSlots(sql, [slotAt(plan, 'rebalance', session, reason)]);
}

/** What decisions act on: the state, and of a cushion, whose exposure moves with every session, whether it leaves any. */
function actedOn({ drawdown: limits }: PortfolioPolicy, status: DrawdownStatus): string {
  if (limits?.method !== 'cushion') return status.state;
  return allowedExposure(status, limits) === 0 ? 'halted' : 'normal';
}
