import { expect, test } from 'vitest';
import type { Compared } from '../../../src/app/backtest/backtest.ts';
import { comparison } from '../../../src/cli/output/comparison.ts';
import { performance } from '../../../src/core/evaluation/performance.ts';

test('results stand side by side, sums over half a year told as twice as much p.a.', () => {
  const own: Compared = {
    name: 'hrp',
    sessionsPerYear: 252,
    riskFreeRatePerYear: 0.03,
    gross: performance([0.02, -0.01], 252),
    net: performance([0.02, -0.02], 252),
    turnoverTwoWay: 0.5,
    costRatio: 0.001,
    sessions: 126,
  };
  const lines = comparison([own, { ...own, name: 'equal', costRatio: 0 }]);
  expect(lines[0]).toMatch(/^ +hrp +equal$/);
  const cells = Object.fromEntries(
    lines
      .slice(2)
      .map((line) => line.split(/ {2,}/))
      .map(([name, ...rest]) => [name, rest]),
  );
  expect(cells).toMatchObject({
    'cumulative return, net': ['-0.04%', '-0.04%'],
    'maximum drawdown, net': ['2.00%', '2.00%'],
    'risk-free rate p.a., of these two': ['3.00%', '3.00%'],
    'one-way turnover p.a.': ['50.00%', '50.00%'],
    'cost p.a., of NAV': ['20.0 bps', '0.0 bps'],
  });
  expect(Object.keys(cells)).toEqual([
    'annualised return, net',
    'annualised return, gross',
    'cumulative return, net',
    'annualised volatility',
    'Sharpe ratio, net',
    'Sortino ratio, net',
    'risk-free rate p.a., of these two',
    'maximum drawdown, net',
    'one-way turnover p.a.',
    'cost p.a., of NAV',
  ]);
});
