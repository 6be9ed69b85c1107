import { readAccount } from '../adapters/postgres/account-rows.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import { type DecisionRow, readDecisions, readFills } from '../adapters/postgres/decision-rows.ts';
import { changedBars, saveRestatement, toldHoldings } from '../adapters/postgres/restatement-rows.ts';
import { reopenSlot } from '../adapters/postgres/slot-rows.ts';
import {
  heldSince,
  newestValuation,
  newestValuedAt,
  saveValuation,
  supersedeValuations,
  valuedSessions,
} from '../adapters/postgres/valuation-rows.ts';
import { worthAt } from '../core/accounting/account.ts';
import { lastReturnSessions } from '../core/accounting/last-returns.ts';
import { sessionMarket } from '../core/accounting/session-market.ts';
import { revalue as step, type Valuation } from '../core/accounting/valuation.ts';
import { minuteMs } from '../core/calendar/milliseconds.ts';
import type { Session } from '../core/calendar/session.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { inOrderOf } from '../core/policy/decision.ts';
import { slotAt } from '../core/schedule/plan.ts';
import { withSymbols } from './effective.ts';
import { type Portfolio, pricedSymbols, windowStart } from './portfolio.ts';
import { readPanel } from './prices.ts';
import type { Log } from './services.ts';

/**
 * An ingest of another portfolio that shares the source may commit bars after this one was valued, though it had begun
 * before: so long before the last valuation changes are looked for once more. Valuing again from the same prices changes
 * nothing.
 */
const commitMarginMs = 60 * minuteMs;

/** What prices that were known only later have changed. */
export type Restated = {
  from: Session;
  to: Session;
  symbols: string[];
  before: Valuation;
  after: Valuation;
};

/**
 * Values a portfolio again from the first session whose prices are known otherwise since it was valued, or that turned out
 * to be none. Decisions and fills are facts: their targets and charges stay, returns, weights, NAV, marks and states
 * follow. The former valuations are kept. Null where nothing is known otherwise. Runs in the caller's transaction.
 */
export async function restate(
  sql: Sql,
  portfolio: Portfolio,
  now: number,
  log: Log,
): Promise<Restated | null> {
  const valuedAt = await newestValuedAt(sql, portfolio.id);
  if (valuedAt === null) return null;
  const valued = await valuedSessions(sql, portfolio.id);
  const start = await firstChange(sql, portfolio, valued, valuedAt);
  if (start === null) return null;
  const at = Math.max(now, valuedAt + 1);
  const { plan } = portfolio;
  const last = valued.at(-1)!;
  const sessions = plan.calendar.sessions(plan.inception, last);
  const rest = sessions.filter((session) => session >= start.session && session > plan.inception);
  const since = plan.calendar.previous(start.session);
  const wider = withSymbols(portfolio, await heldSince(sql, portfolio.id, since));
  const { symbols } = wider.policy;
  const read = (session: Session) => newestValuation(sql, portfolio.id, session, symbols);
  const before = (await read(last))!;
  const path = await valuedAgain(sql, wider, rest);
  const superseded = valued.filter((session) => session >= start.session && !sessions.includes(session));
  const changed: Valuation[] = [];
  for (const valuation of path) {
    const current = await read(valuation.session);
    if (current?.session === valuation.session && isSame(current, valuation)) continue;
    changed.push(valuation);
    if (current?.session === valuation.session) superseded.push(valuation.session);
  }
  if (changed.length + superseded.length === 0) return null;
  await supersedeValuations(sql, portfolio.id, superseded, at);
  for (const valuation of changed) await saveValuation(sql, portfolio.id, symbols, valuation, at);
  const after = (await read(last))!;
  const restated = {
    from: [...superseded, ...changed.map((v) => v.session)].sort()[0]!,
    to: last,
    symbols: start.symbols,
    before,
    after,
  };
  await saveRestatement(sql, portfolio.id, restated, at);
  const effectBps = (after.navNet / before.navNet - 1) * 10_000;
  log.warn(
    {
      portfolio: portfolio.id,
      from: restated.from,
      to: last,
      symbols: start.symbols,
      effectBps,
      state: after.drawdown.state,
    },
    'prices were restated; the portfolio is valued again',
  );
  return restated;
}

/** The first session to be valued again, and the symbols whose prices ask for it. */
async function firstChange(
  sql: Sql,
  portfolio: Portfolio,
  valued: readonly Session[],
  valuedAt: number,
): Promise<{ session: Session; symbols: string[] } | null> {
  const { id, plan, sourceName } = portfolio;
  const last = valued.at(-1)!;
  const changes = await changedBars(sql, {
    source: sourceName,
    // A price that stood in for the one of the inception moves the first return.
    from: windowStart(portfolio, plan.inception, lastReturnSessions),
    to: last,
    after: valuedAt - commitMarginMs,
    valuedAt,
  });
  const priced = new Set(pricedSymbols(portfolio));
  const isForeign = changes.some(({ symbol }) => !priced.has(symbol));
  if (isForeign) for (const symbol of await heldSince(sql, id, valued[0]!)) priced.add(symbol);
  const own = changes.filter(({ symbol }) => priced.has(symbol));
  const planned = plan.calendar.sessions(plan.inception, last);
  const moved = planned.length === valued.length ? null : firstDifference(planned, valued);
  const sessions = [...own.map(({ session }) => session), ...(moved === null ? [] : [moved])].sort();
  if (sessions.length === 0) return null;
  const sure = own.filter(({ isSure }) => isSure);
  return { session: sessions[0]!, symbols: (sure.length > 0 ? sure : own).map(({ symbol }) => symbol) };
}

/** The first session that one list has and the other has not. */
function firstDifference(planned: readonly Session[], valued: readonly Session[]): Session | null {
  const [plannedOnes, valuedOnes] = [new Set(planned), new Set(valued)];
  const isInBoth = (session: Session) => plannedOnes.has(session) && valuedOnes.has(session);
  return [...planned, ...valued].filter((session) => !isInBoth(session)).sort()[0] ?? null;
}

/** The portfolio at each of these sessions, one after another, by what is known of prices now. */
async function valuedAgain(
  sql: Sql,
  portfolio: Portfolio,
  sessions: readonly Session[],
): Promise<Valuation[]> {
  const { id, policy, plan } = portfolio;
  const [first, last] = [sessions[0], sessions.at(-1)];
  if (first === undefined || last === undefined) return [];
  const { symbols } = policy;
  const start = await newestValuation(sql, id, plan.calendar.previous(first), symbols);
  if (start === null)
    throw new Error(`${id} has no valuation before ${first}, from which it could be valued again`);
  const decisions = await readDecisions(sql, id);
  const fills = await readFills(sql, id, first);
  const told = await toldHoldings(sql, id, first, symbols);
  const account = await readAccount(sql, portfolio);
  const path: Valuation[] = [];
  let before = start;
  for (const session of sessions) {
    const market = sessionMarket(await readPanel(sql, portfolio, session, lastReturnSessions, null), policy);
    const made = newestUpTo(decisions, before.session);
    const pending = made?.decision.asOf === before.session ? made.decision : null;
    const targets =
      made &&
      inOrderOf(
        made.decision,
        made.decision.lines.map((line) => line.target),
        symbols,
      );
    const charged = fills.find((fill) => fill.session === session) ?? null;
    const portfolioValue = worthAt(account, before);
    const { valuation } = step(before, session, market, pending, targets, policy, {
      portfolioValue,
      charged,
    });
    path.push(valuation);
    before = { ...valuation, live: told.get(session) ?? valuation.live };
  }
  return path;
}

/** Decisions are ascending by session and revision. */
const newestUpTo = (decisions: readonly DecisionRow[], session: Session) =>
  decisions.findLast(({ decision }) => decision.asOf <= session) ?? null;

/** Told holdings stand in for the computed ones wherever valuations are read, so they tell no difference. */
function isSame(current: Valuation, again: Valuation): boolean {
  const { live: _, ...figures } = current;
  const { live: __, ...figuresAgain } = again;
  return canonicalJson(figures) === canonicalJson(figuresAgain);
}

/** Has a portfolio valued again where prices were restated without a new session's coming. */
export async function reopenRevaluation(sql: Sql, portfolio: Portfolio): Promise<void> {
  const newest = (await valuedSessions(sql, portfolio.id)).at(-1);
  if (newest !== undefined) await reopenSlot(sql, slotAt(portfolio.plan, 'revalue', newest));
}
