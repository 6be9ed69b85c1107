import { readWidePrices, type WideCsv } from '../../adapters/prices/csv/csv.ts';
import { type Recognised, recognisedLines, shortLines } from '../../adapters/prices/csv/recognised.ts';
import { symbolKey } from '../../adapters/prices/csv/symbols.ts';
import { SourceError } from '../../adapters/prices/source.ts';
import { allocate } from '../../core/allocation/allocate.ts';
import {
  type AllocationOptions,
  type AllocatorName,
  allocatorNamed,
} from '../../core/allocation/allocators.ts';
import { AllocationError } from '../../core/allocation-error.ts';
import { periodsPerYearOf } from '../../core/calendar/periods.ts';
import type { Session } from '../../core/calendar/session.ts';
import { PricePanel } from '../../core/market/panel.ts';
import { type CovarianceName, estimateCovariance } from '../../core/risk/estimate-covariance.ts';
import { lastSessions, meanReturns, simpleReturns } from '../../core/risk/returns.ts';
import { UserError } from '../user-error.ts';
import { checkedOptions } from './allocator-options.ts';

// What may be chosen.
export { allocatorNames } from '../../core/allocation/allocators.ts';
export { covarianceNames } from '../../core/risk/estimate-covariance.ts';

export type AllocateQuestion = {
  method: AllocatorName;
  /** a wide CSV file, gzip or not */
  prices: string;
  /** simple returns read, the last ones; all where it is left out */
  window?: number;
  asOf?: Session;
  symbols?: string[];
  cov: CovarianceName;
  /** of the allocator, under their names in a configuration */
  options: Record<string, unknown>;
  bounds: { lower: number; upper: number };
  /** p.a., a simple rate */
  riskFree: number;
  /** returns in a year; told from the dates where it is left out */
  periodsPerYear?: number;
};

/** Weights in the order of `symbols`, from `sessions` returns of the sessions `first` to `last`. */
export type AllocateAnswer = {
  symbols: string[];
  sessions: number;
  first: Session;
  last: Session;
  periodsPerYear: number;
  periodsFrom: 'dates' | 'option';
  /** of the allocator, those left out at their defaults */
  options: AllocationOptions;
  weights: number[];
};

/** How the file was read, a line each: all of it, and what must be known of it in any case. */
export type ReadAs = { all: string[]; short: string[] };

/**
 * The weights of one allocator on a file of prices; `onRead` is told how the file was read. Throws a UserError where the
 * file or the question is wrong.
 */
export function allocateFile(
  question: AllocateQuestion,
  onRead: (readAs: ReadAs) => void = () => {},
): AllocateAnswer {
  const { prices, window, method } = question;
  const options = checkedOptions(method, question.options);
  const { value, recognised } = read(prices);
  onRead({ all: recognisedLines(recognised), short: shortLines(recognised) });
  const table = cut(value, question);
  const all = simpleReturns(new PricePanel(table.dates, table.symbols, table.values));
  if (window !== undefined && window > all.rows)
    throw new UserError(`--window is ${window}; ${prices} has ${all.rows} returns, expected at most so many`);
  const returns = lastSessions(all, window ?? all.rows);
  const first = table.dates[table.dates.length - returns.rows]!;
  const last = table.dates.at(-1)!;
  const periodsFrom = question.periodsPerYear === undefined ? 'dates' : 'option';
  const periodsPerYear =
    question.periodsPerYear ?? periodsPerYearOf(table.dates.slice(table.dates.length - 1 - returns.rows));
  try {
    const covariance = estimateCovariance(question.cov, returns);
    const { lower, upper } = question.bounds;
    const bounds = { lower: table.symbols.map(() => lower), upper: table.symbols.map(() => upper) };
    const riskFreeRate = question.riskFree / periodsPerYear;
    // There is no forecast of a file: the mean of its own returns stands in.
    const signal = allocatorNamed(method).needs.forecast ? { signal: [...meanReturns(returns)] } : {};
    const input = { returns, covariance, periodsPerYear, bounds, ...signal };
    const weights = allocate(method, input, { ...options, riskFreeRate });
    const window = { sessions: returns.rows, first, last, periodsPerYear, periodsFrom } as const;
    return { symbols: table.symbols, ...window, options, weights };
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    throw new UserError(`${prices}, ${first} to ${last}: ${error.message}`);
  }
}

function read(path: string): { value: WideCsv; recognised: Recognised } {
  try {
    return readWidePrices(path);
  } catch (error) {
    throw error instanceof SourceError ? new UserError(error.message) : error;
  }
}

function cut(table: WideCsv, { asOf, symbols, prices, window }: AllocateQuestion): WideCsv {
  const wanted = symbols ?? table.symbols;
  const columns = wanted.map((symbol) => {
    const column = table.values[table.symbols.findIndex((known) => symbolKey(known) === symbolKey(symbol))];
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
