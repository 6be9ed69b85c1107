import { returnsRead } from '../features/feature-rows.ts';
import { type FeatureName, featureNames, needsMarket } from '../features/names.ts';
import { type ScalerKind, scalerKinds } from '../features/scaler.ts';

/** `joint`: one network reads every asset's returns; `pooled`: one network, each asset a sample of its own features. */
export const modelForms = ['joint', 'pooled'] as const;
export type ModelForm = (typeof modelForms)[number];

/** Everything that, with the prices, determines a trained network. It is stored inside its artefact. */
export type ForecasterConfig = {
  model: 'lstm';
  form: ModelForm;
  windowSessions: number;
  lookbackSessions: number;
  horizonSessions: number;
  /** Units of each LSTM layer, first to last. */
  units: number[];
  dropoutRatio: number;
  epochsMax: number;
  /** Epochs without a better validation loss before training stops. */
  patienceEpochs: number;
  batchSize: number;
  learningRate: number;
  /** Decoupled decay of the matrices, as a ratio of the learning rate (Loshchilov and Hutter, 2019); 0 for none. */
  weightDecay: number;
  /** Last part of the window's samples kept for validation. */
  validationRatio: number;
  scaler: ScalerKind;
  /** Features of the pooled form; the joint form reads each asset's `return1` only. */
  features: FeatureName[];
  /** Symbol whose trend the market features read; needed only when they are used. */
  marketSymbol: string;
  /** Samples one epoch visits at most, drawn anew each epoch: overlapping windows repeat each other. */
  epochSamplesMax: number;
  seed: number;
};

export const defaultForecasterConfig: ForecasterConfig = {
  model: 'lstm',
  form: 'joint',
  windowSessions: 504,
  lookbackSessions: 30,
  horizonSessions: 21,
  units: [64, 32],
  dropoutRatio: 0.2,
  epochsMax: 50,
  patienceEpochs: 6,
  batchSize: 32,
  learningRate: 0.001,
  weightDecay: 0.01,
  validationRatio: 0.1,
  scaler: 'min-max',
  features: ['return1'],
  marketSymbol: 'SPY',
  epochSamplesMax: 2048,
  seed: 1,
};

/** Features the network reads: the joint form always reads daily returns. */
export function featuresOf(config: ForecasterConfig): FeatureName[] {
  return config.form === 'joint' ? ['return1'] : config.features;
}

/**
 * Panel sessions that training and inference read, oldest first level included.
 * The features' warm-up lies before the window, never inside its sessions.
 */
export function sessionsNeeded(config: ForecasterConfig): { training: number; inference: number } {
  const before = returnsRead(featuresOf(config));
  return { training: config.windowSessions + before, inference: config.lookbackSessions + before };
}

/** Symbols a panel must hold to train on, or to forecast, `symbols`. */
export function panelSymbols(config: ForecasterConfig, symbols: readonly string[]): string[] {
  const market = needsMarket(featuresOf(config)) && !symbols.includes(config.marketSymbol);
  return market ? [...symbols, config.marketSymbol] : [...symbols];
}

/** Throws one sentence that names the first wrong field, what it is and what was expected. */
export function checkForecasterConfig(config: ForecasterConfig): void {
  const whole = (name: keyof ForecasterConfig, low: number, high: number) =>
    expect(
      name,
      Number.isInteger(config[name]) && within(config[name], low, high),
      `a whole number ${low} to ${high}`,
    );
  const ratio = (name: keyof ForecasterConfig, low: number, high: number) =>
    expect(name, within(config[name], low, high), `a number ${low} to ${high}`);
  const expect = (name: keyof ForecasterConfig, good: boolean, wanted: string) => {
    if (!good) throw new Error(`forecaster.${name} is ${JSON.stringify(config[name])}, expected ${wanted}`);
  };
  expect('model', config.model === 'lstm', '"lstm"');
  expect('form', modelForms.includes(config.form), modelForms.join(' or '));
  whole('windowSessions', 60, 5000);
  whole('lookbackSessions', 2, 260);
  whole('horizonSessions', 1, 260);
  const layers = Array.isArray(config.units) ? config.units : [];
  expect(
    'units',
    layers.length >= 1 &&
      layers.length <= 4 &&
      layers.every((count) => Number.isInteger(count) && within(count, 1, 512)),
    'one to four whole numbers 1 to 512',
  );
  ratio('dropoutRatio', 0, 0.9);
  whole('epochsMax', 1, 1000);
  whole('patienceEpochs', 1, 1000);
  whole('batchSize', 1, 4096);
  ratio('learningRate', 1e-7, 1);
  ratio('weightDecay', 0, 1);
  ratio('validationRatio', 0.02, 0.5);
  expect('scaler', scalerKinds.includes(config.scaler), scalerKinds.join(' or '));
  const features = Array.isArray(config.features) ? config.features : [];
  expect(
    'features',
    features.length > 0 &&
      features.every((name) => featureNames.includes(name)) &&
      new Set(features).size === features.length,
    `different names of ${featureNames.join(', ')}`,
  );
  expect('marketSymbol', typeof config.marketSymbol === 'string', 'a symbol');
  whole('epochSamplesMax', 1, 10_000_000);
  whole('seed', 0, Number.MAX_SAFE_INTEGER);
  const room = config.windowSessions - config.lookbackSessions + 1 - 2 * config.horizonSessions;
  expect(
    'windowSessions',
    room >= 10,
    'room for the lookback and twice the horizon and at least ten samples more',
  );
}

function within(value: unknown, low: number, high: number): boolean {
  return typeof value === 'number' && value >= low && value <= high;
}
