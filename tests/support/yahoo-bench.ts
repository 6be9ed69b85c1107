import { afterEach, beforeEach } from 'vitest';
import { SourceError } from '../../src/adapters/prices/source.ts';
import { type YahooOptions, type YahooSource, yahooSource } from '../../src/adapters/prices/yahoo/yahoo.ts';
import {
  type SimulatedSeries,
  startYahooSimulator,
  weekdays,
  type YahooSimulator,
} from './yahoo-simulator.ts';

/** Sixty weekdays from 2024-01-01 to 2024-03-22; tests ask for the thirty from `from` to `to`. */
export const sessions = weekdays('2024-01-01', 60);
export const from = sessions[20]!;
export const to = sessions[49]!;
export const afterEverything = Date.parse('2024-03-30T00:00:00Z');

export function plainSeries(): SimulatedSeries {
  return { sessions, closes: sessions.map((_, index) => 100 + index) };
}

/** A fresh simulator of SPY, TLT and GLD before each test, with a clock that only moves when it is waited on. */
export function yahooBench() {
  const bench = {
    nowMs: afterEverything,
    waits: [] as number[],
    simulator: undefined as unknown as YahooSimulator,
    source(changes: Partial<YahooOptions> = {}): YahooSource {
      return yahooSource({
        baseUrl: bench.simulator.url,
        timeoutMs: 5000,
        requestsPerSecond: 1000,
        attemptsMax: 3,
        now: () => bench.nowMs,
        wait: async (ms) => {
          bench.waits.push(ms);
          bench.nowMs += ms;
        },
        random: () => 0,
        log: { warn: () => {} },
        ...changes,
      });
    },
  };
  beforeEach(async () => {
    bench.nowMs = afterEverything;
    bench.waits = [];
    const series = { SPY: plainSeries(), TLT: plainSeries(), GLD: plainSeries() };
    bench.simulator = await startYahooSimulator({ series, now: () => bench.nowMs });
  });
  afterEach(() => bench.simulator.stop());
  return bench;
}

/** The error a fetch ends with; anything but a SourceError is a failure of the test. */
export async function failure(promise: Promise<unknown>): Promise<SourceError> {
  const error = await promise.then(
    () => new Error('bars came, expected a SourceError'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SourceError)) throw error;
  return error;
}
