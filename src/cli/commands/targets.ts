import { Command, Option } from 'commander';
import { newestDecision } from '../../adapters/postgres/decision-rows.ts';
import { UserError } from '../../app/user-error.ts';
import type { Session } from '../../core/calendar/session.ts';
import { type Common, dateArgument, portfolioIn, withDatabase, withStore } from '../options.ts';
import { percent } from '../output/figures.ts';
import { printTable } from '../output/table.ts';

type Options = Common & { portfolio?: string; asOf?: Session; format: 'table' | 'csv' | 'json' };

export function targetsCommand(): Command {
  return withStore(new Command('targets'))
    .description('print the target weights, the newest or those in force at a date')
    .option('-p, --portfolio <id>', 'portfolio (default: the only one)')
    .option('--as-of <date>', 'the newest decision made at or before this date', dateArgument)
    .addOption(
      new Option('--format <format>', 'how to print them').choices(['table', 'csv', 'json']).default('table'),
    )
    .action(async (options: Options) =>
      withDatabase(options, async (database, config) => {
        const { id } = portfolioIn(config, options.portfolio);
        const found = await newestDecision(database, id, options.asOf ?? '9999-12-31');
        if (!found)
          throw new UserError(
            `${id} has no decision${options.asOf ? ` at or before ${options.asOf}` : ' yet'}; expected one made by the daemon or the demo`,
          );
        const { decision, revision } = found;
        const rows = [
          ...decision.lines.map(({ symbol, target, held, trade }) => ({
            symbol,
            weight: target,
            held,
            trade,
          })),
          {
            symbol: 'CASH',
            weight: decision.cash.target,
            held: decision.cash.held,
            trade: decision.cash.target - decision.cash.held,
          },
        ];
        if (options.format === 'json')
          console.log(
            JSON.stringify(
              { portfolio: id, session: decision.asOf, revision, reason: decision.reason, targets: rows },
              null,
              2,
            ),
          );
        else if (options.format === 'csv') {
          console.log('portfolio,session,symbol,weight,held,trade');
          for (const r of rows)
            console.log([id, decision.asOf, r.symbol, r.weight, r.held, r.trade].join(','));
        } else {
          console.log(
            `${id}: targets of ${decision.asOf} (${decision.reason}, fallback level ${decision.fallbackLevel}), filled at the next close\n`,
          );
          printTable(
            ['symbol', 'target', 'held', 'trade'],
            rows.map((r) => [r.symbol, percent(r.weight), percent(r.held), percent(r.trade)]),
          );
        }
      }),
    );
}
