import { Command } from 'commander';
import { newestBars } from '../../adapters/postgres/bar-rows.ts';
import { championModel } from '../../adapters/postgres/model-rows.ts';
import { insertSlots } from '../../adapters/postgres/slot-rows.ts';
import { catchUp } from '../../app/daemon/catch-up.ts';
import { stop } from '../../app/stop-signal.ts';
import { UserError } from '../../app/user-error.ts';
import { slotAt } from '../../core/schedule/plan.ts';
import { type Common, portfolioIn, withConfig, withContext } from '../options.ts';

export function retrainCommand(): Command {
  return withConfig(new Command('retrain'))
    .description('train a network now, on the window that ends with the newest prices')
    .option('-p, --portfolio <id>', 'portfolio (default: the only one)')
    .action(async (options: Common & { portfolio?: string }) =>
      withContext(options, async (context) => {
        const portfolio = context.portfolio(portfolioIn(context.config, options.portfolio).id);
        const { id, forecaster } = portfolio;
        if (!forecaster)
          throw new UserError(`${id} has no forecaster in its configuration, so there is nothing to train`);
        if (forecaster.kind === 'naive')
          throw new UserError(
            `${id} forecasts by the rule ${forecaster.name}, which needs no training: its forecaster is naive`,
          );
        await catchUp(context, ['ingest'], Date.now(), stop);
        const newest = await newestBars(context.database, portfolio.sourceName, portfolio.policy.symbols);
        const session = [...newest.values()].sort()[0];
        if (session === undefined)
          throw new Error(`${id} has no prices yet; run \`rebalanced ingest\` and see what it says`);
        const slot = slotAt(portfolio.plan, 'retrain', session);
        const now = Math.max(Date.now(), slot.dueAt);
        await insertSlots(context.database, [{ ...slot, deadlineAt: now + 3_600_000 }]);
        const failed = await catchUp(context, ['retrain'], now, stop);
        if (failed.length > 0) throw new Error(failed.join('\n'));
        const model = await championModel(context.database, id, forecaster.head, session);
        console.log(`${id}: ${model ? `model ${model.modelId}` : 'no model'}, window up to ${session}`);
      }),
    );
}
