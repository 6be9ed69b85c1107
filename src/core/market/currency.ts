import type { Session } from '../calendar/session.ts';
import type { BarNote } from './adjustments.ts';
import { PricePanel } from './panel.ts';

/** A series of exchange rates: its price is how much of `quote` one `base` costs. */
export type FxPair = { symbol: string; base: string; quote: string };

/** By the currency of a quote, the series that leads from it to the portfolio's. */
export type FxPairs = Readonly<Record<string, FxPair>>;

/** Prices whose currencies do not fit together, or that nothing converts. */
export class CurrencyError extends RangeError {
  override name = 'CurrencyError';
}

/** Reads a pair from Yahoo's name for it: GBPUSD=X, or JPY=X, where the dollar is left out; null for another name. */
export function fxPairNamed(symbol: string): FxPair | null {
  const [, first, second] = /^([A-Z]{3})([A-Z]{3})?=X$/.exec(symbol) ?? [];
  if (first === undefined) return null;
  return second === undefined
    ? { symbol, base: 'USD', quote: first }
    : { symbol, base: first, quote: second };
}

/** What a price in `currency` is multiplied by at a rate of `pair`, which joins it with the portfolio's currency. */
export function fxFactor(pair: FxPair, currency: string, rate: number): number {
  return pair.base === currency ? rate : 1 / rate;
}

/**
 * Each symbol's currency from those its prices are in, null where none says. Prices that name no currency are in the
 * one that the symbol's others name. Throws a CurrencyError where they name two.
 */
export function settledCurrencies(
  found: ReadonlyMap<string, ReadonlySet<string | null>>,
): Map<string, string | null> {
  return new Map(
    [...found].map(([symbol, currencies]) => {
      const named = [...currencies].filter((currency) => currency !== null);
      if (named.length > 1)
        throw new CurrencyError(
          `${symbol} has prices in ${named.sort().join(' and in ')}; expected one currency: give its source another name, under which its history is fetched again`,
        );
      return [symbol, named[0] ?? null];
    }),
  );
}

/**
 * The doubt about a reading in another currency than the stored prices; null where it is in the same, or one of the two
 * does not say. The reading is refused whole, and nothing is mixed.
 */
export function otherCurrency(
  symbol: string,
  stored: ReadonlySet<string | null> | undefined,
  reading: readonly { session: Session; currency: string | null }[],
): BarNote | null {
  const known = [...(stored ?? [])].find((currency) => currency !== null);
  const other = reading.findLast(({ currency }) => currency !== null && currency !== known);
  if (known === undefined || !other) return null;
  const { session, currency } = other;
  const reason = `the prices of this reading are in ${currency}, the stored ones in ${known}; expected the same: if it has really changed, give the source another name, under which its history is fetched again`;
  return { symbol, session, kind: 'unit', reason };
}

/** A portfolio's side of a conversion. */
export type Home = { id: string; currency: string; fx: FxPairs };

/**
 * Throws a CurrencyError that names symbols, currencies and what to configure, where some of the symbols' prices are in a
 * currency that nothing leads from to the portfolio's, or a series of rates is not the pair it is configured as.
 * A symbol whose currency is not known (null) counts as the portfolio's own.
 */
export function checkConvertible(
  { id, currency: home, fx }: Home,
  currencies: ReadonlyMap<string, string | null>,
): void {
  const rates = new Set(Object.values(fx).map(({ symbol }) => symbol));
  for (const { symbol, base, quote } of Object.values(fx)) {
    const found = currencies.get(symbol) ?? quote;
    if (found !== quote)
      throw new CurrencyError(
        `${id}: fx says that ${symbol} is ${quote} for one ${base}, but its prices are in ${found}; expected the pair the other way round, or another series`,
      );
  }
  const foreign = new Map<string, string[]>();
  for (const [symbol, currency] of currencies)
    if (currency !== null && currency !== home && !Object.hasOwn(fx, currency) && !rates.has(symbol))
      foreign.set(currency, [...(foreign.get(currency) ?? []), symbol]);
  if (foreign.size === 0) return;
  const named = [...foreign].map(([currency, symbols]) => `${currency} (${symbols.sort().join(', ')})`);
  const wanted = [...foreign.keys()].map((currency) => `${currency}: ${currency}${home}=X`);
  throw new CurrencyError(
    `${id} is kept in ${home}, but it has prices in ${named.join(' and ')}; expected fx: { ${wanted.join(', ')} } in the portfolio's configuration, or symbols quoted in ${home}`,
  );
}

/**
 * What levels in `currency` are multiplied by, session by session, from the levels of a series of rates. A session
 * without a rate has the last one known, of at most `fillSessionsMax` sessions before; NaN beyond.
 */
export function fxFactors(
  pair: FxPair,
  currency: string,
  rates: Float64Array,
  fillSessionsMax: number,
): Float64Array {
  let known = Number.NaN;
  let age = 0;
  return rates.map((rate) => {
    age = Number.isNaN(rate) ? age + 1 : 0;
    if (age === 0) known = rate;
    return age <= fillSessionsMax ? fxFactor(pair, currency, known) : Number.NaN;
  });
}

/**
 * The panel with the levels of some symbols in another currency, so that their ratios are returns in that. `factorsOf`
 * gives a symbol's factors, one a session, or null where it stays as it is; a session without a factor (NaN) has no
 * level, for an unconverted one would be wrong. A level depends on its own session's factor alone.
 */
export function convertPanel(
  panel: PricePanel,
  factorsOf: (symbol: string) => Float64Array | null,
): PricePanel {
  const levels = panel.symbols.map((symbol, index) => {
    const column = panel.levels[index]!;
    const factors = factorsOf(symbol);
    if (factors === null) return column;
    if (factors.length !== column.length)
      throw new RangeError(
        `${symbol} has ${column.length} levels and ${factors.length} factors, expected as many`,
      );
    return column.map((level, row) => level * factors[row]!);
  });
  return new PricePanel(panel.sessions, panel.symbols, levels);
}

type QuotedClose = { symbol: string; session: Session; close: number; currency: string | null };

/**
 * The newest close of each symbol in the portfolio's currency, at the last rate up to its session. `bars` are ascending by
 * session within a symbol, and hold those of the series of rates too.
 * Throws a CurrencyError where nothing leads to the portfolio's currency, or there is no rate yet.
 */
export function closesIn(
  home: Home,
  symbols: readonly string[],
  bars: readonly QuotedClose[],
): Map<string, { session: Session; close: number }> {
  const bySymbol = Map.groupBy(bars, (bar) => bar.symbol);
  const newest = symbols.flatMap((symbol) => bySymbol.get(symbol)?.at(-1) ?? []);
  checkConvertible(home, new Map(newest.map(({ symbol, currency }) => [symbol, currency])));
  return new Map(
    newest.map(({ symbol, session, close, currency }) => {
      if (currency === null || currency === home.currency) return [symbol, { session, close }];
      const pair = home.fx[currency]!;
      const rate = bySymbol.get(pair.symbol)?.findLast((bar) => bar.session <= session);
      if (!rate)
        throw new CurrencyError(
          `no rate of ${pair.symbol} up to ${session}, to price ${symbol} in ${home.currency}; ingest first`,
        );
      return [symbol, { session, close: close * fxFactor(pair, currency, rate.close) }];
    }),
  );
}
