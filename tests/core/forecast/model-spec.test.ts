import { expect, test } from 'vitest';
import {
  inputsOf,
  modelSpecSchema,
  panelSymbols,
  parseNetworkSpec,
  sessionsRead,
} from '../../../src/core/forecast/model-spec.ts';

test("the article's network is the default", () => {
  expect(modelSpecSchema.parse({})).toEqual({
    kind: 'network',
    head: 'mean-return',
    horizonSessions: 21,
    body: { type: 'lstm', units: [64, 32], dropoutRatio: 0.2, lookbackSessions: 30 },
    inputs: { form: 'joint', features: ['return1'], marketSymbol: 'SPY', scaler: 'min-max' },
    training: {
      windowSessions: 504,
      validationRatio: 0.1,
      epochsMax: 50,
      patienceEpochs: 6,
      epochSamplesMax: 2048,
      batchSize: 32,
      learningRate: 0.001,
      weightDecay: 0.01,
      seed: 1,
    },
  });
});

test.each<[object, string]>([
  [{ kind: 'arima' }, 'forecaster.kind is "arima"'],
  [{ head: 'price' }, 'forecaster.head is "price"'],
  [{ body: { type: 'gru' } }, 'forecaster.body.type is "gru": expected lstm'],
  [{ body: { units: [] } }, 'forecaster.body.units is []: expected one to four whole numbers 1 to 512'],
  [{ body: { units: [64, 0.5] } }, 'forecaster.body.units.1 is 0.5: expected one to four whole numbers'],
  [
    { training: { windowSessions: 59 } },
    'forecaster.training.windowSessions is 59: expected a whole number 60 to 5000',
  ],
  [{ training: { windowSessions: 80 } }, 'forecaster.training.windowSessions is 80: expected at least 81'],
  [{ body: { dropoutRatio: Number.NaN } }, 'forecaster.body.dropoutRatio'],
  [{ training: { learningRate: 0 } }, 'forecaster.training.learningRate is 0: expected a number 1e-7 to 1'],
  [{ inputs: { features: ['close'] } }, 'forecaster.inputs.features.0 is "close"'],
  [{ inputs: { features: ['rsi', 'rsi'] } }, 'expected each feature once'],
  [{ inputs: { scaler: 'robust' } }, 'forecaster.inputs.scaler is "robust"'],
  [{ training: { seed: -1 } }, 'forecaster.training.seed is -1'],
  [{ windowSessions: 504 }, 'windowSessions'],
])('a network of %j is refused', (change, message) => {
  expect(() => parseNetworkSpec(change)).toThrow(message);
});

test('a network reads its warm-up before its window, and nothing is trained on for a rule', () => {
  expect(sessionsRead(parseNetworkSpec({}))).toEqual({ training: 505, inference: 31 });
  const pooled = parseNetworkSpec({ inputs: { form: 'pooled', features: ['return1', 'rsi'] } });
  expect(sessionsRead(pooled)).toEqual({ training: 624, inference: 150 });
  const naive = modelSpecSchema.parse({ kind: 'naive', name: 'historical-mean', windowSessions: 60 });
  expect(sessionsRead(naive)).toEqual({ training: 0, inference: 61 });
});

test('a joint network reads one series of all assets, a pooled one a series of features for each', () => {
  expect(inputsOf(parseNetworkSpec({}), ['AAA', 'BBB'])).toEqual({
    names: ['return1:AAA', 'return1:BBB'],
    series: [['AAA', 'BBB']],
  });
  const pooled = parseNetworkSpec({ inputs: { form: 'pooled', features: ['return1', 'rsi'] } });
  expect(inputsOf(pooled, ['AAA', 'BBB'])).toEqual({ names: ['return1', 'rsi'], series: [['AAA'], ['BBB']] });
});

test('the market symbol is read only where a feature reads it', () => {
  expect(panelSymbols(parseNetworkSpec({}), ['AAA'])).toEqual(['AAA']);
  const pooled = parseNetworkSpec({ inputs: { form: 'pooled', features: ['market-slope-20'] } });
  expect(panelSymbols(pooled, ['AAA'])).toEqual(['AAA', 'SPY']);
  expect(panelSymbols(pooled, ['SPY', 'AAA'])).toEqual(['SPY', 'AAA']);
  expect(panelSymbols({ ...pooled, kind: 'naive' } as never, ['AAA'])).toEqual(['AAA']);
});
