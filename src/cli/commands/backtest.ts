import { Command } from 'commander';
import { runBacktest } from '../../app/backtest/run.ts';
import { loadConfig } from '../../app/config/load.ts';
import { portfolioIn, type Session } from '../../app/queries/subject.ts';
import { openLog } from '../log.ts';
import { type Common, dateArgument, portfolioOption, withConfig } from '../options.ts';
import { comparison } from '../output/comparison.ts';

type Options = Common & { portfolio?: string; from?: Session; to?: Session; json?: boolean };

export function backtestCommand(): Command {
  return withConfig(new Command('backtest'))
    .description(
      'walk a portfolio forward over its past prices, networks retrained on the way, beside equal weight',
    )
    .addOption(portfolioOption())
    .option('--from <date>', 'first session walked (default: the configured inception)', dateArgument)
    .option('--to <date>', 'last session walked (default: the newest with prices)', dateArgument)
    .option('--json', 'every measure, as JSON')
    .action(async (options: Options) => {
      const config = loadConfig(options.config);
      const chosen = portfolioIn(config, options.portfolio);
      const { first, results } = await runBacktest(config, chosen, {
        from: options.from ?? null,
        to: options.to ?? null,
        env: process.env,
        log: openLog('warn'),
      });
      if (options.json) return console.log(JSON.stringify(results, null, 2));
      const { last, decisions } = results[0]!;
      console.log(`${chosen.id} from ${first} to ${last}: ${decisions} decisions\n`);
      for (const line of comparison(results)) console.log(line);
    });
}
