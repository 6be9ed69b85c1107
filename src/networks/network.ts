import type * as core from '@tensorflow/tfjs-core';
import { gatherInputs, gatherTargets } from '../core/features/windows.ts';
import type { TrainingSet } from '../core/forecast/training-set.ts';
import { viewWeights, type WeightShape } from '../core/inference/weights.ts';
import { lstmSequence } from './bodies/lstm-sequence.ts';
import type { Runtime } from './runtime.ts';

/** Validation batches are only bounded to bound memory. */
const evaluationBatch = 1024;

/** Mean squared error of the network over samples, without dropout. */
export function meanSquaredError(
  runtime: Runtime,
  shapes: readonly WeightShape[],
  weights: Float32Array,
  set: TrainingSet,
  codes: Int32Array,
): number {
  let squares = 0;
  for (let from = 0; from < codes.length; from += evaluationBatch) {
    const batch = codes.subarray(from, from + evaluationBatch);
    let loss = 0;
    runtime.tf.tidy(() => {
      loss = batchLoss(runtime, weightTensors(runtime, weights, shapes), set, batch, []).dataSync()[0]!;
    });
    squares += loss * batch.length;
  }
  return squares / codes.length;
}

/** Loss of one batch and its gradient in the flat weights; `dropout` holds one mask per layer, or nothing. */
export function lossAndGradients(
  runtime: Runtime,
  shapes: readonly WeightShape[],
  weights: Float32Array,
  set: TrainingSet,
  codes: Int32Array,
  dropout: readonly Float32Array[],
): { loss: number; gradients: Float32Array } {
  const { tf } = runtime;
  const gradients = new Float32Array(weights.length);
  let loss = 0;
  // Nothing is returned out of tidy: it would walk every element of an array in search of tensors.
  tf.tidy(() => {
    const network = (...tensors: core.Tensor[]) => batchLoss(runtime, tensors, set, codes, dropout);
    const { value, grads } = tf.valueAndGrads(network)(weightTensors(runtime, weights, shapes));
    viewWeights(gradients, shapes).forEach(({ values }, index) => {
      values.set(grads[index]!.dataSync());
    });
    loss = value.dataSync()[0]!;
  });
  return { loss, gradients };
}

function batchLoss(
  runtime: Runtime,
  tensors: readonly core.Tensor[],
  set: TrainingSet,
  codes: Int32Array,
  dropout: readonly Float32Array[],
): core.Scalar {
  const { tf } = runtime;
  const batch = codes.length;
  const inputs = gatherInputs(set.series, set.rows, set.inputs, set.lookback, codes);
  const targets = tf.tensor2d(gatherTargets(set.series, set.rows, set.outputs, codes), [batch, set.outputs]);
  let sequence = tf.tensor3d(inputs, [set.lookback, batch, set.inputs]);
  let last: core.Tensor2D | undefined;
  const layers = (tensors.length - 2) / 2;
  for (let layer = 0; layer < layers; layer += 1) {
    const kernel = tensors[2 * layer] as core.Tensor2D;
    const bias = tensors[2 * layer + 1] as core.Tensor1D;
    sequence = lstmSequence(runtime, sequence, kernel, bias);
    const mask = dropout[layer];
    const units = bias.size / 4;
    if (layer < layers - 1) {
      if (mask) sequence = tf.mul(sequence, tf.tensor3d(mask, [set.lookback, batch, units]));
    } else {
      last = tf.reshape(tf.slice(sequence, [set.lookback - 1, 0, 0], [1, batch, units]), [batch, units]);
      if (mask) last = tf.mul(last, tf.tensor2d(mask, [batch, units]));
    }
  }
  const answers = tf.add(
    tf.matMul(last!, tensors[tensors.length - 2] as core.Tensor2D),
    tensors[tensors.length - 1]!,
  );
  return tf.mean(tf.square(tf.sub(answers, targets)));
}

function weightTensors(
  { tf }: Runtime,
  weights: Float32Array,
  shapes: readonly WeightShape[],
): core.Tensor[] {
  return viewWeights(weights, shapes).map(({ values, shape }) => tf.tensor(values, shape));
}
