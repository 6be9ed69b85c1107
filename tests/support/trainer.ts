import {
  type Artefact,
  artefactFormat,
  encodeFloats,
  sealArtefact,
} from '../../src/core/forecast/artefact.ts';
import type { TrainingRequest } from '../../src/core/forecast/training-request.ts';
import { buildTrainingSet } from '../../src/core/forecast/training-set.ts';
import { bodyOf } from '../../src/core/inference/bodies.ts';
import { sizeOf } from '../../src/core/inference/weights.ts';
import { PricePanel } from '../../src/core/market/panel.ts';
import { createRandom } from '../../src/core/numeric/random.ts';
import { sha256 } from '../../src/networks/artefact.ts';
import type { Trainer } from '../../src/tasks/services.ts';

/** A whole, valid model of a request at once: its weights are drawn from the seed instead of learnt. */
export function untrainedArtefact({ symbols, panel, spec }: TrainingRequest): Artefact {
  const set = buildTrainingSet(new PricePanel(panel.sessions, panel.symbols, panel.levels), symbols, spec);
  const shapes = bodyOf(spec.body).shapes(spec.body, set.inputs, set.outputs);
  const weights = shapes.map(({ name, shape }, stream) => {
    const random = createRandom(spec.training.seed, stream);
    const values = Float32Array.from({ length: sizeOf(shape) }, () => 0.3 * random.normal());
    return { name, shape, base64: encodeFloats(values) };
  });
  const body = {
    formatVersion: artefactFormat,
    spec,
    symbols,
    windowFirst: set.windowFirst,
    trainedOn: set.windowLast,
    scalers: set.scalers,
    weights,
    epochs: 1,
    bestEpoch: 1,
    trainLoss: 0.25,
    validationLoss: 0.25,
    naiveValidationLoss: set.naiveValidationLoss,
    inputLag1Autocorrelation: set.inputLag1Autocorrelation,
    seed: spec.training.seed,
    backend: 'wasm' as const,
    backendVersion: '0',
    note: null,
  };
  return sealArtefact(body, sha256);
}

/** Answers with `untrainedArtefact`, and remembers what it was asked. */
export function instantTrainer(): Trainer & { asked: TrainingRequest[] } {
  const asked: TrainingRequest[] = [];
  return {
    asked,
    async train(request) {
      asked.push(request);
      return { artefact: untrainedArtefact(request), seconds: 0.5 };
    },
  };
}
