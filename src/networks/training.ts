import { gatherTargets } from '../core/features/windows.ts';
import type { ForecasterConfig } from '../core/forecast/forecaster-config.ts';
import type { TrainingSet } from '../core/forecast/training-set.ts';
import { initialWeights } from '../core/inference/initial-weights.ts';
import { sizeOf, type WeightShape, weightShapes } from '../core/inference/weights.ts';
import { createRandom, type Random } from '../core/numeric/random.ts';
import { createAdam } from './adam.ts';
import { lossAndGradients, meanSquaredError } from './network.ts';
import type { Runtime } from './runtime.ts';

/** Losses are mean squared errors in scaled units; `trainLoss` is that of the best epoch, dropout on. */
export type TrainedNetwork = {
  /** flat, in the order of weightShapes */
  weights: Float32Array;
  epochs: number;
  bestEpoch: number;
  trainLoss: number;
  validationLoss: number;
};

/** Called after each batch (`epochEnded` false) and each epoch; whoever trains beside other work yields in it. */
export type OnStep = (progress: { epoch: number; epochEnded: boolean }) => void | Promise<void>;

/**
 * Trains LSTM layers with dropout and a dense layer by mini-batch Adam on the mean squared error, until the validation
 * loss has not improved for `patienceEpochs`, and returns the best epoch's weights. Order of samples, dropout masks and
 * initial weights come from the config's seed: on one backend the same set and config give the same bits.
 */
export async function trainNetwork(
  runtime: Runtime,
  set: TrainingSet,
  config: ForecasterConfig,
  onStep: OnStep = () => {},
): Promise<TrainedNetwork> {
  const shapes = weightShapes(set.inputs, config.units, set.outputs);
  const weights = initialWeights(shapes, config.seed, meanTargets(set));
  const adam = createAdam(decaying(shapes), config);
  const shuffling = createRandom(config.seed, 2);
  const dropping = createRandom(config.seed, 3);
  let best: TrainedNetwork | undefined;
  for (let epoch = 1; epoch <= config.epochsMax; epoch += 1) {
    const codes = epochCodes(set.train, shuffling, config.epochSamplesMax);
    let squares = 0;
    for (let from = 0; from < codes.length; from += config.batchSize) {
      const batch = codes.subarray(from, from + config.batchSize);
      const { loss, gradients } = lossAndGradients(
        runtime,
        shapes,
        weights,
        set,
        batch,
        masks(config, set, batch, dropping),
      );
      adam.step(weights, gradients);
      squares += loss * batch.length;
      await onStep({ epoch, epochEnded: false });
    }
    const validationLoss = meanSquaredError(runtime, shapes, weights, set, set.validation);
    const trainLoss = squares / codes.length;
    if (!Number.isFinite(trainLoss) || !Number.isFinite(validationLoss))
      throw new Error(`training diverged in epoch ${epoch} (loss ${trainLoss}): lower the learning rate`);
    if (!best || validationLoss < best.validationLoss)
      best = { weights: weights.slice(), epochs: epoch, bestEpoch: epoch, trainLoss, validationLoss };
    best.epochs = epoch;
    await onStep({ epoch, epochEnded: true });
    if (epoch - best.bestEpoch >= config.patienceEpochs) break;
  }
  return best!;
}

/** Inverted dropout masks (Srivastava et al., 2014): per element 0 with the ratio's probability, else 1 / (1 - ratio). */
function masks(
  config: ForecasterConfig,
  set: TrainingSet,
  codes: Int32Array,
  random: Random,
): Float32Array[] {
  if (config.dropoutRatio === 0) return [];
  const threshold = config.dropoutRatio * 2 ** 32;
  const kept = 1 / (1 - config.dropoutRatio);
  return config.units.map((units, layer) => {
    const steps = layer < config.units.length - 1 ? set.lookback : 1;
    const mask = new Float32Array(steps * codes.length * units);
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
  const decays = new Uint8Array(shapes.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  let from = 0;
  for (const { shape } of shapes) {
    if (shape.length === 2) decays.fill(1, from, from + sizeOf(shape));
    from += sizeOf(shape);
  }
  return decays;
}
