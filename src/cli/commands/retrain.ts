import { Command } from 'commander';
import { retrainNow } from '../../app/manual/retrain.ts';
import { portfolioIn } from '../../app/queries/subject.ts';
import { stop } from '../../app/stop-signal.ts';
import { type Common, portfolioOption, withConfig, withContext } from '../options.ts';

export function retrainCommand(): Command {
  return withConfig(new Command('retrain'))
    .description('train a network now, on the window that ends with the newest prices')
    .addOption(portfolioOption())
    .action(async (options: Common & { portfolio?: string }) =>
      withContext(options, async (context) => {
        const { id } = portfolioIn(context.config, options.portfolio);
        const { modelId, session } = await retrainNow(context, context.portfolio(id), stop);
        console.log(`${id}: ${modelId ? `model ${modelId}` : 'no model'}, window up to ${session}`);
      }),
    );
}
