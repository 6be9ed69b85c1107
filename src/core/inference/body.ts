import type { WeightShape, WeightTensor } from './weights.ts';

/**
 * One network architecture in plain arithmetic, its output layer included. `Spec` is its part of a ModelSpec.
 * `networks/bodies` holds the same on tensors, which these answers are the oracle of.
 */
export type Body<Spec> = {
  /** names and shapes of the weights in their one order */
  shapes(spec: Spec, inputs: number, outputs: number): WeightShape[];
  /**
   * Fresh weights as one flat vector in the order of `shapes`, the same for a seed. `outputBias` [outputs] starts the
   * output layer at the targets' mean, so that training starts from the historical mean.
   */
  initialWeights(shapes: readonly WeightShape[], seed: number, outputBias: readonly number[]): Float32Array;
  /**
   * The answers [outputs] to one sample, `input` row-major [lookback, inputs], in float64: every forecast is made by
   * it, so a decision never depends on a native library.
   */
  forward(weights: readonly WeightTensor[], input: Float64Array, lookback: number): Float64Array;
};
