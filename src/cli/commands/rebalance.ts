import { Command } from 'commander';
import { decideByHand, decisionText, dryRun } from '../../app/manual/rebalance.ts';
import { portfolioIn, type Session } from '../../app/queries/subject.ts';
import { refuseDuringReplay } from '../../app/replay/claim.ts';
import {
  type Common,
  dateArgument,
  portfolioOption,
  replayNamed,
  withContext,
  withStore,
} from '../options.ts';

type Options = Common & { portfolio?: string; asOf?: Session; dryRun?: boolean };

export function rebalanceCommand(): Command {
  return withStore(new Command('rebalance'))
    .description('decide now, beside the calendar; or show what is, or was, decided')
    .addOption(portfolioOption())
    .option('--as-of <date>', 'session to decide at (default: the newest one valued)', dateArgument)
    .option(
      '--dry-run',
      'write nothing; a session decided before is recomputed from what it was decided from',
    )
    .action(async (options: Options) =>
      withContext(options, async (context) => {
        const portfolio = context.portfolio(portfolioIn(context.config, options.portfolio).id);
        if (replayNamed(options) !== null && !options.dryRun) await refuseDuringReplay(context.database);
        const asOf = options.asOf ?? null;
        const now = replayNamed(options) === null ? Date.now() : null;
        const decision = options.dryRun
          ? await dryRun(context, portfolio, asOf)
          : await decideByHand(context, portfolio, asOf, now);
        console.log(decisionText(decision));
      }),
    );
}
