import type * as core from '@tensorflow/tfjs-core';
import type { LossName } from '../core/forecast/heads/head.ts';
import type { Runtime } from './runtime.ts';

/** The loss of a batch, both matrices [batch, outputs]; differentiable in the answers. */
export type Loss = (tf: Runtime['tf'], answers: core.Tensor2D, targets: core.Tensor2D) => core.Scalar;

/** The losses that heads name, on tensors; `Head.score` is the same in plain arithmetic. */
export const losses: Record<LossName, Loss> = {
  'mean-squared-error': (tf, answers, targets) => tf.mean(tf.square(tf.sub(answers, targets))),
};
