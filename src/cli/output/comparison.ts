import type { Measured } from '../../app/backtest/backtest.ts';
import { percent } from './figures.ts';
import { tableLines } from './table.ts';

/** What is put side by side of a walk, live or tested. */
export type Compared = Omit<Measured, 'decisions' | 'last'>;

const yearsOf = ({ sessions, sessionsPerYear }: Compared) => sessions / sessionsPerYear;

/** The lines of a table that puts results side by side, each annualised by its own calendar. */
export function comparison(columns: readonly Compared[]): string[] {
  const rows: [string, (c: Compared) => string][] = [
    ['net return a year', (c) => percent(c.net.annualisedReturn)],
    ['gross return a year', (c) => percent(c.gross.annualisedReturn)],
    ['net return in all', (c) => percent(c.net.cumulativeReturn)],
    ['volatility a year', (c) => percent(c.net.annualisedVolatility)],
    ['Sharpe ratio, net', (c) => c.net.sharpe.toFixed(3)],
    ['Sortino ratio, net', (c) => c.net.sortino.toFixed(3)],
    ['maximum drawdown, net', (c) => percent(c.net.maximumDrawdown)],
    ['one-way turnover a year', (c) => percent(c.turnoverTwoWay / 2 / yearsOf(c))],
    ['cost a year, of NAV', (c) => `${((c.costRatio / yearsOf(c)) * 10_000).toFixed(1)} bps`],
  ];
  return tableLines(
    ['', ...columns.map((c) => c.name)],
    rows.map(([label, cell]) => [label, ...columns.map(cell)]),
  );
}
