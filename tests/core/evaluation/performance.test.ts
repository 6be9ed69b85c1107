import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readWidePrices } from '../../../src/adapters/prices/csv/csv.ts';
import { maximumDrawdown, type Performance, performance } from '../../../src/core/evaluation/performance.ts';
import { bundledPrices } from '../../support/bundled-prices.ts';

describe('performance', () => {
  test('measures four sessions by hand', () => {
    const measured = performance([0.1, -0.2, 0.05, 0.1], 252);
    const mean = 0.05 / 4;
    const squares = (0.1 - mean) ** 2 + (-0.2 - mean) ** 2 + (0.05 - mean) ** 2 + (0.1 - mean) ** 2;
    const growth = 1.1 * 0.8 * 1.05 * 1.1;
    expect(measured.cumulativeReturn).toBeCloseTo(growth - 1, 14);
    expect(measured.annualisedReturn).toBeCloseTo(growth ** 63 - 1, 8);
    expect(measured.annualisedVolatility).toBeCloseTo(Math.sqrt((squares / 3) * 252), 14);
    expect(measured.sharpe).toBeCloseTo((mean / Math.sqrt(squares / 3)) * Math.sqrt(252), 12);
    expect(measured.sortino).toBeCloseTo((mean / Math.sqrt(0.04 / 4)) * Math.sqrt(252), 12);
    expect(measured.maximumDrawdown).toBeCloseTo(0.2, 14);
    expect(measured.drawdownSessionsMax).toBe(3); // 0.88, 0.924 and 1.0164 lie below 1.1
    expect(measured.calmar).toBeCloseTo((growth ** 63 - 1) / 0.2, 7);
  });

  test('measures Sharpe and Sortino from the risk-free returns of the same periods', () => {
    const returns = [0.1, -0.2, 0.05, 0.1];
    const riskFree = [0.01, 0.02, 0.01, 0];
    const excess = [0.09, -0.22, 0.04, 0.1];
    const measured = performance(returns, 252, riskFree);
    const mean = 0.01 / 4;
    const squares = excess.reduce((sum, e) => sum + (e - mean) ** 2, 0);
    expect(measured.sharpe).toBeCloseTo((mean / Math.sqrt(squares / 3)) * Math.sqrt(252), 12);
    expect(measured.sortino).toBeCloseTo((mean / Math.sqrt(0.22 ** 2 / 4)) * Math.sqrt(252), 12);
    const { sharpe: _, sortino: __, ...others } = measured;
    expect(performance(returns, 252)).toMatchObject(others);
    expect(() => performance(returns, 252, [0.01])).toThrow(/1 risk-free returns beside 4 returns/);
  });

  test('has no ratio where all is in cash that earns the risk-free rate', () => {
    const earned = Array.from({ length: 50 }, () => 1 + 0.0001173 - 1);
    const { sharpe, sortino, annualisedReturn } = performance(
      earned,
      252,
      earned.map(() => 0.0001173),
    );
    expect([sharpe, sortino]).toEqual([Number.NaN, Number.NaN]);
    expect(annualisedReturn).toBeCloseTo(1.0001173 ** 252 - 1, 10);
  });

  test('annualises by the periods of a year it is told', () => {
    const returns = Array.from({ length: 365 }, (_, i) => (i % 2 === 0 ? 0.02 : -0.019));
    const daily = performance(returns, 365);
    expect(daily.annualisedReturn).toBeCloseTo(daily.cumulativeReturn, 12);
    const monthly = performance(returns, 12);
    expect(monthly.annualisedVolatility / daily.annualisedVolatility).toBeCloseTo(Math.sqrt(12 / 365), 12);
    expect(monthly.sharpe / daily.sharpe).toBeCloseTo(Math.sqrt(12 / 365), 12);
    expect(monthly.sortino / daily.sortino).toBeCloseTo(Math.sqrt(12 / 365), 12);
    expect([monthly.maximumDrawdown, monthly.drawdownSessionsMax]).toEqual([
      daily.maximumDrawdown,
      daily.drawdownSessionsMax,
    ]);
  });

  test('counts a loss from the very first session', () => {
    const measured = performance([-0.1, -0.1, 0.05], 252);
    expect(measured.maximumDrawdown).toBeCloseTo(0.19, 14);
    expect(measured.drawdownSessionsMax).toBe(3);
  });

  test('ends a drawdown where the high is reached again, not only passed', () => {
    expect(performance([0, -0.5, 1, 0, -0.5], 252).drawdownSessionsMax).toBe(1);
  });

  test('has no ratio over no risk', () => {
    const standing = performance([0, 0, 0], 252);
    expect([standing.sharpe, standing.sortino, standing.calmar]).toEqual([
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
    const rising = performance([0.5, 0.5, 0.5], 252);
    expect([rising.sharpe, rising.sortino, rising.calmar]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(rising.cumulativeReturn).toBe(2.375);
  });

  test('needs two returns', () => {
    expect(() => performance([0.1], 252)).toThrow(/at least 2 returns, got 1/);
  });

  test('turns with its sign and scale', () => {
    const series = fc.array(fc.double({ min: -0.2, max: 0.2, noNaN: true }), { minLength: 3, maxLength: 60 });
    fc.assert(
      fc.property(series, (returns) => {
        const levels = [7];
        for (const r of returns) levels.push(levels.at(-1)! * (1 + r));
        const worst = levels.map((level, i) => 1 - level / Math.max(...levels.slice(0, i + 1)));
        expect(maximumDrawdown(levels)).toBeCloseTo(Math.max(...worst), 12);
        expect(performance(returns, 252).maximumDrawdown).toBeCloseTo(Math.max(...worst), 12);
        const mirrored = performance(
          returns.map((r) => -r),
          252,
        );
        const { annualisedVolatility, sharpe } = performance(returns, 252);
        expect(mirrored.annualisedVolatility).toBeCloseTo(annualisedVolatility, 12);
        if (sharpe !== 0 && Math.abs(sharpe) < 1e6) expect(mirrored.sharpe / sharpe).toBeCloseTo(-1, 6);
      }),
      { seed: 71 },
    );
  });
});

/**
 * Both packages: simple returns, 252 sessions a year, ddof 1, risk-free 0; the annual return compounds by the count of
 * sessions; Sortino's downside is the root mean square of the losses over all sessions.
 */
describe('performance of the bundled stocks against empyrical-reloaded, quantstats and pandas', () => {
  type Measured = {
    symbol: string;
    first: string;
    last: string;
    measures: Record<string, Partial<Performance>>;
  };
  const answers: Measured[] = JSON.parse(
    readFileSync(new URL('../../oracles/evaluation/performance.json', import.meta.url), 'utf8'),
  );
  const { dates, symbols, values } = readWidePrices(bundledPrices).value;

  test('agrees to ten digits in ten years, in 2020 and in 2022', () => {
    expect(answers).toHaveLength(3 * symbols.length);
    for (const { symbol, first, last, measures } of answers) {
      const closes = values[symbols.indexOf(symbol)]!.slice(dates.indexOf(first), dates.indexOf(last) + 1);
      const ours = performance(
        Array.from(closes.subarray(1), (close, i) => close / closes[i]! - 1),
        252,
      );
      expect(Object.keys(measures)).toEqual(['empyrical-reloaded', 'quantstats', 'pandas']);
      for (const [pkg, theirs] of Object.entries(measures)) {
        for (const [name, value] of Object.entries(theirs)) {
          const relative = Math.abs(ours[name as keyof Performance] / value - 1);
          expect(relative, `${symbol} ${first} ${pkg} ${name}`).toBeLessThan(1e-10);
        }
      }
    }
  });
});
