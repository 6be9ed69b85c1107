import { Command } from 'commander';
import { newestBars } from '../../adapters/postgres/bar-rows.ts';
import { catchUp } from '../../app/daemon/catch-up.ts';
import { stop } from '../../app/stop-signal.ts';
import { pricedSymbols } from '../../tasks/portfolio.ts';
import { type Common, withConfig, withContext } from '../options.ts';

export function ingestCommand(): Command {
  return withConfig(new Command('ingest'))
    .description('fetch the prices that are due now')
    .action(async (options: Common) =>
      withContext(options, async (context) => {
        const failed = await catchUp(context, ['ingest'], Date.now(), stop);
        for (const portfolio of context.portfolios) {
          const newest = await newestBars(context.database, portfolio.sourceName, pricedSymbols(portfolio));
          for (const symbol of pricedSymbols(portfolio))
            console.log(`${portfolio.id} ${symbol}: prices up to ${newest.get(symbol) ?? '(none)'}`);
        }
        if (failed.length > 0) throw new Error(failed.join('\n'));
      }),
    );
}
