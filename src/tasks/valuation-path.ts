import { readAccount } from '../adapters/postgres/account-rows.ts';
import type { Sql } from '../adapters/postgres/database.ts';
import {
  type DecisionRow,
  decisionsFrom,
  type FillRow,
  fillsFrom,
} from '../adapters/postgres/decision-rows.ts';
import { symbolsInUse } from '../adapters/postgres/symbol-rows.ts';
import {
  cashSymbol,
  holdingsOf,
  newestValuation,
  toldFrom,
  type ValuationFigures,
  valuationsAfter,
} from '../adapters/postgres/valuation-rows.ts';
import { worthAt } from '../core/accounting/account.ts';
import { cashReturn } from '../core/accounting/cash-returns.ts';
import { lastReturnSessions } from '../core/accounting/last-returns.ts';
import { marketAt } from '../core/accounting/market.ts';
import { revalue, type Valuation } from '../core/accounting/valuation.ts';
import { addDays, type Session } from '../core/calendar/session.ts';
import { inOrderOf } from '../core/policy/decision.ts';
import type { Holdings } from '../core/portfolio/holdings.ts';
import { withSymbols } from './effective.ts';
import type { Portfolio } from './portfolio.ts';
import { readPanel } from './prices.ts';

/** All that a path of valuations is made from again. */
export type Path = {
  /** with every symbol that was held or decided on the way */
  portfolio: Portfolio;
  before: Valuation;
  from: Session;
  to: Session;
  /** the valuations that count so far */
  former: ReadonlyMap<Session, ValuationFigures>;
  decisions: readonly DecisionRow[];
  fills: readonly FillRow[];
  told: ReadonlyMap<Session, Holdings>;
};

/** Reads what the valuations of the sessions `from`..`to` are made from, of a portfolio as it is in effect. */
export async function readPath(sql: Sql, effective: Portfolio, from: Session, to: Session): Promise<Path> {
  const { id } = effective;
  const start = addDays(from, -1);
  const decisions = await decisionsFrom(sql, id, start);
  const lines = await toldFrom(sql, id, from);
  const portfolio = withSymbols(effective, [
    ...(await symbolsInUse(sql, id, start)),
    ...decisions.flatMap(decidedSymbols),
    ...[...lines.values()]
      .flat()
      .filter(isAsset)
      .map(({ symbol }) => symbol),
  ]);
  const { symbols } = portfolio.policy;
  const before = await newestValuation(sql, id, start, symbols);
  if (before === null) throw new Error(`${id} has no valuation before ${from}; expected its first one there`);
  const former = await valuationsAfter(sql, id, before.session);
  return {
    portfolio,
    before,
    from,
    to,
    former: new Map(former.map((valuation) => [valuation.session, valuation])),
    decisions,
    fills: await fillsFrom(sql, id, before.session),
    told: new Map([...lines].map(([session, held]) => [session, holdingsOf(id, held, symbols)])),
  };
}

const isAsset = ({ symbol, weight }: { symbol: string; weight: number }) =>
  symbol !== cashSymbol && weight !== 0;

function decidedSymbols({ decision: { lines, shadowTargets } }: DecisionRow): string[] {
  return lines
    .filter(({ held, target }, i) => held !== 0 || target !== 0 || shadowTargets[i] !== 0)
    .map(({ symbol }) => symbol);
}

/**
 * The valuations of the path's sessions, made again from the prices that are known now: the same decisions are filled at the
 * same sessions, and charged what they were charged.
 */
export async function walkAgain(sql: Sql, path: Path): Promise<Valuation[]> {
  const { portfolio, former, decisions, told, fills } = path;
  const { policy, plan } = portfolio;
  const sessions = plan.calendar.sessions(path.from, path.to);
  const panel = await readPanel(
    sql,
    portfolio,
    sessions.at(-1) ?? path.to,
    sessions.length + lastReturnSessions - 1,
    null,
  );
  const account = await readAccount(sql, portfolio);
  const rows = new Map(panel.sessions.map((session, row) => [session, row]));
  const valuations: Valuation[] = [];
  let { before } = path;
  // What was decided from this session on is not filled yet.
  let filledUpTo = before.session;
  for (const session of sessions) {
    const last = decisions.findLast(({ decision }) => decision.asOf < session)?.decision ?? null;
    const was = formerBetween(former, filledUpTo, session);
    const market = marketAt(panel, policy.symbols, before, policy.delisting, rows.get(session));
    // A session that has become one later saw no fill.
    const isOpen = last !== null && last.asOf >= filledUpTo && was !== null;
    const charged = fills.filter((fill) => fill.session > filledUpTo && fill.session <= session);
    const { valuation } = revalue(
      before,
      session,
      { ...market, priced: was ? tradedThen(policy.symbols, was) : policy.symbols.map(() => false) },
      isOpen ? last : null,
      last &&
        inOrderOf(
          last,
          last.lines.map((line) => line.target),
          policy.symbols,
        ),
      policy,
      {
        portfolioValue: worthAt(account, before),
        cashReturn: cashReturn(policy, panel, rows.get(session)),
        charged: was ? charged.reduce((sum, fill) => sum + fill.costRatio, 0) : 0,
      },
    );
    valuations.push(valuation);
    const live = told.get(session);
    before = live ? { ...valuation, live } : valuation;
    if (was) filledUpTo = session;
  }
  return valuations;
}

/** The newest former valuation after one session and up to another; null where there is none. */
function formerBetween(former: Path['former'], after: Session, to: Session): ValuationFigures | null {
  const exact = former.get(to);
  if (exact) return exact;
  return [...former.values()].findLast(({ session }) => session > after && session <= to) ?? null;
}

/** What was traded then is traded again, whatever is known of its close by now; what waited, waits. */
function tradedThen(symbols: readonly string[], { unfilled }: ValuationFigures): boolean[] {
  const waited = new Set(
    [unfilled?.live, unfilled?.shadow].flatMap((waiting) => Object.keys(waiting?.targets ?? {})),
  );
  return symbols.map((symbol) => !waited.has(symbol));
}
