import { lockAccount, readAccount } from '../adapters/postgres/account-rows.ts';
import { barsAfterValuation } from '../adapters/postgres/bar-rows.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import { newestDecision, saveFill } from '../adapters/postgres/decision-rows.ts';
import { insertSlots } from '../adapters/postgres/slot-rows.ts';
import { newestValuation, saveValuation } from '../adapters/postgres/valuation-rows.ts';
import { worthAt } from '../core/accounting/account.ts';
import { cashReturn } from '../core/accounting/cash-returns.ts';
import { lastReturnSessions, lastReturns } from '../core/accounting/last-returns.ts';
import { openingValuation, revalue as step } from '../core/accounting/valuation.ts';
import type { Session } from '../core/calendar/session.ts';
import { PricePanel } from '../core/market/panel.ts';
import { inOrderOf } from '../core/policy/decision.ts';
import { slotAt } from '../core/schedule/plan.ts';
import type { Slot } from '../core/schedule/slot.ts';
import type { Portfolio } from './portfolio.ts';
import { readPanel } from './prices.ts';
import { completeSlot, type TaskRun } from './task.ts';

/**
 * Values the portfolio at the slot's close: holdings drift, a decision of the close before is filled and charged, the
 * drawdown state steps. A changed state asks for a decision, the month's own where that is due at this session.
 */
export async function revalue(run: TaskRun): Promise<void> {
  await completeSlot(run, (sql) => revalueIn(sql, run.portfolio, run.slot));
}

async function revalueIn(sql: Sql, portfolio: Portfolio, slot: Slot): Promise<void> {
  const { id, policy, plan } = portfolio;
  await lockAccount(sql, id);
  const before = await newestValuation(sql, id, slot.session, policy.symbols);
  if (before === null) {
    await saveValuation(sql, id, policy.symbols, openingValuation(slot.session, policy));
    return;
  }
  const returns = await readReturns(sql, portfolio, before.session, slot.session);
  const last = await newestDecision(sql, id, before.session);
  const pending = last?.decision.asOf === before.session ? last : null;
  const targets =
    last &&
    inOrderOf(
      last.decision,
      last.decision.lines.map((line) => line.target),
      policy.symbols,
    );
  const { valuation, fill, stateChanged } = step(
    before,
    slot.session,
    returns,
    pending?.decision ?? null,
    targets,
    policy,
    worthAt(await readAccount(sql, portfolio), before),
    await readCashReturn(sql, portfolio, slot.session),
  );
  await saveValuation(sql, id, policy.symbols, valuation);
  if (pending && fill) await saveFill(sql, pending.decisionId, slot.session, fill);
  // Where the month's own decision is due at this session, its slot is there already and stays.
  if (stateChanged) await insertSlots(sql, [slotAt(plan, 'rebalance', slot.session, 'drawdown')]);
}

/** What cash earned over the session. */
async function readCashReturn(sql: Sql, portfolio: Portfolio, session: Session): Promise<number> {
  const follows = portfolio.policy.cash.proxySymbol !== null;
  const panel = follows ? await readPanel(sql, portfolio, session, lastReturnSessions, null) : null;
  return cashReturn(portfolio.policy, panel);
}

/** Each symbol's return from what the portfolio was valued by at `before` to what is known of `session` now. */
async function readReturns(
  sql: Sql,
  portfolio: Portfolio,
  before: Session,
  session: Session,
): Promise<number[]> {
  const { policy, sourceName } = portfolio;
  const panel = (await readPanel(sql, portfolio, session, lastReturnSessions, null)).select(policy.symbols);
  const late = await barsAfterValuation(sql, {
    source: sourceName,
    symbols: policy.symbols,
    portfolio: portfolio.id,
    from: panel.sessions[0]!,
    to: before,
  });
  return lastReturns(late.length > 0 ? countedNow(panel, late) : panel);
}

/** The panel as if bars that came after their session was valued had come at its last session: no return is lost. */
function countedNow(panel: PricePanel, late: readonly { symbol: string; session: Session }[]): PricePanel {
  const last = panel.sessions.length - 1;
  const levels = panel.levels.map((column) => column.slice());
  for (const { symbol, session } of late) {
    const column = levels[panel.symbols.indexOf(symbol)]!;
    const row = panel.sessions.indexOf(session);
    if (Number.isNaN(panel.column(symbol)[last]!)) column[last] = column[row]!;
    column[row] = Number.NaN;
  }
  return new PricePanel(panel.sessions, panel.symbols, levels);
}
