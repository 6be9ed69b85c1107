/** Optimiser state of one flat parameter vector. */
export type Adam = { step(weights: Float32Array, gradients: Float32Array): void };

/**
 * Adam (Kingma and Ba, 2015) with decoupled weight decay (Loshchilov and Hutter, 2019), in plain arithmetic over one
 * flat vector: at these sizes faster than tensor ops, and the same on every backend.
 * `decays[i]` is 1 where weight i decays, else 0.
 */
export function createAdam(
  decays: Uint8Array,
  { learningRate, weightDecay }: { learningRate: number; weightDecay: number },
): Adam {
  const keepMean = 0.9;
  const keepSquare = 0.999;
  const epsilon = 1e-7;
  const mean = new Float64Array(decays.length);
  const square = new Float64Array(decays.length);
  let meanPower = 1;
  let squarePower = 1;
  return {
    step(weights, gradients) {
      meanPower *= keepMean;
      squarePower *= keepSquare;
      const rate = (learningRate * Math.sqrt(1 - squarePower)) / (1 - meanPower);
      const decay = learningRate * weightDecay;
      for (let index = 0; index < weights.length; index += 1) {
        const gradient = gradients[index]!;
        const first = keepMean * mean[index]! + (1 - keepMean) * gradient;
        const second = keepSquare * square[index]! + (1 - keepSquare) * gradient * gradient;
        mean[index] = first;
        square[index] = second;
        const weight = weights[index]!;
        weights[index] =
          weight - (rate * first) / (Math.sqrt(second) + epsilon) - decay * decays[index]! * weight;
      }
    },
  };
}
