import {
  emptyFetched,
  type PriceSource,
  SourceError,
  type SourceErrorKind,
} from '../../src/adapters/prices/source.ts';
import { calendarByName } from '../../src/core/calendar/calendars.ts';
import type { Session } from '../../src/core/calendar/session.ts';
import type { Bar } from '../../src/core/market/bar.ts';
import { createRandom } from '../../src/core/numeric/random.ts';

export type MemorySource = PriceSource & {
  /** closes by symbol and session; change them to restate history, delete one to hold a bar back */
  closes: Map<string, Map<Session, number>>;
  /** symbols that fail, and how */
  failures: Map<string, SourceErrorKind>;
  /** what was asked for, in order */
  asked: { symbol: string; from: Session; to: Session }[];
};

/** Prices held in memory: random walks on New York sessions `from`..`to`, total-return basis. */
export function memorySource(symbols: readonly string[], from: Session, to: Session, seed = 1): MemorySource {
  const sessions = calendarByName('XNYS').sessions(from, to);
  const closes = new Map(
    symbols.map((symbol, i) => {
      const random = createRandom(seed, i);
      let close = 100;
      const path = sessions.map((session): [Session, number] => {
        close *= Math.exp(0.0003 + (0.006 + 0.004 * i) * random.normal());
        return [session, close];
      });
      return [symbol, new Map(path)];
    }),
  );
  const failures = new Map<string, SourceErrorKind>();
  const asked: MemorySource['asked'] = [];
  return {
    name: 'memory',
    basis: 'total-return',
    closes,
    failures,
    asked,
    async fetchBars(symbol, first, last) {
      asked.push({ symbol, from: first, to: last });
      const kind = failures.get(symbol);
      if (kind) throw new SourceError(kind, `${symbol} fails by ${kind}`, { symbol });
      const path = closes.get(symbol);
      if (!path) throw new SourceError('unknown-symbol', `no ${symbol} here`, { symbol });
      const bars = [...path]
        .filter(([session]) => session >= first && session <= last)
        .map(([session, close]) => plainBar(symbol, session, close));
      return { ...emptyFetched, bars };
    },
  };
}

export function plainBar(symbol: string, session: Session, close: number): Bar {
  return { symbol, session, close, dividend: 0, splitRatio: 1, high: null, low: null, volume: null };
}
