import type * as core from '@tensorflow/tfjs-core';
import { gatherInputs, gatherTargets } from '../core/features/windows.ts';
import { heads } from '../core/forecast/heads/heads.ts';
import type { NetworkSpec } from '../core/forecast/model-spec.ts';
import type { TrainingSet } from '../core/forecast/training-set.ts';
import { bodyOf } from '../core/inference/bodies.ts';
import { viewWeights, type WeightShape } from '../core/inference/weights.ts';
import { graphOf } from './bodies/graphs.ts';
import { losses } from './losses.ts';
import type { Runtime } from './runtime.ts';

/** Validation batches are only bounded to bound memory. */
const evaluationBatch = 1024;

/** A body and a head over one training set, on one runtime. */
export type Network = {
  shapes: WeightShape[];
  /** shapes of the dropout masks of a batch of so many samples */
  maskShapes(batch: number): number[][];
  /** the head's loss over samples, without dropout */
  loss(weights: Float32Array, codes: Int32Array): number;
  /** the loss of one batch and its gradient in the flat weights; `masks` as `maskShapes`, or none */
  lossAndGradients(
    weights: Float32Array,
    codes: Int32Array,
    masks: readonly Float32Array[],
  ): { loss: number; gradients: Float32Array };
};

/** The network of a spec, ready to be trained on `set`. */
export function createNetwork(
  runtime: Runtime,
  { body, head }: Pick<NetworkSpec, 'body' | 'head'>,
  set: TrainingSet,
): Network {
  const { tf } = runtime;
  const shapes = bodyOf(body).shapes(body, set.inputs, set.outputs);
  const graph = graphOf(body);
  const lossOf = losses[heads[head].loss];
  const tensorsOf = (weights: Float32Array): core.Tensor[] =>
    viewWeights(weights, shapes).map(({ values, shape }) => tf.tensor(values, shape));
  const batchLoss = (
    tensors: readonly core.Tensor[],
    codes: Int32Array,
    masks: readonly Float32Array[],
  ): core.Scalar => {
    const batch = codes.length;
    const gathered = gatherInputs(set.series, set.rows, set.inputs, set.lookback, codes);
    const targets = tf.tensor2d(gatherTargets(set.series, set.rows, set.outputs, codes), [
      batch,
      set.outputs,
    ]);
    const inputs = tf.tensor3d(gathered, [set.lookback, batch, set.inputs]);
    const maskShapes = graph.maskShapes(body, batch);
    const dropout = masks.map((mask, index) => tf.tensor(mask, maskShapes[index]!));
    return lossOf(tf, graph.answers(runtime, tensors, inputs, dropout), targets);
  };
  return {
    shapes,
    maskShapes: (batch) => graph.maskShapes(body, batch),
    loss(weights, codes) {
      let sum = 0;
      for (let from = 0; from < codes.length; from += evaluationBatch) {
        const batch = codes.subarray(from, from + evaluationBatch);
        let loss = 0;
        tf.tidy(() => {
          loss = batchLoss(tensorsOf(weights), batch, []).dataSync()[0]!;
        });
        sum += loss * batch.length;
      }
      return sum / codes.length;
    },
    lossAndGradients(weights, codes, masks) {
      const gradients = new Float32Array(weights.length);
      let loss = 0;
      // Nothing is returned out of tidy: it would walk every element of an array in search of tensors.
      tf.tidy(() => {
        const { value, grads } = tf.valueAndGrads((...tensors: core.Tensor[]) =>
          batchLoss(tensors, codes, masks),
        )(tensorsOf(weights));
        viewWeights(gradients, shapes).forEach(({ values }, index) => {
          values.set(grads[index]!.dataSync());
        });
        loss = value.dataSync()[0]!;
      });
      return { loss, gradients };
    },
  };
}
