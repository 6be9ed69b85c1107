import { Command, InvalidArgumentError, Option } from 'commander';
import {
  type AllocateAnswer,
  type AllocateQuestion,
  allocateFile,
  allocatorNames,
  covarianceNames,
  hrpVariants,
  linkageNames,
  mvoObjectives,
} from '../../app/queries/allocate.ts';
import { percent } from '../../presentation/format.ts';
import { dateArgument } from '../options.ts';
import { printTable } from '../output/table.ts';

type Options = AllocateQuestion & { json?: boolean };

export function allocateCommand(): Command {
  return new Command('allocate')
    .description('weights of one allocator on a file of prices; needs no database')
    .addOption(new Option('-m, --method <name>', 'allocator').choices(allocatorNames).makeOptionMandatory())
    .requiredOption('--prices <file>', 'wide CSV, gzip or not: date,SYMBOL,SYMBOL,...')
    .option('--window <returns>', 'the last so many simple returns (default: all)', windowArgument)
    .option('--as-of <date>', 'use prices up to this date', dateArgument)
    .option('--symbols <list>', 'only these, in this order: A,B,C', (text) => text.split(','))
    .addOption(new Option('--cov <name>', 'covariance').choices(covarianceNames).default('sample'))
    .addOption(
      new Option('--objective <name>', 'of mvo and cla').choices(mvoObjectives).default('min-variance'),
    )
    .addOption(
      new Option('--linkage <name>', 'of hrp (default single) and herc (default ward)').choices(linkageNames),
    )
    .addOption(new Option('--variant <name>', 'of hrp').choices(hrpVariants).default('pypfopt'))
    .option('--bounds <lower,upper>', 'of each weight, for mvo and cla', boundsArgument, {
      lower: 0,
      upper: 1,
    })
    .option('--risk-free <rate>', 'p.a., for max-sharpe', numberArgument, 0)
    .option('--periods-per-year <count>', 'returns in a year (default: read off the dates)', positiveArgument)
    .option('--json', 'as JSON, with every digit')
    .action((options: Options) => print(options, allocateFile(options)));
}

function print(options: Options, { symbols, weights, ...window }: AllocateAnswer): void {
  const byName = Object.fromEntries(symbols.map((symbol, i) => [symbol, weights[i]!]));
  if (options.json) {
    const { method, cov, objective, variant } = options;
    console.log(
      JSON.stringify({ weights: byName, method, covariance: cov, objective, variant, ...window }, null, 2),
    );
    return;
  }
  const { periodsPerYear, periodsFrom } = window;
  console.log(
    `${options.method} on ${window.sessions} returns up to ${window.last}, ${Number(periodsPerYear.toFixed(1))} a year (${periodsFrom === 'dates' ? 'read off the dates' : '--periods-per-year'})\n`,
  );
  printTable(
    ['symbol', 'weight'],
    symbols.map((symbol, i) => [symbol, percent(weights[i]!, 2)]),
  );
}

function windowArgument(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 2)
    throw new InvalidArgumentError('Expected a whole number above 1.');
  return count;
}

function numberArgument(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}

function positiveArgument(text: string): number {
  const value = numberArgument(text);
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

function boundsArgument(text: string): { lower: number; upper: number } {
  const [lower, upper, ...rest] = text.split(',').map(numberArgument);
  if (lower === undefined || upper === undefined || rest.length > 0 || lower > upper)
    throw new InvalidArgumentError('Expected lower,upper such as 0,0.2.');
  return { lower, upper };
}
