import { expect, test } from 'vitest';
import { alignForecast, type Forecast, simpleMeans } from '../../../src/core/forecast/forecast.ts';

const forecast: Forecast = {
  asOf: '2024-01-31',
  symbols: ['AAA', 'BBB'],
  horizonSessions: 21,
  modelIds: { 'mean-return': 'naive:zero' },
  mean: { values: [0.1, 0.2], unit: 'log-return-per-session' },
  volatility: [1, 2],
  correlation: [1, 0.5, 0.5, 1],
  stressProbability: 0.25,
  drawdownProbability: [0.3, 0.4],
};

test('aligned, each part follows the order asked for, and what no model knows is no number', () => {
  expect(alignForecast(forecast, ['BBB', 'CCC', 'AAA'])).toEqual({
    ...forecast,
    symbols: ['BBB', 'CCC', 'AAA'],
    mean: { values: [0.2, Number.NaN, 0.1], unit: 'log-return-per-session' },
    volatility: [2, Number.NaN, 1],
    correlation: [1, Number.NaN, 0.5, Number.NaN, Number.NaN, Number.NaN, 0.5, Number.NaN, 1],
    drawdownProbability: [0.4, Number.NaN, 0.3],
  });
});

test('aligned, a part that is not there stays away', () => {
  const { asOf, symbols, horizonSessions, modelIds } = forecast;
  expect(Object.keys(alignForecast({ asOf, symbols, horizonSessions, modelIds }, ['AAA'])).sort()).toEqual([
    'asOf',
    'horizonSessions',
    'modelIds',
    'symbols',
  ]);
});

test('a mean log return of ln 2 a session doubles: the simple return is 1', () => {
  expect(simpleMeans({ values: [Math.LN2, 0], unit: 'log-return-per-session' })).toEqual([1, 0]);
});
