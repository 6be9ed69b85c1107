import { Command } from 'commander';
import { isAllHold } from '../../app/backtest/fallback-counts.ts';
import { runBacktest } from '../../app/backtest/run.ts';
import { limitWarnings, loadConfig } from '../../app/config/load.ts';
import { portfolioIn, type Session } from '../../app/queries/subject.ts';
import { openLog } from '../log.ts';
import { type Common, dateArgument, portfolioOption, withConfig } from '../options.ts';
import { comparison } from '../output/comparison.ts';
import { fallbackLines } from '../output/fallbacks.ts';

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
      const { last, decisions, fallbacks } = results[0]!;
      if (options.json) console.log(JSON.stringify(results, null, 2));
      else {
        console.log(`${chosen.id} from ${first} to ${last}: ${decisions} decisions\n`);
        for (const line of [...comparison(results), '', ...fallbackLines(fallbacks)]) console.log(line);
      }
      for (const warning of limitWarnings(chosen)) process.stderr.write(`rebalanced: ${warning}\n`);
      if (isAllHold(fallbacks))
        throw new Error(
          'every decision was to hold what is held, so nothing here tells of the strategy: see the reasons of fallback level hold',
        );
    });
}
