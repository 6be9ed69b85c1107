import { Command } from 'commander';
import { decisionAt } from '../../adapters/postgres/decision-rows.ts';
import { newestValuation } from '../../adapters/postgres/valuation-rows.ts';
import type { Context } from '../../app/context.ts';
import { refuseDuringReplay } from '../../app/replay/demo-claim.ts';
import { UserError } from '../../app/user-error.ts';
import type { Session } from '../../core/calendar/session.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import type { Decision } from '../../core/policy/decision.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import { proposeDecision, recomputeDecision } from '../../tasks/proposal.ts';
import { rebalanceByHand } from '../../tasks/rebalance.ts';
import { NotReadyError } from '../../tasks/task.ts';
import { type Common, dateArgument, portfolioIn, withContext, withStore } from '../options.ts';

type Options = Common & { portfolio?: string; asOf?: Session; dryRun?: boolean };

const farFuture = '9999-12-31';

export function rebalanceCommand(): Command {
  return withStore(new Command('rebalance'))
    .description('decide now, beside the calendar; or show what is, or was, decided')
    .option('-p, --portfolio <id>', 'portfolio (default: the only one)')
    .option('--as-of <date>', 'session to decide at (default: the newest one valued)', dateArgument)
    .option(
      '--dry-run',
      'write nothing; a session decided before is recomputed from what it was decided from',
    )
    .action(async (options: Options) =>
      withContext(options, async (context) => {
        const portfolio = context.portfolio(portfolioIn(context.config, options.portfolio).id);
        const newest = await newestValuation(
          context.database,
          portfolio.id,
          farFuture,
          portfolio.policy.symbols,
        );
        if (newest === null)
          throw new UserError(
            `${portfolio.id} has not been valued yet; run \`npm start\` or \`npm run demo\` first`,
          );
        const session = options.asOf ?? newest.session;
        check(portfolio, session, newest.session);
        const decision = options.dryRun
          ? await dryRun(context, portfolio, session)
          : await byHand(context, portfolio, session, newest.session, options);
        console.log(canonicalJson({ ...decision, session, weights: weightsOf(decision) }, 2));
      }),
    );
}

function check({ id, plan }: Portfolio, session: Session, newest: Session): void {
  if (session < plan.inception || session > newest)
    throw new UserError(
      `--as-of ${session} is outside ${id}'s valued sessions; expected ${plan.inception} to ${newest}`,
    );
  if (!plan.calendar.isSession(session))
    throw new UserError(
      `--as-of ${session} is no ${plan.calendar.name} session; the one before is ${plan.calendar.previous(session)}`,
    );
}

/** A stored decision is made again from its own inputs; any other session is decided from its rows. */
async function dryRun(context: Context, portfolio: Portfolio, session: Session): Promise<Decision> {
  const { database } = context;
  const stored = await decisionAt(database, portfolio.id, session);
  const decisions = { portfolio, services: context.services };
  try {
    if (stored) {
      const again = await recomputeDecision(database, decisions, stored);
      if (canonicalJson(again) !== canonicalJson(stored.decision))
        throw new Error(
          `the decision of ${session} cannot be made again: its inputs or this code gave another one; compare it with the row`,
        );
      return again;
    }
    return (await proposeDecision(database, decisions, session, 'manual')).decision;
  } catch (error) {
    throw error instanceof NotReadyError ? new UserError(error.message) : error;
  }
}

/** Target weight by symbol, cash among them. */
function weightsOf({ lines, cash }: Decision): Record<string, number> {
  return { ...Object.fromEntries(lines.map((line) => [line.symbol, line.target])), CASH: cash.target };
}

async function byHand(
  context: Context,
  portfolio: Portfolio,
  session: Session,
  newest: Session,
  { demo }: Options,
): Promise<Decision> {
  if (session !== newest)
    throw new UserError(
      `--as-of ${session} is already filled by later sessions; expected ${newest}, or --dry-run`,
    );
  if (demo) await refuseDuringReplay(context.database);
  return rebalanceByHand(
    context.database,
    { portfolio, services: context.services },
    session,
    new Date().toISOString(),
  );
}
