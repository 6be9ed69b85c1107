import type { Compared } from '../../app/backtest/backtest.ts';
import { decimal, percent } from '../../presentation/format.ts';
import { tableLines } from './table.ts';

/** The lines of a table that puts results side by side, each annualised by its own calendar. */
export function comparison(columns: readonly Compared[]): string[] {
  const perYear = (c: Compared, sum: number) => (sum * c.sessionsPerYear) / c.sessions;
  // A ratio over no risk at all is undefined, and no number stands for it.
  const ratio = (value: number) => (Number.isFinite(value) ? decimal(value, 3) : '—');
  const rows: [string, (c: Compared) => string][] = [
    ['annualised return, net', (c) => percent(c.net.annualisedReturn, 2)],
    ['annualised return, gross', (c) => percent(c.gross.annualisedReturn, 2)],
    ['cumulative return, net', (c) => percent(c.net.cumulativeReturn, 2)],
    ['annualised volatility', (c) => percent(c.net.annualisedVolatility, 2)],
    ['Sharpe ratio, net', (c) => ratio(c.net.sharpe)],
    ['Sortino ratio, net', (c) => ratio(c.net.sortino)],
    ['risk-free rate p.a., of these two', (c) => percent(c.riskFreeRatePerYear, 2)],
    ['maximum drawdown, net', (c) => percent(c.net.maximumDrawdown, 2)],
    ['one-way turnover p.a.', (c) => percent(perYear(c, c.turnoverTwoWay / 2), 2)],
    ['cost p.a., of NAV', (c) => `${decimal(perYear(c, c.costRatio) * 10_000, 1)} bps`],
  ];
  return tableLines(
    ['', ...columns.map((c) => c.name)],
    rows.map(([label, cell]) => [label, ...columns.map(cell)]),
  );
}
