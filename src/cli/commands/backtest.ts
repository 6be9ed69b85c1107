import { Command } from 'commander';
import { SourceError } from '../../adapters/prices/source.ts';
import { backtest } from '../../app/backtest/backtest.ts';
import { loadConfig } from '../../app/config/load.ts';
import { sourceOf, wirePortfolio } from '../../app/portfolios.ts';
import { untilStopped } from '../../app/stop-signal.ts';
import { trainerOf, trainingPool } from '../../app/training/trainer.ts';
import { UserError } from '../../app/user-error.ts';
import type { Session } from '../../core/calendar/session.ts';
import { openLog } from '../log.ts';
import { type Common, dateArgument, portfolioIn, withConfig } from '../options.ts';
import { comparison } from '../output/comparison.ts';

type Options = Common & { portfolio?: string; from?: Session; to?: Session; json?: boolean };

export function backtestCommand(): Command {
  return withConfig(new Command('backtest'))
    .description(
      'walk a portfolio forward over its past prices, networks retrained on the way, beside equal weight',
    )
    .option('-p, --portfolio <id>', 'portfolio (default: the only one)')
    .option('--from <date>', 'first session walked (default: the configured inception)', dateArgument)
    .option('--to <date>', 'last session walked (default: the newest with prices)', dateArgument)
    .option('--json', 'every measure, as JSON')
    .action(async (options: Options) => {
      const config = loadConfig(options.config);
      const chosen = portfolioIn(config, options.portfolio);
      const from = options.from ?? chosen.inception;
      if (from === null)
        throw new UserError(`${chosen.id} has no inception in its configuration; expected --from DATE`);
      const to = options.to ?? new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
      if (to <= from)
        throw new UserError(`the walk ends on ${to} and begins on ${from}; expected a later end`);
      const log = openLog('error');
      const portfolio = wirePortfolio(config, chosen, sourceOf(config.sources[chosen.source]!, log), from);
      const pool = trainingPool(config, process.env, log);
      try {
        const results = await untilStopped(
          () => backtest(portfolio, trainerOf(pool), to),
          () => void pool.close(),
        );
        if (options.json) return console.log(JSON.stringify(results, null, 2));
        console.log(
          `${chosen.id} from ${portfolio.plan.inception} to ${results[0]!.last}: ${results[0]!.decisions} decisions\n`,
        );
        for (const line of comparison(results)) console.log(line);
      } catch (error) {
        throw error instanceof SourceError ? new UserError(`no prices: ${error.message}`) : error;
      } finally {
        await pool.close();
      }
    });
}
