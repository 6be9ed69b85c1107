import { createHash } from 'node:crypto';
import { type Artefact, artefactFormat, encodeFloats, sealArtefact } from '../core/forecast/artefact.ts';
import type { TrainingRequest } from '../core/forecast/training-request.ts';
import { buildTrainingSet } from '../core/forecast/training-set.ts';
import { bodyOf } from '../core/inference/bodies.ts';
import { viewWeights } from '../core/inference/weights.ts';
import { PricePanel } from '../core/market/panel.ts';
import type { Runtime } from './runtime.ts';
import { type OnStep, trainNetwork } from './training.ts';

/** SHA-256 of a text as lower-case hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Builds the training set of a request, trains on it and seals the result. */
export async function trainArtefact(
  runtime: Runtime,
  request: TrainingRequest,
  onStep?: OnStep,
): Promise<Artefact> {
  const { symbols, spec } = request;
  const panel = new PricePanel(request.panel.sessions, request.panel.symbols, request.panel.levels);
  const set = buildTrainingSet(panel, symbols, spec);
  const trained = await trainNetwork(runtime, set, spec, onStep);
  const tensors = viewWeights(trained.weights, bodyOf(spec.body).shapes(spec.body, set.inputs, set.outputs));
  return sealArtefact(
    {
      formatVersion: artefactFormat,
      spec,
      symbols,
      windowFirst: set.windowFirst,
      trainedOn: set.windowLast,
      scalers: set.scalers,
      weights: tensors.map(({ name, shape, values }) => ({ name, shape, base64: encodeFloats(values) })),
      epochs: trained.epochs,
      bestEpoch: trained.bestEpoch,
      trainLoss: trained.trainLoss,
      validationLoss: trained.validationLoss,
      naiveValidationLoss: set.naiveValidationLoss,
      inputLag1Autocorrelation: set.inputLag1Autocorrelation,
      seed: spec.training.seed,
      backend: runtime.backend,
      backendVersion: runtime.backendVersion,
      note: runtime.note,
    },
    sha256,
  );
}
