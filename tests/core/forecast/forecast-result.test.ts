import { expect, test } from 'vitest';
import {
  failedForecast,
  forecastFrom,
  forecastNaively,
  noForecast,
} from '../../../src/core/forecast/forecast-result.ts';
import type { NaiveSpec } from '../../../src/core/forecast/model-spec.ts';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { UnusableDataError } from '../../../src/core/unusable-data-error.ts';
import { simulatedPanel } from './simulated-prices.ts';

const symbols = ['AAA', 'BBB'];
const panel = simulatedPanel(symbols, 120);
const quality = { fillSessionsMax: 3, missingRatioMax: 0.05, historySessionsMin: 41 };
const mean: NaiveSpec = { kind: 'naive', name: 'historical-mean', windowSessions: 40, horizonSessions: 21 };

test('a forecast that is made has no reason and no fault', () => {
  const result = forecastNaively(mean, panel, symbols, quality);
  expect(result.forecast!.asOf).toBe(panel.lastSession);
  expect([result.trainedOn, result.reason, 'isFault' in result]).toEqual([panel.lastSession, null, false]);
});

test('no model, and prices nothing can be forecast from, are no faults', () => {
  expect(forecastFrom(null, panel, quality)).toEqual(noForecast('no model has been trained yet'));
  const short = new PricePanel(
    panel.sessions.slice(0, 45),
    symbols,
    panel.levels.map((column) => column.slice(0, 45)),
  );
  const result = forecastNaively({ ...mean, windowSessions: 60 }, short, symbols, quality);
  expect(result).toEqual({
    forecast: null,
    trainedOn: short.lastSession,
    reason: 'AAA has no levels at both ends of the last 60 sessions: ingest more history',
  });
  expect(forecastNaively(mean, panel, ['ZZZ'], quality).reason).toMatch(/no symbol ZZZ in the price panel/);
  expect(forecastNaively(mean, panel, ['ZZZ'], quality).isFault).toBeUndefined();
});

test('whatever else breaks while it is made is a fault', () => {
  const broken = { ...mean, name: undefined as never, windowSessions: Number.NaN };
  expect(forecastNaively(broken, panel, symbols, quality)).toMatchObject({ forecast: null, isFault: true });
  expect(forecastFrom({ trainedOn: '2010-02-01' } as never, panel, quality)).toMatchObject({
    forecast: null,
    trainedOn: '2010-02-01',
    isFault: true,
  });
  expect(failedForecast(new TypeError('of undefined'))).toEqual({
    forecast: null,
    trainedOn: null,
    reason: 'of undefined',
    isFault: true,
  });
  expect(failedForecast(new UnusableDataError('a gap'))).toEqual(noForecast('a gap'));
});
