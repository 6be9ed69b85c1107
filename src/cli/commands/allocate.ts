import { Command, InvalidArgumentError, Option } from 'commander';
import { readWideCsv, type WideCsv } from '../../adapters/prices/csv/csv.ts';
import { SourceError } from '../../adapters/prices/source.ts';
import { UserError } from '../../app/user-error.ts';
import { allocate } from '../../core/allocation/allocate.ts';
import { type AllocatorName, allocatorNamed, allocatorNames } from '../../core/allocation/allocators.ts';
import { type HrpVariant, hrpVariants } from '../../core/allocation/hrp.ts';
import { type MvoObjective, mvoObjectives } from '../../core/allocation/mvo.ts';
import { AllocationError } from '../../core/allocation-error.ts';
import { periodsPerYearOf } from '../../core/calendar/periods.ts';
import type { Session } from '../../core/calendar/session.ts';
import { type LinkageName, linkageNames } from '../../core/clustering/linkage.ts';
import { PricePanel } from '../../core/market/panel.ts';
import {
  type CovarianceName,
  covarianceNames,
  estimateCovariance,
} from '../../core/risk/estimate-covariance.ts';
import { lastSessions, type ReturnsMatrix, simpleReturns } from '../../core/risk/returns.ts';
import { dateArgument } from '../options.ts';
import { percent } from '../output/figures.ts';
import { printTable } from '../output/table.ts';

type Options = {
  method: AllocatorName;
  prices: string;
  window?: number;
  asOf?: Session;
  symbols?: string[];
  cov: CovarianceName;
  objective: MvoObjective;
  variant: HrpVariant;
  linkage?: LinkageName;
  bounds: { lower: number; upper: number };
  riskFree: number;
  periodsPerYear?: number;
  json?: boolean;
};

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
    .option('--risk-free <rate>', 'a year, for max-sharpe', numberArgument, 0)
    .option(
      '--periods-per-year <count>',
      'returns in a year (default: told from the dates)',
      positiveArgument,
    )
    .option('--json', 'as JSON, with every digit')
    .action((options: Options) => print(options, run(options)));
}

type Result = {
  symbols: string[];
  sessions: number;
  first: string;
  last: string;
  periodsPerYear: number;
  periodsFrom: 'dates' | 'option';
  weights: number[];
};

function run(options: Options): Result {
  const table = cut(read(options.prices), options);
  const all = simpleReturns(new PricePanel(table.dates, table.symbols, table.values));
  if (options.window !== undefined && options.window > all.rows)
    throw new UserError(
      `--window is ${options.window}; ${options.prices} has ${all.rows} returns, expected at most so many`,
    );
  const returns = lastSessions(all, options.window ?? all.rows);
  const first = table.dates[table.dates.length - returns.rows]!;
  const periodsPerYear =
    options.periodsPerYear ?? periodsPerYearOf(table.dates.slice(table.dates.length - 1 - returns.rows));
  const periodsFrom: Result['periodsFrom'] = options.periodsPerYear === undefined ? 'dates' : 'option';
  try {
    const covariance = estimateCovariance(options.cov, returns);
    const { lower, upper } = options.bounds;
    const bounds = { lower: table.symbols.map(() => lower), upper: table.symbols.map(() => upper) };
    const { objective, variant, linkage, riskFree } = options;
    const riskFreeRate = riskFree / periodsPerYear;
    const signal = meanSignal(options.method, returns);
    const input = { returns, covariance, periodsPerYear, bounds, ...(signal ? { signal } : {}) };
    const weights = allocate(options.method, input, { objective, variant, linkage, riskFreeRate });
    const window = { sessions: returns.rows, first, last: table.dates.at(-1)!, periodsPerYear, periodsFrom };
    return { symbols: table.symbols, ...window, weights };
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    throw new UserError(`${options.prices}, ${first} to ${table.dates.at(-1)}: ${error.message}`);
  }
}

/** A file of prices has no forecast: the signal allocators are given the historical mean. */
function meanSignal(method: AllocatorName, { rows, columns, values }: ReturnsMatrix): number[] | null {
  if (!allocatorNamed(method).needs.forecast) return null;
  const sums = new Array<number>(columns).fill(0);
  for (let k = 0; k < rows * columns; k += 1) sums[k % columns]! += values[k]!;
  return sums.map((sum) => sum / rows);
}

function read(path: string): WideCsv {
  try {
    return readWideCsv(path);
  } catch (error) {
    throw error instanceof SourceError ? new UserError(error.message) : error;
  }
}

function cut(table: WideCsv, { asOf, symbols, prices, window }: Options): WideCsv {
  const wanted = symbols ?? table.symbols;
  const columns = wanted.map((symbol) => {
    const column = table.values[table.symbols.indexOf(symbol)];
    if (!column) throw new UserError(`--symbols names ${symbol}, which ${prices} does not have`);
    return column;
  });
  const count = asOf ? table.dates.filter((date) => date <= asOf).length : table.dates.length;
  if (count < 3)
    throw new UserError(`${prices} has ${count} dates${asOf ? ` up to ${asOf}` : ''}; expected at least 3`);
  const cutTable = {
    dates: table.dates.slice(0, count),
    symbols: wanted,
    values: columns.map((column) => column.slice(0, count)),
  };
  const from = window === undefined ? 0 : Math.max(0, count - 1 - window);
  cutTable.values.forEach((column, i) => {
    const hole = column.findIndex((price, row) => row >= from && !(price > 0));
    if (hole >= 0)
      throw new UserError(
        `${prices}: ${wanted[i]} has no price on ${table.dates[hole]}, inside the window; expected one: name other --symbols or a shorter --window`,
      );
  });
  return cutTable;
}

function print(options: Options, { symbols, weights, ...window }: Result): void {
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
    `${options.method} on ${window.sessions} returns up to ${window.last}, ${Number(periodsPerYear.toFixed(1))} a year (${periodsFrom === 'dates' ? 'told from the dates' : '--periods-per-year'})\n`,
  );
  printTable(
    ['symbol', 'weight'],
    symbols.map((symbol, i) => [symbol, percent(weights[i]!)]),
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
