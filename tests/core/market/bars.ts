import type { Bar } from '../../../src/core/market/bar.ts';

/** A bar without events, but for those given. */
export function barOf(session: string, close: number, events: Partial<Bar> = {}): Bar {
  return {
    symbol: 'A',
    session,
    close,
    dividend: 0,
    splitRatio: 1,
    high: null,
    low: null,
    volume: null,
    ...events,
  };
}
