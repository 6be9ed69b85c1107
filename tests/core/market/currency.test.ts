import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays } from '../../../src/core/calendar/session.ts';
import {
  CurrencyError,
  checkConvertible,
  closesIn,
  convertPanel,
  type FxPair,
  fxFactor,
  fxFactors,
  fxPairNamed,
  otherCurrency,
  settledCurrencies,
} from '../../../src/core/market/currency.ts';
import { PricePanel } from '../../../src/core/market/panel.ts';

const cable: FxPair = { symbol: 'GBPUSD=X', base: 'GBP', quote: 'USD' };
const yen: FxPair = { symbol: 'JPY=X', base: 'USD', quote: 'JPY' };
const { NaN: none } = Number;

describe('a pair', () => {
  test.each([
    ['GBPUSD=X', { base: 'GBP', quote: 'USD' }],
    ['JPY=X', { base: 'USD', quote: 'JPY' }],
    ['EURGBP=X', { base: 'EUR', quote: 'GBP' }],
  ])('%s says what it is', (symbol, sides) => expect(fxPairNamed(symbol)).toEqual({ symbol, ...sides }));

  test.each(['GBPUSD', 'GBP', 'GBPUSD=F', '=X', 'gbpusd=X', 'BTC-USD'])('%s does not', (symbol) =>
    expect(fxPairNamed(symbol)).toBeNull(),
  );

  test('leads either way', () => {
    expect(100 * fxFactor(cable, 'USD', 1.25)).toBe(80);
    expect(80 * fxFactor(cable, 'GBP', 1.25)).toBe(100);
    expect(15_000 * fxFactor(yen, 'JPY', 150)).toBeCloseTo(100, 12);
  });
});

describe('currencies of prices', () => {
  test('are one a symbol; prices stored without one are in the one the others name', () => {
    const found = new Map([
      ['A', new Set(['USD', null])],
      ['B', new Set([null])],
    ]);
    expect([...settledCurrencies(found)]).toEqual([
      ['A', 'USD'],
      ['B', null],
    ]);
  });

  test('are refused when a symbol has two', () => {
    expect(() => settledCurrencies(new Map([['ABC.L', new Set(['USD', 'GBP'])]]))).toThrow(
      /^ABC\.L has prices in GBP and in USD; expected one currency/,
    );
  });

  const home = { id: 'uk', currency: 'GBP', fx: { USD: cable } };
  test('pass where they are the own, unknown, or lead there', () => {
    const currencies = new Map([
      ['ABC.L', 'GBP'],
      ['FILE', null],
      ['SPY', 'USD'],
      ['GBPUSD=X', 'USD'],
    ]);
    expect(() => checkConvertible(home, currencies)).not.toThrow();
  });

  test('are refused by symbol and currency, with what to configure', () => {
    const currencies = new Map([
      ['SAP.DE', 'EUR'],
      ['ABC.L', 'GBP'],
      ['MC.PA', 'EUR'],
      ['7203.T', 'JPY'],
    ]);
    expect(() => checkConvertible(home, currencies)).toThrow(
      new CurrencyError(
        "uk is kept in GBP, but it has prices in EUR (MC.PA, SAP.DE) and JPY (7203.T); expected fx: { EUR: EURGBP=X, JPY: JPYGBP=X } in the portfolio's configuration, or symbols quoted in GBP",
      ),
    );
  });

  test('of a series of rates are those of its pair', () => {
    expect(() => checkConvertible(home, new Map([['GBPUSD=X', 'GBP']]))).toThrow(
      /^uk: fx says that GBPUSD=X is USD for one GBP, but its prices are in GBP/,
    );
  });
});

describe('a reading in another currency', () => {
  const reading = (currency: string | null) => [{ session: '2024-01-03', currency }];
  test('is doubted', () => {
    expect(otherCurrency('A', new Set([null, 'USD']), reading('GBP'))).toMatchObject({
      symbol: 'A',
      session: '2024-01-03',
      kind: 'unit',
      reason: expect.stringMatching(/are in GBP, the stored ones in USD/),
    });
  });
  test.each([
    [new Set(['USD']), 'USD'],
    [new Set(['USD']), null],
    [new Set([null]), 'USD'],
    [undefined, 'USD'],
  ])('is not told of %j and %s', (stored, currency) =>
    expect(otherCurrency('A', stored, reading(currency))).toBeNull(),
  );
});

describe('factors', () => {
  test('are the last rate known, for so many sessions, and never a later one', () => {
    const rates = Float64Array.of(none, 2, none, none, none, 4);
    expect([...fxFactors(cable, 'GBP', rates, 2)]).toEqual([none, 2, 2, 2, none, 4]);
    expect([...fxFactors(cable, 'USD', rates, 0)]).toEqual([none, 0.5, none, none, none, 0.25]);
  });
});

const price = fc.double({ min: 0.01, max: 1e4, noNaN: true });
const gappy = (count: number) =>
  fc.array(fc.option(price, { nil: Number.NaN, freq: 5 }), { minLength: count, maxLength: count });
const panelAndRates = fc.integer({ min: 1, max: 20 }).chain((count) =>
  fc.record({
    asset: gappy(count),
    own: gappy(count),
    rates: gappy(count),
    limit: fc.integer({ min: 0, max: 4 }),
  }),
);
const sessionsOf = (count: number) => Array.from({ length: count }, (_, i) => addDays('2024-01-01', i));
const panelOf = (...columns: number[][]) =>
  new PricePanel(
    sessionsOf(columns[0]!.length),
    columns.map((_, i) => 'AB'[i]!),
    columns.map((column) => Float64Array.from(column)),
  );
const converted = (panel: PricePanel, rates: number[], limit: number, currency = 'GBP') =>
  convertPanel(panel, (symbol) =>
    symbol === 'A' ? fxFactors(cable, currency, Float64Array.from(rates), limit) : null,
  );

describe('a converted panel', () => {
  test('has levels times rates, and leaves the others as they are', () => {
    fc.assert(
      fc.property(panelAndRates, ({ asset, own, rates }) => {
        const panel = converted(panelOf(asset, own), rates, 0);
        expect([...panel.column('A')]).toEqual(asset.map((level, i) => level * rates[i]!));
        expect([...panel.column('B')]).toEqual(own);
      }),
    );
  });

  test('has the product of both returns, and no level where no rate is known', () => {
    fc.assert(
      fc.property(panelAndRates, ({ asset, own, rates, limit }) => {
        const levels = converted(panelOf(asset, own), rates, limit).column('A');
        const known = (row: number) => rates.findLastIndex((rate, i) => i <= row && !Number.isNaN(rate));
        for (let row = 0; row < levels.length; row += 1) {
          const hasRate = known(row) >= 0 && row - known(row) <= limit;
          expect(Number.isNaN(levels[row]!)).toBe(Number.isNaN(asset[row]!) || !hasRate);
          for (let back = 0; back < row; back += 1) {
            if (Number.isNaN(levels[row]!) || Number.isNaN(levels[back]!)) continue;
            const product = (asset[row]! / asset[back]!) * (rates[known(row)]! / rates[known(back)]!);
            expect(levels[row]! / levels[back]! / product).toBeCloseTo(1, 12);
          }
        }
      }),
    );
  });

  test('converted back is the panel again', () => {
    fc.assert(
      fc.property(panelAndRates, ({ asset, own, rates }) => {
        const whole = rates.map((rate) => (Number.isNaN(rate) ? 1 : rate));
        const there = converted(panelOf(asset, own), whole, 0, 'GBP');
        const back = converted(there, whole, 0, 'USD').column('A');
        asset.forEach((level, i) => {
          if (Number.isNaN(level)) expect(back[i]).toBeNaN();
          else expect(back[i]! / level).toBeCloseTo(1, 12);
        });
      }),
    );
  });

  test('cannot see ahead: cut and converted is converted and cut', () => {
    fc.assert(
      fc.property(panelAndRates, fc.nat(19), ({ asset, own, rates, limit }, at) => {
        const panel = panelOf(asset, own);
        const session = panel.sessions[Math.min(at, asset.length - 1)]!;
        const cut = panel.upTo(session);
        expect(converted(cut, rates.slice(0, cut.sessions.length), limit)).toEqual(
          converted(panel, rates, limit).upTo(session),
        );
      }),
    );
  });

  test('has a factor a session', () => {
    expect(() => convertPanel(panelOf([1, 2]), () => Float64Array.of(1))).toThrow(/2 levels and 1 factors/);
  });
});

describe('closes in the portfolio’s currency', () => {
  const quoted = (symbol: string, session: string, close: number, currency: string | null) => ({
    ...{ symbol, session, close, currency },
  });
  const home = { id: 'uk', currency: 'GBP', fx: { USD: cable } };
  const [monday, tuesday, wednesday] = ['2024-01-01', '2024-01-02', '2024-01-03'];

  test('are the newest, at the last rate up to their session', () => {
    const bars = [
      quoted('ABC.L', tuesday, 4, 'GBP'),
      quoted('FILE', monday, 7, null),
      quoted('GBPUSD=X', monday, 1.2, 'USD'),
      quoted('GBPUSD=X', wednesday, 1.6, 'USD'),
      quoted('SPY', monday, 100, 'USD'),
      quoted('SPY', tuesday, 120, 'USD'),
    ];
    expect([...closesIn(home, ['SPY', 'ABC.L', 'FILE', 'NONE'], bars)]).toEqual([
      ['SPY', { session: tuesday, close: 120 * (1 / 1.2) }],
      ['ABC.L', { session: tuesday, close: 4 }],
      ['FILE', { session: monday, close: 7 }],
    ]);
  });

  test('are refused without a rate, or without a way', () => {
    const spy = quoted('SPY', monday, 100, 'USD');
    expect(() => closesIn(home, ['SPY'], [spy, quoted('GBPUSD=X', tuesday, 1.2, 'USD')])).toThrow(
      'no rate of GBPUSD=X up to 2024-01-01, to price SPY in GBP; ingest first',
    );
    expect(() => closesIn({ ...home, fx: {} }, ['SPY'], [spy])).toThrow(/prices in USD \(SPY\)/);
  });
});
