import { describe, expect, test } from 'vitest';
import { csvSource, readWidePrices } from '../../../../src/adapters/prices/csv/csv.ts';
import { totalReturn } from '../../../../src/core/market/bar.ts';
import { referenceData } from '../../../support/reference-data.ts';

describe('real price files', () => {
  test.each([
    ['prices/core4_adj_close.csv', 5063, 4],
    ['prices/sp500_adj_close_2013_2024.csv.gz', 3020, 386],
    ['reference/pypfopt/stock_prices.csv.gz', 7126, 20],
    ['reference/walkforward_20stocks/prices.csv.gz', 6548, 20],
    ['reference/skfolio/sp500_dataset.csv.gz', 8313, 20],
  ])('%s', (name, rows, columns) => {
    const { dates, symbols } = readWidePrices(referenceData(name)).value;
    expect([dates.length, symbols.length]).toEqual([rows, columns]);
  });

  test('the raw file knows its splits, so AAPL does not fall by three quarters', async () => {
    const path = referenceData('prices/stocks_raw_dividend_split_2008_2021.csv.gz');
    const { bars } = await csvSource({ path, basis: 'as-traded' }).fetchBars(
      'AAPL',
      '2020-08-28',
      '2020-08-31',
      Number.POSITIVE_INFINITY,
    );
    expect(bars[1]!.splitRatio).toBe(4);
    expect(totalReturn('as-traded', bars[0]!.close, bars[1]!)).toBeCloseTo(0.0339, 3);
  });

  test('a file of dates as M/D/YYYY is read by the days above 12 in it', () => {
    const { dates } = readWidePrices(referenceData('reference/ffn/test_data.csv.gz')).value;
    expect(dates.slice(0, 5)).toEqual(['2004-03-10', '2004-03-11', '2004-03-12', '2004-03-15', '2004-03-16']);
  });
});
