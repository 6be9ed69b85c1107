import type * as core from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

/** One architecture on tensors, differentiable in its weights; `core/inference` holds the same in plain arithmetic. */
export type BodyGraph<Spec> = {
  /** shapes of the dropout masks that a training batch of so many samples needs */
  maskShapes(spec: Spec, batch: number): number[][];
  /**
   * Answers [batch, outputs] to inputs [lookback, batch, inputs]. `weights` are in the order of the body's `shapes`,
   * `masks` in that of `maskShapes`; none are given where nothing is dropped.
   */
  answers(
    runtime: Runtime,
    weights: readonly core.Tensor[],
    inputs: core.Tensor3D,
    masks: readonly core.Tensor[],
  ): core.Tensor2D;
};
