import { Command } from 'commander';
import { portfolioIn, type Session } from '../../app/queries/subject.ts';
import { readTargets, type TargetsAnswer } from '../../app/queries/targets.ts';
import { holdingsKind } from '../../presentation/account.ts';
import { percent } from '../../presentation/format.ts';
import {
  asOfOption,
  type Common,
  type Format,
  formatOption,
  portfolioOption,
  withDatabase,
  withStore,
} from '../options.ts';
import { printCsv } from '../output/csv.ts';
import { printTable } from '../output/table.ts';

type Options = Common & { portfolio?: string; asOf?: Session; format: Format };

export function targetsCommand(): Command {
  return withStore(new Command('targets'))
    .description('print the target weights, the newest or those in force at a date')
    .addOption(portfolioOption())
    .addOption(asOfOption())
    .addOption(formatOption())
    .action(async (options: Options) =>
      withDatabase(options, async (database, config) => {
        const { id } = portfolioIn(config, options.portfolio);
        print(options.format, await readTargets(database, id, options.asOf ?? null));
      }),
    );
}

function print(format: Format, answer: TargetsAnswer): void {
  const { portfolio, session, reason, fallbackLevel, importedOn, targets } = answer;
  if (format === 'json') console.log(JSON.stringify(answer, null, 2));
  else if (format === 'csv')
    printCsv(
      ['portfolio', 'session', 'symbol', 'weight', 'held', 'trade'],
      targets.map((row) => [portfolio, session, row.symbol, row.target, row.before, row.trade]),
    );
  else {
    console.log(
      `${portfolio}: targets of ${session} (${reason}, fallback level ${fallbackLevel}), filled at the next close; holdings ${holdingsKind(importedOn)}\n`,
    );
    printTable(
      ['symbol', 'target', 'held', 'trade'],
      targets.map((row) => [row.symbol, ...[row.target, row.before, row.trade].map((x) => percent(x, 2))]),
    );
  }
}
