import { describe, expect, test } from 'vitest';
import { checkBars, crossCheckAdjusted } from '../../../src/core/market/adjustments.ts';
import type { Bar } from '../../../src/core/market/bar.ts';
import { referenceData } from '../../support/reference-data.ts';
import { barOf } from './bars.ts';
import { csvRows } from './csv-rows.ts';

describe('51 stocks as traded, 2008 to 2021', () => {
  const load = () =>
    csvRows(referenceData('prices/stocks_raw_dividend_split_2008_2021.csv.gz')).map((row) => ({
      bar: barOf(row.date!, Number(row.close), {
        symbol: row.symbol!,
        dividend: Number(row.dividend),
        splitRatio: Number(row.split),
      }),
      adjusted: Number(row.adj_close),
    }));
  const loadBars = () => load().map(({ bar }) => bar);

  test('agree with the vendor within 2 bps on every session', () => {
    const rows = load();
    const symbols = [...new Set(rows.map(({ bar }) => bar.symbol))];
    let compared = 0;
    for (const symbol of symbols) {
      const own = rows.filter(({ bar }) => bar.symbol === symbol);
      const vendor = new Map(own.map(({ bar, adjusted }) => [bar.session, adjusted]));
      const found = crossCheckAdjusted(
        own.map(({ bar }) => bar),
        'as-traded',
        vendor,
        2,
      );
      expect(found.differences, symbol).toEqual([]);
      compared += found.compared;
    }
    expect([symbols.length, compared]).toEqual([51, rows.length - 51]);
  });

  test('raise a note for the spin-offs written as dividends and for nothing else', () => {
    expect(
      checkBars(loadBars(), 'as-traded').map(({ symbol, session, kind }) => `${symbol} ${session} ${kind}`),
    ).toEqual([
      'CTXS 2017-02-01 large-dividend',
      'DISCA 2014-08-07 large-dividend',
      'GOOGL 2014-04-03 large-dividend',
      'HPE 2017-04-03 large-dividend',
      'HPE 2017-09-01 large-dividend',
    ]);
  });

  test('without their events raise a note on each of the 22 splits and both unrecorded ones', () => {
    const bars = loadBars();
    const stripped = bars.map((bar) => ({ ...bar, dividend: 0, splitRatio: 1 }));
    const noted = checkBars(stripped, 'as-traded').map(({ symbol, session }) => `${symbol} ${session}`);
    const splits = bars
      .filter(({ splitRatio }) => splitRatio !== 1)
      .map(({ symbol, session }) => `${symbol} ${session}`);
    expect(splits).toHaveLength(22);
    expect(noted.toSorted()).toEqual([...splits, 'DISCA 2014-08-07', 'GOOGL 2014-04-03'].toSorted());
  });
});

describe('ETFs with implied dividends, 2004 to 2024', () => {
  const load = () => {
    const paid = new Map(
      csvRows(referenceData('prices/etf_implied_dividends.csv')).map((row) => [
        `${row.symbol} ${row.ex_date}`,
        Number(row.implied_dividend),
      ]),
    );
    return csvRows(referenceData('prices/etf_daily.csv.gz')).map((row) => ({
      bar: barOf(row.date!, Number(row.close), {
        symbol: row.symbol!,
        dividend: paid.get(`${row.symbol} ${row.date}`) ?? 0,
      }),
      adjusted: Number(row.adj_close),
    }));
  };
  const check = (rows: { bar: Bar; adjusted: number }[], toleranceBps: number) =>
    crossCheckAdjusted(
      rows.map(({ bar }) => bar),
      'split-adjusted',
      new Map(rows.map(({ bar, adjusted }) => [bar.session, adjusted])),
      toleranceBps,
    );

  test('agree with the adjusted closes within half a basis point, and raise no note', () => {
    const rows = load();
    const bars = rows.map(({ bar }) => bar);
    const symbols = [...new Set(bars.map(({ symbol }) => symbol))];
    expect(symbols).toHaveLength(14);
    for (const symbol of symbols) {
      const own = rows.filter(({ bar }) => bar.symbol === symbol);
      expect(check(own, 0.5), symbol).toMatchObject({ compared: own.length - 1, differences: [] });
    }
    expect(checkBars(bars, 'split-adjusted')).toEqual([]);
  });

  test('lose exactly the dividends that are taken away', () => {
    const own = load().filter(({ bar }) => bar.symbol === 'SPY');
    const payDays = own.filter(({ bar }) => bar.dividend > 0).map(({ bar }) => bar.session);
    const stripped = own.map((row) => ({ ...row, bar: { ...row.bar, dividend: 0 } }));
    expect(payDays.length).toBeGreaterThan(80);
    expect(check(stripped, 5).differences.map(({ session }) => session)).toEqual(payDays);
  });
});

describe('386 stocks by total return, 2013 to 2024', () => {
  test('raise no note: not one true move looks like a fault', () => {
    const wide = csvRows(referenceData('prices/sp500_adj_close_2013_2024.csv.gz'));
    const symbols = Object.keys(wide[0]!).filter((name) => name !== 'date');
    const bars = wide.flatMap((row) =>
      symbols.flatMap((symbol) => (row[symbol] ? [barOf(row.date!, Number(row[symbol]), { symbol })] : [])),
    );
    expect(bars.length).toBeGreaterThan(1_000_000);
    expect(checkBars(bars, 'total-return')).toEqual([]);
  });
});

describe('defects of Yahoo, and the same data repaired', () => {
  const day = (row: Record<string, string>) => (row.Date ?? row.Datetime)!.slice(0, 10);
  const load = (name: string) => {
    const rows = csvRows(referenceData(`yahoo/repair/${name}.csv.gz`)).filter((row) => Number(row.Close) > 0);
    const bars = rows.map((row) =>
      barOf(day(row), Number(row.Close), {
        dividend: Number(row.Dividends),
        splitRatio: Number(row['Stock Splits']) || 1,
      }),
    );
    const vendor = new Map(rows.map((row) => [day(row), Number(row['Adj Close'])]));
    return {
      notes: checkBars(bars, 'split-adjusted').map(({ session, kind }) => `${session} ${kind}`),
      differences: crossCheckAdjusted(bars, 'split-adjusted', vendor, 30).differences.length,
    };
  };

  test.each([
    ['4063-T-1d-bad-div', 1],
    ['ADIG-L-1d-bad-div', 11],
    ['CLC-L-1d-bad-div', 3],
    ['ELCO-L-1d-bad-div', 5],
    ['JENYX-1d-cg-double-count', 5],
    ['KEN-TA-1d-bad-div', 1],
    ['RGL-L-1d-bad-div', 10],
    ['SAND-1d-bad-div', 1],
    ['SERE-L-1d-bad-div', 10],
    ['TEM-L-1d-bad-div', 6],
    ['VWILX-1d-cg-double-count', 2],
  ])('%s differs from its adjusted closes %i times, repaired never', (name, count) => {
    expect(load(name).differences).toBe(count);
    expect(load(`${name}-fixed`).differences).toBe(0);
  });

  test.each([
    ['AET-L-1d-100x-error', ['2022-05-09 like-unit', '2022-05-20 like-unit']],
    ['SSW-JO-1d-100x-error', ['2023-06-01 like-unit']],
    ['LA-V-1d-bad-stock-split', ['2020-08-26 like-split', '2020-08-27 like-split']],
    ['MOB-ST-1d-bad-stock-split', ['2023-05-22 like-split', '2023-05-23 like-split']],
    ['KME-MI-1d-bad-div', ['2023-05-22 dividend-without-fall']],
    ['TEM-L-1d-bad-div', ['2022-06-23 dividend-without-fall']],
  ])('%s is noted, repaired not', (name, notes) => {
    expect(load(name).notes).toEqual(notes);
    expect(load(`${name}-fixed`).notes).toEqual([]);
  });

  test('SPM-MI stays under suspicion when repaired: its rights issue truly halved the close', () => {
    expect(load('SPM-MI-1d-bad-stock-split').notes).toEqual(['2022-06-20 like-split']);
    expect(load('SPM-MI-1d-bad-stock-split-fixed').notes).toEqual(['2022-06-20 like-split']);
  });

  test.each(['CALM-1d-no-bad-divs', 'EWG-1d-no-bad-divs', 'TISG-MI-1d-no-bad-divs'])(
    '%s is sound',
    (name) => {
      expect(load(name)).toEqual({ notes: [], differences: 0 });
    },
  );
});
