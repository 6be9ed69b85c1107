import type { Session } from '../calendar/session.ts';

/**
 * What a source's closes mean:
 * `as-traded` the price printed that day; `split-adjusted` restated for splits, dividends apart;
 * `total-return` restated for both, so that its ratio is the investor's return.
 */
export type PriceBasis = 'as-traded' | 'split-adjusted' | 'total-return';

/** One final daily bar of one symbol. Dividend and split are those that go ex on this session. */
export type Bar = {
  symbol: string;
  session: Session;
  close: number;
  /** cash per share, in the currency and share units of that session's close; 0 when none */
  dividend: number;
  /** new shares for one old share; 1 when none */
  splitRatio: number;
  high: number | null;
  low: number | null;
  volume: number | null;
};

/** Symbols reach a URL unencoded, so nothing outside this set may become one. */
export const symbolPattern = /^[A-Z0-9.^=-]{1,20}$/;

/**
 * One session's simple total return from the close before it.
 * A split multiplies an as-traded holding's shares; a split-adjusted close already holds it.
 */
export function totalReturn(basis: PriceBasis, previousClose: number, bar: Bar): number {
  if (basis === 'total-return') return bar.close / previousClose - 1;
  const shares = basis === 'as-traded' ? bar.splitRatio : 1;
  return (shares * (bar.close + bar.dividend)) / previousClose - 1;
}
