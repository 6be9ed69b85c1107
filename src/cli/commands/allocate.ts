import { Command, InvalidArgumentError, Option } from 'commander';
import {
  type AllocateAnswer,
  type AllocateQuestion,
  allocateFile,
  allocatorNames,
  covarianceNames,
  type ReadAs,
} from '../../app/queries/allocate.ts';
import { type AllocatorOption, allocatorOptions, flagOf } from '../../app/queries/allocator-options.ts';
import { percent } from '../../presentation/format.ts';
import { dateArgument } from '../options.ts';
import { printTable } from '../output/table.ts';

type Options = Omit<AllocateQuestion, 'options'> & { json?: boolean; explain?: boolean } & Record<
    string,
    unknown
  >;

export function allocateCommand(): Command {
  const ofAllocators = allocatorOptions();
  const command = new Command('allocate')
    .description('weights of one allocator on a file of prices; needs no database')
    .addOption(new Option('-m, --method <name>', 'allocator').choices(allocatorNames).makeOptionMandatory())
    .requiredOption('--prices <file>', 'wide CSV, gzip or not: date,SYMBOL,SYMBOL,...')
    .option('--window <returns>', 'the last so many simple returns (default: all)', windowArgument)
    .option('--as-of <date>', 'use prices up to this date', dateArgument)
    .option('--symbols <list>', 'only these, in this order: A,B,C', (text) => text.split(','))
    .addOption(new Option('--cov <name>', 'covariance').choices(covarianceNames).default('sample'))
    .addOption(
      new Option('--bounds <lower,upper>', 'of each weight, for mvo and cla')
        .argParser(boundsArgument)
        .default({ lower: 0, upper: 1 }, '0,1'),
    )
    .option('--risk-free <rate>', 'p.a., for max-sharpe', numberArgument, 0)
    .option('--periods-per-year <count>', 'returns in a year (default: read off the dates)', positiveArgument)
    .option('--json', 'as JSON, with every digit')
    .option('--explain', 'also how the file was read')
    .action((options: Options) => {
      const given = ofAllocators.flatMap(({ name }) => (name in options ? [[name, options[name]]] : []));
      // What a file was taken for goes where it cannot be taken for the weights.
      const say = ({ all, short }: ReadAs) => {
        for (const line of options.explain ? all : short) process.stderr.write(`${line}\n`);
      };
      print(options, allocateFile({ ...options, options: Object.fromEntries(given) }, say));
    });
  for (const option of ofAllocators) command.addOption(flag(option));
  return command;
}

function flag({ name, choices, description }: AllocatorOption): Option {
  if (choices) return new Option(`${flagOf(name)} <name>`, description).choices(choices);
  return new Option(`${flagOf(name)} <number>`, description).argParser(numberArgument);
}

function print(
  { method, cov, json }: Options,
  { symbols, weights, options, ...window }: AllocateAnswer,
): void {
  const byName = Object.fromEntries(symbols.map((symbol, i) => [symbol, weights[i]!]));
  if (json) {
    const asked = { method, covariance: cov, ...options };
    console.log(JSON.stringify({ weights: byName, ...asked, ...window }, null, 2));
    return;
  }
  const { periodsPerYear, periodsFrom } = window;
  console.log(
    `${method} on ${window.sessions} returns up to ${window.last}, ${Number(periodsPerYear.toFixed(1))} a year (${periodsFrom === 'dates' ? 'read off the dates' : '--periods-per-year'})\n`,
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
