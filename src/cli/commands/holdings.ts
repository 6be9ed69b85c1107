import { Command } from 'commander';
import { importHoldings, readAs } from '../../app/manual/import-holdings.ts';
import { cashSymbol, readHoldings } from '../../app/queries/holdings.ts';
import { portfolioIn } from '../../app/queries/subject.ts';
import { refuseDuringReplay } from '../../app/replay/claim.ts';
import { holdingsKind } from '../../presentation/account.ts';
import { decimal, money, percent } from '../../presentation/format.ts';
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
      withContext(options, async (context) => {
        const { config, database } = context;
        const portfolio = context.portfolio(portfolioIn(config, options.portfolio).id);
        if (options.import !== undefined) {
          if (replayNamed(options) !== null) await refuseDuringReplay(database);
          const isComplete = options.complete ?? false;
          const found = await importHoldings(context, portfolio, options.import, Date.now(), { isComplete });
          console.log(`${readAs(found, options.explain ?? false).join('\n')}\n`);
        }
        const held = await readHoldings(database, portfolio);
        console.log(
          `${held.portfolio}: held at the close of ${held.session}, ${holdingsKind(held.importedOn)}, worth ${money(held.worth, held.currency)}\n`,
        );
        printTable(
          ['symbol', 'weight', 'value'],
          held.holdings.map(({ symbol, weight }) => [
            symbol,
            percent(weight, 2),
            decimal(weight * held.worth, 2),
          ]),
        );
      }),
    );
}
