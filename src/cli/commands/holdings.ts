import { Command } from 'commander';
import { readBars } from '../../adapters/postgres/bar-rows.ts';
import { decisionAt } from '../../adapters/postgres/decision-rows.ts';
import { cashSymbol, newestValuation, saveImportedHoldings } from '../../adapters/postgres/valuation-rows.ts';
import { readHoldings } from '../../adapters/prices/csv/holdings.ts';
import { SourceError } from '../../adapters/prices/source.ts';
import { refuseDuringReplay } from '../../app/replay/demo-claim.ts';
import { UserError } from '../../app/user-error.ts';
import { importedWeights, type ReportedLine } from '../../core/accounting/imported-holdings.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import { type Common, portfolioIn, withContext, withStore } from '../options.ts';
import { percent } from '../output/figures.ts';
import { printTable } from '../output/table.ts';

const farFuture = '9999-12-31';

export function holdingsCommand(): Command {
  return withStore(new Command('holdings'))
    .description('print what is held; or import what a broker says is held, to trade from that')
    .option('-p, --portfolio <id>', 'portfolio (default: the only one)')
    .option('--import <file>', `CSV: symbol,quantity or symbol,weight, with a line for ${cashSymbol}`)
    .action(async (options: Common & { portfolio?: string; import?: string }) =>
      withContext(options, async ({ config, database, ...context }) => {
        const portfolio = context.portfolio(portfolioIn(config, options.portfolio).id);
        const { portfolio: id, symbols } = portfolio.policy;
        const before = await newestValuation(database, id, farFuture, symbols);
        if (!before)
          throw new UserError(`${id} has not been valued yet, so nothing is held; run \`npm start\` first`);
        const { session } = before;
        if (options.import !== undefined) {
          if (options.demo) await refuseDuringReplay(database);
          if (await decisionAt(database, id, session))
            throw new UserError(
              `${id} was decided at ${session} from other holdings; expected the import before the decision, or after the next session`,
            );
          const lines = read(options.import, portfolio.policy);
          const window = { source: portfolio.sourceName, symbols, from: session, to: session, vintage: null };
          const closes = new Map((await readBars(database, window)).map((bar) => [bar.symbol, bar.close]));
          const weights = weigh(options.import, lines, closes);
          await database
            .transaction((sql) => saveImportedHoldings(sql, id, session, weights, new Date().toISOString()))
            .catch((error: { constraint?: string; message: string }) => {
              throw error.constraint === 'imported_holdings_key'
                ? new UserError(
                    `holdings of ${id} at ${session} were imported before; expected one import a session`,
                  )
                : error;
            });
        }
        const now = (await newestValuation(database, id, session, symbols))!;
        console.log(`${id}: held at the close of ${session}\n`);
        const rows = [
          ...symbols.map((symbol, i) => [symbol, now.live.weights[i]!] as const),
          [cashSymbol, now.live.cash] as const,
        ];
        printTable(
          ['symbol', 'weight'],
          rows.map(([symbol, weight]) => [symbol, percent(weight)]),
        );
      }),
    );
}

function read(file: string, { portfolio, symbols }: Portfolio['policy']): ReportedLine[] {
  try {
    return readHoldings(file, portfolio, [...symbols, cashSymbol]);
  } catch (error) {
    throw error instanceof SourceError ? new UserError(error.message) : error;
  }
}

function weigh(file: string, lines: readonly ReportedLine[], closes: ReadonlyMap<string, number>) {
  try {
    return importedWeights(lines, cashSymbol, (symbol) => closes.get(symbol));
  } catch (error) {
    throw error instanceof RangeError ? new UserError(`${file}: ${error.message}`) : error;
  }
}
