import { Command } from 'commander';
import { ingestNow } from '../../app/manual/ingest.ts';
import { stop } from '../../app/stop-signal.ts';
import { type Common, withConfig, withContext } from '../options.ts';

export function ingestCommand(): Command {
  return withConfig(new Command('ingest'))
    .description('fetch the prices that are due now')
    .action(async (options: Common) =>
      withContext(options, async (context) => {
        const { reach, failed } = await ingestNow(context, stop);
        for (const { portfolio, symbol, session } of reach)
          console.log(`${portfolio} ${symbol}: prices up to ${session ?? '(none)'}`);
        if (failed.length > 0) throw new Error(failed.join('\n'));
      }),
    );
}
