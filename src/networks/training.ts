import { gatherTargets } from '../core/features/windows.ts';
import type { NetworkSpec } from '../core/forecast/model-spec.ts';
import type { TrainingSet } from '../core/forecast/training-set.ts';
import { bodyOf } from '../core/inference/bodies.ts';
import { sizeOf, totalSize, type WeightShape } from '../core/inference/weights.ts';
import { createRandom, type Random } from '../core/numeric/random.ts';
import { createAdam } from './adam.ts';
import { createNetwork } from './network.ts';
import type { Runtime } from './runtime.ts';

/** Losses are the head's, in scaled units; `trainLoss` is that of the best epoch, dropout on. */
export type TrainedNetwork = {
  /** flat, in the order of the body's shapes */
  weights: Float32Array;
  epochs: number;
  bestEpoch: number;
  trainLoss: number;
  validationLoss: number;
};

/** Called after each batch (`epochEnded` false) and each epoch; a caller with other work to do yields in it. */
export type OnStep = (progress: { epoch: number; epochEnded: boolean }) => void | Promise<void>;

/**
 * Trains a body by mini-batch Adam on its head's loss, until the validation loss has not improved for
 * `patienceEpochs`, and returns the best epoch's weights. Order of samples, dropout masks and initial weights come from
 * the spec's seed: on one backend the same set and spec give the same bits.
 */
export async function trainNetwork(
  runtime: Runtime,
  set: TrainingSet,
  spec: NetworkSpec,
  onStep: OnStep = () => {},
): Promise<TrainedNetwork> {
  const { body, training } = spec;
  const network = createNetwork(runtime, spec, set);
  const weights = bodyOf(body).initialWeights(network.shapes, training.seed, meanTargets(set));
  const adam = createAdam(decaying(network.shapes), training);
  const shuffling = createRandom(training.seed, 2);
  const dropping = createRandom(training.seed, 3);
  let best: TrainedNetwork | undefined;
  for (let epoch = 1; epoch <= training.epochsMax; epoch += 1) {
    const codes = epochCodes(set.train, shuffling, training.epochSamplesMax);
    let sum = 0;
    for (let from = 0; from < codes.length; from += training.batchSize) {
      const batch = codes.subarray(from, from + training.batchSize);
      const masks = dropoutMasks(network.maskShapes(batch.length), body.dropoutRatio, dropping);
      const { loss, gradients } = network.lossAndGradients(weights, batch, masks);
      adam.step(weights, gradients);
      sum += loss * batch.length;
      await onStep({ epoch, epochEnded: false });
    }
    const validationLoss = network.loss(weights, set.validation);
    const trainLoss = sum / codes.length;
    if (!Number.isFinite(trainLoss) || !Number.isFinite(validationLoss))
      throw new Error(`training diverged in epoch ${epoch} (loss ${trainLoss}): lower the learning rate`);
    if (!best || validationLoss < best.validationLoss)
      best = { weights: weights.slice(), epochs: epoch, bestEpoch: epoch, trainLoss, validationLoss };
    best.epochs = epoch;
    await onStep({ epoch, epochEnded: true });
    if (epoch - best.bestEpoch >= training.patienceEpochs) break;
  }
  return best!;
}

/** Inverted dropout masks (Srivastava et al., 2014): per element 0 with the ratio's probability, else 1 / (1 - ratio). */
function dropoutMasks(shapes: readonly number[][], ratio: number, random: Random): Float32Array[] {
  if (ratio === 0) return [];
  const threshold = ratio * 2 ** 32;
  const kept = 1 / (1 - ratio);
  return shapes.map((shape) => {
    const mask = new Float32Array(sizeOf(shape));
    for (let index = 0; index < mask.length; index += 1) mask[index] = random.bits() < threshold ? 0 : kept;
    return mask;
  });
}

/** The training samples of one epoch in a fresh order, at most `most` of them. */
function epochCodes(train: Int32Array, random: Random, most: number): Int32Array {
  return random
    .permutation(train.length)
    .subarray(0, most)
    .map((index) => train[index]!);
}

/** Mean scaled target of the training samples, per output. */
function meanTargets(set: TrainingSet): number[] {
  const targets = gatherTargets(set.series, set.rows, set.outputs, set.train);
  return Array.from({ length: set.outputs }, (_, output) => {
    let sum = 0;
    for (let index = output; index < targets.length; index += set.outputs) sum += targets[index]!;
    return sum / set.train.length;
  });
}

/** Matrices decay, biases do not. */
function decaying(shapes: readonly WeightShape[]): Uint8Array {
  const decays = new Uint8Array(totalSize(shapes));
  let from = 0;
  for (const { shape } of shapes) {
    if (shape.length === 2) decays.fill(1, from, from + sizeOf(shape));
    from += sizeOf(shape);
  }
  return decays;
}
