import { Command } from 'commander';
import { importHoldings, readAs } from '../../app/manual/import-holdings.ts';
import { cashSymbol, readHoldings } from '../../app/queries/holdings.ts';
import { portfolioIn } from '../../app/queries/subject.ts';
import { refuseDuringReplay } from '../../app/replay/claim.ts';
import { percent } from '../../presentation/format.ts';
import { type Common, portfolioOption, replayNamed, withContext, withStore } from '../options.ts';
import { printTable } from '../output/table.ts';

type Options = Common & { portfolio?: string; import?: string; complete?: boolean; explain?: boolean };

export function holdingsCommand(): Command {
  return withStore(new Command('holdings'))
    .description('print what is held; or import what a broker says is held, to trade from that')
    .addOption(portfolioOption())
    .option(
      '--import <file>',
      `CSV: symbol,quantity or symbol,weight among any columns, with a line for ${cashSymbol}`,
    )
    .option('--complete', 'what the file does not list is not held, cash included')
    .option('--explain', 'also how the file was read, column by column')
    .action(async (options: Options) =>
      withContext(options, async ({ config, database, ...context }) => {
        const portfolio = context.portfolio(portfolioIn(config, options.portfolio).id);
        if (options.import !== undefined) {
          if (replayNamed(options) !== null) await refuseDuringReplay(database);
          const isComplete = options.complete ?? false;
          const found = await importHoldings(database, portfolio, options.import, { isComplete });
          console.log(`${readAs(found, options.explain ?? false).join('\n')}\n`);
        }
        const { portfolio: id, session, holdings } = await readHoldings(database, portfolio);
        console.log(`${id}: held at the close of ${session}\n`);
        printTable(
          ['symbol', 'weight'],
          holdings.map(({ symbol, weight }) => [symbol, percent(weight, 2)]),
        );
      }),
    );
}
