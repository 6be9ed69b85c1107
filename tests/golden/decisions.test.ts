import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ForecastResult, noForecast } from '../../src/core/forecast/forecast-result.ts';
import { goldenHash, walkedDecisions } from './golden.ts';

// Every decision of two whole walks, to the last bit. A commit that changes a hash says why in its message.
const recorded: {
  symbols: string[];
  horizonSessions: number;
  /** session, last session of the model's window, mean daily log returns */
  forecasts: [string, string, number[]][];
} = JSON.parse(readFileSync(join(import.meta.dirname, 'demo-forecasts.json'), 'utf8'));

/** What the demo's networks said on the machine of the record; training differs in the last digits between processors. */
function recordedForecast(session: string): ForecastResult {
  const found = recorded.forecasts.find(([asOf]) => asOf === session);
  if (!found) throw new Error(`no forecast was recorded for ${session}: the demo did not decide then`);
  const [asOf, trainedOn, meanLogReturn] = found;
  const { symbols, horizonSessions } = recorded;
  return {
    forecast: {
      asOf,
      symbols,
      horizonSessions,
      modelIds: {},
      mean: { values: meanLogReturn, unit: 'log-return-per-session' },
    },
    trainedOn,
    reason: null,
  };
}

test('the demo: 87 decisions of twenty stocks over seven years', { timeout: 120_000 }, async () => {
  const decisions = await walkedDecisions('config/examples/demo.yaml', recordedForecast);
  expect(decisions).toHaveLength(recorded.forecasts.length);
  expect(goldenHash(decisions)).toBe('9dc096cb5c6463bfb23f0c3d02a87a12b42a852130fcacab3247ad2801d8f970');
});

test('mean-variance with groups, costs, cap and volatility target', { timeout: 120_000 }, async () => {
  const decisions = await walkedDecisions('tests/golden/constrained.yaml', () => noForecast('none is asked'));
  const kinds = new Set(decisions.flatMap(({ binding }) => binding.map(({ kind }) => kind)));
  expect([...kinds]).toEqual(
    expect.arrayContaining(['group', 'turnover', 'volatility', 'upper', 'lower', 'exposure', 'band']),
  );
  expect(goldenHash(decisions)).toBe('84b09e7720e00aa51cce2230385e887f78df09e56107042d3d89ff0c6c9fd340');
});
