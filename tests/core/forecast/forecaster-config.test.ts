import { describe, expect, test } from 'vitest';
import {
  checkForecasterConfig,
  defaultForecasterConfig,
  type ForecasterConfig,
  sessionsNeeded,
} from '../../../src/core/forecast/forecaster-config.ts';

describe('the forecaster configuration', () => {
  test("is the article's by default", () => {
    expect(() => checkForecasterConfig(defaultForecasterConfig)).not.toThrow();
    expect(defaultForecasterConfig.units).toEqual([64, 32]);
  });

  test.each<[Partial<Record<keyof ForecasterConfig, unknown>>, string]>([
    [{ model: 'gru' }, 'forecaster.model is "gru", expected "lstm"'],
    [{ units: [] }, 'forecaster.units is [], expected one to four whole numbers'],
    [{ units: [64, 0.5] }, 'forecaster.units is [64,0.5]'],
    [{ windowSessions: 59 }, 'forecaster.windowSessions is 59, expected a whole number 60 to 5000'],
    [{ windowSessions: 80 }, 'room for the lookback and twice the horizon'],
    [{ dropoutRatio: Number.NaN }, 'forecaster.dropoutRatio'],
    [{ learningRate: 0 }, 'forecaster.learningRate is 0'],
    [{ features: ['close'] }, 'forecaster.features is ["close"], expected different names of return1'],
    [{ features: ['rsi', 'rsi'] }, 'expected different names'],
    [{ scaler: 'robust' }, 'forecaster.scaler is "robust", expected min-max or standard'],
    [{ seed: -1 }, 'forecaster.seed is -1'],
  ])('refuses %j', (change, message) => {
    const config = { ...defaultForecasterConfig, ...change } as ForecasterConfig;
    expect(() => checkForecasterConfig(config)).toThrow(message);
  });

  test('counts the sessions it reads: the warm-up lies before the window', () => {
    expect(sessionsNeeded(defaultForecasterConfig)).toEqual({ training: 505, inference: 31 });
    const pooled: ForecasterConfig = {
      ...defaultForecasterConfig,
      form: 'pooled',
      features: ['return1', 'rsi'],
    };
    expect(sessionsNeeded(pooled)).toEqual({ training: 624, inference: 150 });
  });
});
