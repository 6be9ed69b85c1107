import { decisionAt } from '../../adapters/postgres/decision-rows.ts';
import { cashSymbol, newestValuation } from '../../adapters/postgres/valuation-rows.ts';
import type { Session } from '../../core/calendar/session.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import type { Decision } from '../../core/policy/decision.ts';
import { slotAt } from '../../core/schedule/plan.ts';
import { effectivePortfolio, withSymbols } from '../../tasks/effective.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import { proposeDecision, recomputeDecision } from '../../tasks/proposal.ts';
import { rebalanceByHand } from '../../tasks/rebalance.ts';
import { NotReadyError } from '../../tasks/task.ts';
import type { Context } from '../context.ts';
import { UserError } from '../user-error.ts';

/**
 * Decides beside the calendar, at the newest valued session: an earlier one (`asOf`) is filled already and refused, and
 * so is one whose fill has passed at `now`, epoch milliseconds (null where time is virtual: as if that session had just
 * been valued).
 */
export async function decideByHand(
  context: Context,
  configured: Portfolio,
  asOf: Session | null,
  now: number | null,
): Promise<Decision> {
  const portfolio = await effectivePortfolio(context.database, configured, null);
  const { session, newest } = await sessionToDecide(context, portfolio, asOf);
  if (session !== newest)
    throw new UserError(
      `--as-of ${session} is already filled by later sessions; expected ${newest}, or --dry-run`,
    );
  const { database, services } = context;
  const at = now ?? slotAt(portfolio.plan, 'rebalance', session).dueAt;
  return rebalanceByHand(database, { portfolio, services }, session, at).catch(asUserError);
}

/**
 * What is, or was, decided at `asOf` (null: the newest valued session); writes nothing. A stored decision is made again
 * from its own inputs, and an Error says so when that gives another one; any other session is decided from its rows.
 */
export async function dryRun(
  context: Context,
  configured: Portfolio,
  asOf: Session | null,
): Promise<Decision> {
  const { database, services } = context;
  const newest = await effectivePortfolio(database, configured, null);
  const { session } = await sessionToDecide(context, newest, asOf);
  const stored = await decisionAt(database, configured.id, session);
  const decided = stored?.decision.lines.map(({ symbol }) => symbol);
  const portfolio = decided
    ? withSymbols(configured, decided)
    : await effectivePortfolio(database, configured, session);
  const decisions = { portfolio, services };
  try {
    if (!stored) return (await proposeDecision(database, decisions, session, 'manual')).decision;
    const again = await recomputeDecision(database, decisions, stored);
    if (canonicalJson(again) === canonicalJson(stored.decision)) return again;
  } catch (error) {
    asUserError(error);
  }
  throw new Error(
    `the decision of ${session} cannot be made again: its inputs or this code gave another one; compare it with the row`,
  );
}

function asUserError(error: unknown): never {
  throw error instanceof NotReadyError ? new UserError(error.message) : error;
}

/** A decision as the command prints it: canonical JSON, with its session and the target weight of each symbol, cash too. */
export function decisionText(decision: Decision): string {
  const { asOf, lines, cash } = decision;
  const weights = {
    ...Object.fromEntries(lines.map((line) => [line.symbol, line.target])),
    [cashSymbol]: cash.target,
  };
  return canonicalJson({ ...decision, session: asOf, weights }, 2);
}

async function sessionToDecide(
  { database }: Context,
  { id, plan, policy }: Portfolio,
  asOf: Session | null,
): Promise<{ session: Session; newest: Session }> {
  const valuation = await newestValuation(database, id, null, policy.symbols);
  if (valuation === null)
    throw new UserError(`${id} has not been valued yet; run \`npm start\` or \`npm run demo\` first`);
  const newest = valuation.session;
  const session = asOf ?? newest;
  if (session < plan.inception || session > newest)
    throw new UserError(
      `--as-of ${session} is outside ${id}'s valued sessions; expected ${plan.inception} to ${newest}`,
    );
  if (!plan.calendar.isSession(session))
    throw new UserError(
      `--as-of ${session} is no ${plan.calendar.name} session; the one before is ${plan.calendar.previous(session)}`,
    );
  return { session, newest };
}
