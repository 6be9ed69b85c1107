import { z } from 'zod';
import { returnsRead } from '../features/feature-rows.ts';
import { type FeatureName, featureNames, needsMarket } from '../features/names.ts';
import { scalerKinds } from '../features/scaler.ts';
import { bodySchema } from '../inference/bodies.ts';
import { symbolPattern } from '../market/bar.ts';
import { numberFrom, wholeNumber } from '../schema-numbers.ts';
import { naiveNames } from './baselines/naive.ts';
import { headNames } from './heads/names.ts';

/** `joint`: one network reads every asset's returns; `pooled`: one network, each asset a sample of its own features. */
const modelForms = ['joint', 'pooled'] as const;

const inputsSchema = z.strictObject({
  form: z
    .enum(modelForms)
    .default('joint')
    .describe('joint: one network reads all returns; pooled: one asset a sample'),
  features: z
    .array(z.enum(featureNames))
    .min(1)
    .refine((names) => new Set(names).size === names.length, 'expected each feature once')
    .default(['return1'])
    .describe("of the pooled form; the joint form reads each asset's return1"),
  marketSymbol: z
    .string()
    .regex(symbolPattern, 'expected a symbol: 1 to 20 of A-Z 0-9 . ^ = -')
    .default('SPY')
    .describe('read only by market features'),
  scaler: z.enum(scalerKinds).default('min-max'),
});

const trainingSchema = z.strictObject({
  windowSessions: wholeNumber(60, 5000).default(504).describe('the last sessions that are trained on'),
  validationRatio: numberFrom(0.02, 0.5).default(0.1).describe("last part of the window's samples"),
  epochsMax: wholeNumber(1, 1000).default(50),
  patienceEpochs: wholeNumber(1, 1000)
    .default(6)
    .describe('epochs without a better validation loss before training stops'),
  epochSamplesMax: wholeNumber(1, 10_000_000)
    .default(2048)
    .describe('samples one epoch visits, drawn again each epoch: overlapping windows repeat each other'),
  batchSize: wholeNumber(1, 4096).default(32),
  learningRate: numberFrom(1e-7, 1).default(0.001),
  weightDecay: numberFrom(0, 1)
    .default(0.01)
    .describe('decoupled decay of the matrices, a ratio of the learning rate'),
  seed: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(1),
});

const horizonSessions = wholeNumber(1, 260)
  .default(21)
  .describe('the forecast is about so many sessions after its own');

/** What a network is, without its head: a forecaster's configuration names the heads beside it. */
export const networkSchema = z.strictObject({
  kind: z.literal('network').default('network'),
  horizonSessions,
  body: bodySchema.prefault({}),
  inputs: inputsSchema.prefault({}),
  training: trainingSchema.prefault({}),
});

/** A forecast by a rule, made at each decision and never trained. */
export const naiveSchema = z.strictObject({
  kind: z.literal('naive'),
  name: z.enum(naiveNames),
  horizonSessions,
  windowSessions: wholeNumber(2, 5000).default(504).describe('of historical-mean'),
});

/** Raises an issue where a network's window has no room for its samples. */
export function checkWindow(spec: WindowParts, context: z.RefinementCtx): void {
  const { body, horizonSessions, training } = spec;
  const needed = body.lookbackSessions + 2 * horizonSessions + 9;
  if (training.windowSessions < needed)
    context.addIssue({
      code: 'custom',
      path: ['training', 'windowSessions'],
      message: `expected at least ${needed}: room for the lookback, twice the horizon and ten samples`,
    });
}

type WindowParts = Pick<z.output<typeof networkSchema>, 'body' | 'horizonSessions' | 'training'>;

const networkSpecSchema = z
  .strictObject({ ...networkSchema.shape, head: z.enum(headNames).default(headNames[0]) })
  .superRefine(checkWindow);

export const modelSpecSchema = z.discriminatedUnion(
  'kind',
  [networkSpecSchema, naiveSchema],
  'expected network or naive',
);

/** Everything that, with the prices, determines a model and so its forecasts: one model, one head. */
export type ModelSpec = z.output<typeof modelSpecSchema>;
export type NetworkSpec = z.output<typeof networkSpecSchema>;
export type NaiveSpec = z.output<typeof naiveSchema>;

/** A network's spec as it came from elsewhere; throws one sentence: the field, what it is, what was expected. */
export function parseNetworkSpec(value: unknown): NetworkSpec {
  const parsed = networkSpecSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const found = path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown>)?.[key], value);
  throw new Error(`${['forecaster', ...path].join('.')} is ${JSON.stringify(found)}: ${message}`);
}

/** Features a network reads: the joint form always reads daily returns. */
export function featuresOf({ inputs }: NetworkSpec): FeatureName[] {
  return inputs.form === 'joint' ? ['return1'] : inputs.features;
}

/** Numbers a network reads at one session, and the series of samples it reads them from. */
export function inputsOf(spec: NetworkSpec, symbols: readonly string[]) {
  const joint = spec.inputs.form === 'joint';
  return {
    /** one a column: the asset's daily return, or the feature */
    names: joint ? symbols.map((symbol) => `return1:${symbol}`) : featuresOf(spec),
    /** the assets of each series */
    series: joint ? [[...symbols]] : symbols.map((symbol) => [symbol]),
  };
}

/**
 * Panel sessions a model reads to be trained and to forecast, oldest first level included.
 * The features' warm-up lies before the window, never inside its sessions. What is not trained reads none for it.
 */
export function sessionsRead(spec: ModelSpec): { training: number; inference: number } {
  if (spec.kind === 'naive')
    return { training: 0, inference: Math.max(spec.windowSessions, spec.horizonSessions) + 1 };
  const before = returnsRead(featuresOf(spec));
  return { training: spec.training.windowSessions + before, inference: spec.body.lookbackSessions + before };
}

/** Symbols a panel must hold to train on, or to forecast, `symbols`. */
export function panelSymbols(spec: ModelSpec, symbols: readonly string[]): string[] {
  if (spec.kind === 'naive' || !needsMarket(featuresOf(spec))) return [...symbols];
  return [...new Set([...symbols, spec.inputs.marketSymbol])];
}
