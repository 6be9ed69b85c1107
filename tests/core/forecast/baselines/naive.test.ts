import { describe, expect, test } from 'vitest';
import { naiveForecast } from '../../../../src/core/forecast/baselines/naive.ts';
import { PricePanel } from '../../../../src/core/market/panel.ts';

const sessions = ['2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05'];
const panel = new PricePanel(
  sessions,
  ['AAA', 'BBB'],
  [Float64Array.from([1, 2, 4, 4]), Float64Array.from([8, 8, 4, 1])],
);
const span = { windowSessions: 3, horizonSessions: 2 };

describe('naive forecasts', () => {
  test('are zero, the last horizon again, and the mean of the window', () => {
    expect(naiveForecast({ name: 'zero', ...span }, panel, ['BBB'])).toEqual({
      asOf: '2024-01-05',
      symbols: ['BBB'],
      horizonSessions: 2,
      modelIds: { 'mean-return': 'naive:zero' },
      mean: { values: [0], unit: 'log-return-per-session' },
    });
    expect(naiveForecast({ name: 'last', ...span }, panel, ['BBB', 'AAA']).mean!.values).toEqual([
      Math.log(1 / 8) / 2,
      Math.log(2) / 2,
    ]);
    expect(naiveForecast({ name: 'historical-mean', ...span }, panel, ['AAA']).mean!.values).toEqual([
      Math.log(4) / 3,
    ]);
  });

  test('say what is missing', () => {
    expect(() =>
      naiveForecast({ name: 'historical-mean', ...span, windowSessions: 4 }, panel, ['AAA']),
    ).toThrow('AAA has no levels at both ends of the last 4 sessions');
  });
});
