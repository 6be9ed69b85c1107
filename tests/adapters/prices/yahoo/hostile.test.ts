import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SourceError } from '../../../../src/adapters/prices/source.ts';
import { readAnswer } from '../../../../src/adapters/prices/yahoo/answer.ts';
import { barsFromChart } from '../../../../src/adapters/prices/yahoo/bars.ts';
import { afterEverything, from, plainSeries, sessions, to } from '../../../support/yahoo-bench.ts';
import { chartAnswer } from '../../../support/yahoo-simulator-chart.ts';

const series = {
  ...plainSeries(),
  currency: 'GBp',
  dividends: { [sessions[25]!]: 3 },
  capitalGains: { [sessions[30]!]: 1 },
  splits: { [sessions[40]!]: [1, 1] as [number, number] },
};
const whole = { from: 0, to: 1e10 };
const honest = chartAnswer('SPY', series, whole, afterEverything);
const leaves = pathsOf(honest);

function pathsOf(node: unknown, path: string[] = []): string[][] {
  if (node === null || typeof node !== 'object') return [path];
  return Object.entries(node).flatMap(([key, child]) => pathsOf(child, [...path, key]));
}

function changed(changes: readonly (readonly [string[], unknown])[]): string {
  const chart = structuredClone(honest);
  for (const [path, value] of changes) {
    let node = chart as Record<string, unknown>;
    for (const key of path.slice(0, -1)) node = node[key] as Record<string, unknown>;
    node[path.at(-1)!] = value;
  }
  return JSON.stringify({ chart: { result: [chart], error: null } });
}

const hostile = fc.oneof(
  fc.constantFrom<unknown>(
    1e300,
    -1e300,
    1e9,
    1e10,
    1e-300,
    0,
    -1,
    -37.63,
    null,
    true,
    '',
    '1',
    'GBP',
    'USD',
    [],
    {},
  ),
  fc.double({ noNaN: true }),
  fc.integer(),
);
const change = fc.tuple(fc.constantFrom(...leaves), hostile);

test('whatever a few of its values are, an answer gives bars that can be, or is refused', () => {
  let answered = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const body = changed(changes);
      try {
        const chart = readAnswer({ status: 200, location: null, retryAfter: null, body }, 'SPY');
        const { bars } = barsFromChart(chart!, { symbol: 'SPY', from, to }, afterEverything);
        answered += 1;
        let before = '';
        for (const { session, close, dividend, splitRatio, high, low, volume } of bars) {
          expect(session > before && session >= from && session <= to).toBe(true);
          before = session;
          expect(close).toBeGreaterThanOrEqual(1e-12);
          expect(close).toBeLessThanOrEqual(1e9);
          expect(dividend).toBeGreaterThanOrEqual(0);
          expect(dividend).toBeLessThanOrEqual(3e9);
          expect(splitRatio).toBeGreaterThanOrEqual(1e-9);
          expect(splitRatio).toBeLessThanOrEqual(1e9);
          for (const value of [high, low, volume])
            expect(value === null || (value >= 0 && value < 1e16)).toBe(true);
        }
      } catch (error) {
        // A time beyond any calendar is a RangeError here, which the download tells as an answer not in the form.
        if (!(error instanceof SourceError || error instanceof RangeError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
  expect(answered).toBeGreaterThan(500);
});
