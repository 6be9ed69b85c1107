import { Command } from 'commander';
import { recordFlow } from '../../app/manual/flow.ts';
import { portfolioIn } from '../../app/queries/subject.ts';
import { refuseDuringReplay } from '../../app/replay/claim.ts';
import { UserError } from '../../app/user-error.ts';
import { money } from '../../presentation/format.ts';
import { type Common, portfolioOption, replayNamed, withContext, withStore } from '../options.ts';

type Options = Common & { portfolio?: string; amount: string; note?: string };

export function flowCommand(): Command {
  return withStore(new Command('flow'))
    .description('record a deposit or a withdrawal at the newest valued session; returns stay time-weighted')
    .addOption(portfolioOption())
    .requiredOption('--amount <money>', "in the portfolio's currency, below 0 for a withdrawal")
    .option('--note <text>', 'what it was')
    .action(async (options: Options) =>
      withContext(options, async (context) => {
        const portfolio = context.portfolio(portfolioIn(context.config, options.portfolio).id);
        if (replayNamed(options) !== null) await refuseDuringReplay(context.database);
        const flow = { amount: amountOf(options.amount), note: options.note ?? null };
        const { session, worth } = await recordFlow(context.database, portfolio, flow, Date.now());
        const { id, currency } = portfolio;
        const what = flow.amount > 0 ? 'deposited' : 'withdrawn';
        console.log(
          `${id}: ${money(Math.abs(flow.amount), currency)} ${what} at the close of ${session}; the account is worth ${money(worth, currency)}`,
        );
      }),
    );
}

function amountOf(text: string): number {
  const amount = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(amount) || amount === 0)
    throw new UserError(`--amount is ${text}; expected an amount of money such as 1000 or -250.50, not 0`);
  return amount;
}
