import { describe, expect, test } from 'vitest';
import { yahooSource } from '../../src/adapters/prices/yahoo/yahoo.ts';
import { wirePortfolio } from '../../src/app/portfolios.ts';
import type { StoredBar } from '../../src/core/market/stored-bars.ts';
import { panelOf, readFrom } from '../../src/tasks/panel.ts';
import { type Portfolio, pricedSymbols } from '../../src/tasks/portfolio.ts';
import { configWith, portfolioInput } from '../support/context.ts';

const fillSessionsMax = 2;
const config = configWith([
  portfolioInput({
    symbols: ['ABC.L', 'SPY'],
    currency: 'GBP',
    fx: { USD: 'GBPUSD=X' },
    quality: { fillSessionsMax },
  }),
]);
const source = yahooSource({
  ...{ timeoutMs: 1, requestsPerSecond: 1, attemptsMax: 1, now: () => 0 },
  ...{ wait: async () => {}, log: { warn: () => {} } },
});
const portfolio: Portfolio = wirePortfolio(config, config.portfolios[0]!, source, '2024-01-31');
const sessions = portfolio.plan.calendar.sessions('2024-01-29', '2024-02-05'); // six

function bars(symbol: string, currency: string | null, closes: Record<string, number>): StoredBar[] {
  return Object.entries(closes).map(([session, close]) => ({
    ...{ symbol, session, close, currency, basis: 'split-adjusted' },
    ...{ dividend: 0, splitRatio: 1, high: null, low: null, volume: null },
  }));
}
const each = (closes: number[]) => Object.fromEntries(closes.map((close, i) => [sessions[i]!, close]));
const pounds = bars('ABC.L', 'GBP', each([4, 4.1, 4.2, 4.3, 4.4, 4.5]));
const dollars = bars('SPY', 'USD', each([100, 101, 102, 103, 104, 105]));

describe('the panel of a portfolio with rates', () => {
  test('has the symbols decided on, and needs their rates beside them', () => {
    const panel = panelOf(
      portfolio,
      [...pounds, ...dollars, ...bars('GBPUSD=X', 'USD', each([1.2]))],
      sessions,
    );
    expect(panel.symbols).toEqual(['ABC.L', 'SPY']);
    expect(pricedSymbols(portfolio)).toEqual(['ABC.L', 'SPY', 'GBPUSD=X']);
  });

  test('knows a rate of before its first session, and none that is too old', () => {
    const rates = bars('GBPUSD=X', 'USD', { '2024-01-26': 1.25, [sessions[1]!]: 1.2 });
    const panel = panelOf(portfolio, [...pounds, ...dollars, ...rates], sessions);
    const [, spy] = panel.levels as [Float64Array, Float64Array];
    expect(spy[1]! / spy[0]!).toBeCloseTo(101 / 1.2 / (100 / 1.25), 12);
    expect(spy[3]! / spy[1]!).toBeCloseTo(103 / 101, 12);
    expect([...spy.slice(4)]).toEqual([Number.NaN, Number.NaN]);
    expect([...panel.column('ABC.L')].at(-1)).toBeCloseTo(4.5 / 4, 12);
    expect(readFrom(portfolio, sessions[0]!) <= '2024-01-26').toBe(true);
    expect(readFrom(portfolio, '2023-10-03')).toBe(portfolio.historyStart);
    expect(readFrom({ ...portfolio, fx: {} }, sessions[0]!)).toBe(sessions[0]);
  });

  test('has no level of a symbol without any rate, rather than one that is not converted', () => {
    const panel = panelOf(portfolio, [...pounds, ...dollars], sessions);
    expect(panel.column('SPY').every(Number.isNaN)).toBe(true);
  });

  test('holds a series of rates as it is where that is an asset too', () => {
    const both = { ...portfolio, policy: { ...portfolio.policy, symbols: ['SPY', 'GBPUSD=X'] } };
    const rates = bars('GBPUSD=X', 'USD', { '2024-01-26': 1.5, ...each([1.25, 1.2, 1.3, 1.2, 1.25, 1.3]) });
    const panel = panelOf(both, [...dollars, ...rates], sessions);
    // A dollar quote like any other: in pounds, dollars for one pound are worth one pound at any time.
    for (const level of panel.column('GBPUSD=X'))
      expect(level / panel.column('GBPUSD=X')[0]!).toBeCloseTo(1, 12);
  });

  test('takes prices without a currency for its own', () => {
    const unsaid = bars('SPY', null, each([100, 101]));
    expect(panelOf(portfolio, [...pounds, ...unsaid], sessions).column('SPY')[1]).toBeCloseTo(1.01, 12);
  });

  test('is refused over a mixture', () => {
    const yen = bars('SPY', 'JPY', each([100]));
    expect(() => panelOf(portfolio, [...pounds, ...yen], sessions)).toThrow(/prices in JPY \(SPY\)/);
    expect(() => panelOf(portfolio, [...dollars, ...yen], sessions)).toThrow(
      /SPY has prices in JPY and in USD/,
    );
  });
});
