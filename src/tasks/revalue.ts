import { lockAccount, readAccount } from '../adapters/postgres/account-rows.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import { newestDecision, saveFill } from '../adapters/postgres/decision-rows.ts';
import { isRestatedSince } from '../adapters/postgres/restatement-rows.ts';
import { insertSlots } from '../adapters/postgres/slot-rows.ts';
import { newestValuation, saveValuation } from '../adapters/postgres/valuation-rows.ts';
import { worthAt } from '../core/accounting/account.ts';
import { lastReturnSessions } from '../core/accounting/last-returns.ts';
import { sessionMarket } from '../core/accounting/session-market.ts';
import { openingValuation, revalue as step, type Valuation } from '../core/accounting/valuation.ts';
import type { Session } from '../core/calendar/session.ts';
import { inOrderOf } from '../core/policy/decision.ts';
import { slotAt } from '../core/schedule/plan.ts';
import type { Slot } from '../core/schedule/slot.ts';
import { readPanel } from './prices.ts';
import { restate } from './restate.ts';
import { completeSlot, type TaskRun } from './task.ts';

/**
 * Values the portfolio at the slot's close. First whatever is known otherwise by now of the sessions before is valued again
 * (`restate`); then holdings drift, a decision of the close before is filled and charged, the drawdown state steps. Where
 * another exposure is allowed than was acted on, or a holding does not trade any more, a decision is asked for; the month's
 * own where that is due at this session.
 */
export async function revalue(run: TaskRun): Promise<void> {
  await completeSlot(run, (sql) => revalueIn(sql, run));
}

async function revalueIn(sql: Sql, run: TaskRun): Promise<void> {
  const { portfolio, slot, now, services } = run;
  const { id, policy } = portfolio;
  await lockAccount(sql, id);
  await restate(sql, portfolio, now, services.log);
  const before = await newestValuation(sql, id, null, policy.symbols);
  if (before === null) {
    await saveValuation(sql, id, policy.symbols, openingValuation(slot.session, policy), now);
    return;
  }
  const isNext = before.session < slot.session;
  const reason = isNext ? await valueNext(sql, run, before) : null;
  await askForDecision(sql, run, isNext ? slot.session : before.session, reason);
}

/** Steps the portfolio to the slot's session; returns what asks for a decision beside the month's. */
async function valueNext(sql: Sql, run: TaskRun, before: Valuation): Promise<Reason | null> {
  const { portfolio, slot, now, services } = run;
  const { id, policy } = portfolio;
  const panel = await readPanel(sql, portfolio, slot.session, lastReturnSessions, null);
  const last = await newestDecision(sql, id, before.session);
  const pending = last?.decision.asOf === before.session ? last.decision : null;
  const targets =
    last &&
    inOrderOf(
      last.decision,
      last.decision.lines.map((line) => line.target),
      policy.symbols,
    );
  const market = sessionMarket(panel, policy);
  const { valuation, fill, stateChanged, closed, isRuined } = step(
    before,
    slot.session,
    market,
    pending,
    targets,
    policy,
    { portfolioValue: worthAt(await readAccount(sql, portfolio), before) },
  );
  await saveValuation(sql, id, policy.symbols, valuation, now);
  if (last && fill) await saveFill(sql, last.decisionId, slot.session, fill);
  const where = { portfolio: id, session: slot.session };
  if (closed.length > 0)
    services.log.warn({ ...where, symbols: closed }, 'holdings that do not trade any more were closed');
  if (isRuined)
    services.log.error(where, 'everything was lost: the portfolio is valued at its floor, in cash');
  return closed.length > 0 ? 'delisting' : stateChanged ? 'drawdown' : null;
}

type Reason = NonNullable<Slot['reason']>;

/**
 * Asks for a decision at the newest valued session: for what its step brought, or where prices were restated since the
 * newest decision and another drawdown state holds than it acted on. Where a decision is due there anyway, or was made, its
 * slot stays as it is; a restatement is then acted on at the next session.
 */
async function askForDecision(
  sql: Sql,
  { portfolio, now }: TaskRun,
  session: Session,
  reason: Reason | null,
): Promise<void> {
  const { id, plan, policy } = portfolio;
  if (reason) {
    await insertSlots(sql, [slotAt(plan, 'rebalance', session, reason)]);
    return;
  }
  const last = await newestDecision(sql, id, null);
  if (!last || !(await isRestatedSince(sql, id, last.decidedAt))) return;
  const { drawdown } = (await newestValuation(sql, id, session, policy.symbols))!;
  const slot = slotAt(plan, 'rebalance', session, 'restatement');
  // While sessions are caught up with, only the newest one's decision can still be filled.
  if (drawdown.state !== last.decision.drawdown.state && slot.deadlineAt > now)
    await insertSlots(sql, [slot]);
}
