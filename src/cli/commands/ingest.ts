import { Command } from 'commander';
import { ingestNow } from '../../app/manual/ingest.ts';
import { explainFiles } from '../../app/queries/explain-files.ts';
import { stop } from '../../app/stop-signal.ts';
import { type Common, withConfig, withContext } from '../options.ts';

export function ingestCommand(): Command {
  return withConfig(new Command('ingest'))
    .description('fetch the prices that are due now')
    .option('--explain', 'first print how files of prices are read')
    .action(async (options: Common & { explain?: boolean }) =>
      withContext(options, async (context) => {
        if (options.explain) for (const line of explainFiles(context.config)) console.log(line);
        const { reach, failed } = await ingestNow(context, stop);
        for (const { portfolio, symbol, session } of reach)
          console.log(`${portfolio} ${symbol}: prices up to ${session ?? '(none)'}`);
        if (failed.length > 0) throw new Error(failed.join('\n'));
      }),
    );
}
