import type * as core from '@tensorflow/tfjs-core';
import type { LstmBody } from '../../core/inference/lstm.ts';
import type { Runtime } from '../runtime.ts';
import type { BodyGraph } from './graph.ts';
import { lstmSequence } from './lstm-sequence.ts';

/** LSTM - dropout - ... - LSTM - dropout - Dense. */
export const lstmGraph: BodyGraph<LstmBody> = {
  /** the last layer's answers at the last time alone are read, so only they are dropped from */
  maskShapes({ units, lookbackSessions }, batch) {
    return units.map((count, layer) =>
      layer < units.length - 1 ? [lookbackSessions, batch, count] : [batch, count],
    );
  },
  answers(runtime, weights, inputs, masks) {
    const { tf } = runtime;
    const layers = (weights.length - 2) / 2;
    let sequence = inputs;
    for (let layer = 0; layer < layers; layer += 1) {
      const [kernel, bias] = weights.slice(2 * layer) as [core.Tensor2D, core.Tensor1D];
      sequence = lstmSequence(runtime, sequence, kernel, bias);
      const mask = masks[layer];
      if (mask && layer < layers - 1) sequence = tf.mul(sequence, mask);
    }
    const last = lastTime(runtime, sequence);
    const mask = masks[layers - 1];
    const [kernel, bias] = weights.slice(-2) as [core.Tensor2D, core.Tensor1D];
    return tf.add(tf.matMul(mask ? tf.mul(last, mask) : last, kernel), bias);
  },
};

function lastTime({ tf }: Runtime, sequence: core.Tensor3D): core.Tensor2D {
  const [time, batch, units] = sequence.shape;
  return tf.reshape(tf.slice(sequence, [time - 1, 0, 0], [1, batch, units]), [batch, units]);
}
