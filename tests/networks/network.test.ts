import { beforeAll, describe, expect, test } from 'vitest';
import type { TrainingSet } from '../../src/core/forecast/training-set.ts';
import { bodyOf } from '../../src/core/inference/bodies.ts';
import { createAdam } from '../../src/networks/adam.ts';
import { createNetwork, type Network } from '../../src/networks/network.ts';
import { loadRuntime } from '../../src/networks/runtime.ts';
import { describeOnBackends, kerasOracle as oracle } from './backends.ts';

/** The oracle's batch as a training set: each sample a series of its own. */
const set = {
  series: Array.from({ length: oracle.batch }, (_, sample) => {
    const size = oracle.time * oracle.inputs;
    const targets = new Float64Array(oracle.time * oracle.outputs);
    targets.set(
      oracle.target.slice(sample * oracle.outputs, (sample + 1) * oracle.outputs),
      (oracle.time - 1) * oracle.outputs,
    );
    return { features: Float64Array.from(oracle.input.slice(sample * size, (sample + 1) * size)), targets };
  }),
  rows: oracle.time,
  inputs: oracle.inputs,
  outputs: oracle.outputs,
  lookback: oracle.time,
} as unknown as TrainingSet;
const codes = Int32Array.from(
  { length: oracle.batch },
  (_, sample) => sample * oracle.time + oracle.time - 1,
);
const body = { type: 'lstm' as const, units: oracle.units, dropoutRatio: 0.2, lookbackSessions: oracle.time };
const weights = Float32Array.from(oracle.weights.flatMap(({ values }) => values));
const expectedGradients = oracle.gradients.flatMap(({ values }) => values);

describeOnBackends('the network', (backend) => {
  let network: Network;
  beforeAll(async () => {
    network = createNetwork(await loadRuntime(backend), { body, head: 'mean-return' }, set);
  });

  test('has the loss and the gradients of the same network in Keras', () => {
    const { loss, gradients } = network.lossAndGradients(weights, codes, []);
    expect(Math.abs(loss - oracle.loss)).toBeLessThan(1e-6);
    expect(gradients.length).toBe(expectedGradients.length);
    const worst = expectedGradients.reduce(
      (most, value, index) => Math.max(most, Math.abs(value - gradients[index]!)),
      0,
    );
    expect(worst).toBeLessThan(1e-6);
    expect(network.loss(weights, codes)).toBeCloseTo(oracle.loss, 5);
  });

  test('applies a dropout mask to each layer, and a mask of ones changes nothing', () => {
    const [first, second] = oracle.units;
    const ones = [
      new Float32Array(oracle.time * oracle.batch * first).fill(1),
      new Float32Array(oracle.batch * second).fill(1),
    ];
    const without = network.lossAndGradients(weights, codes, []);
    expect(network.lossAndGradients(weights, codes, ones)).toEqual(without);
    // with the last layer dropped only the dense bias is left to answer and to learn
    const dropped = network.lossAndGradients(weights, codes, [ones[0]!, new Float32Array(ones[1]!.length)]);
    expect(dropped.gradients.subarray(0, -oracle.outputs).every((gradient) => gradient === 0)).toBe(true);
    const between = network.lossAndGradients(weights, codes, [new Float32Array(ones[0]!.length), ones[1]!]);
    expect(
      between.gradients
        .subarray(0, network.shapes[0]!.shape[0]! * network.shapes[0]!.shape[1]!)
        .every((gradient) => gradient === 0),
    ).toBe(true);
    expect(between.gradients.some((gradient) => gradient !== 0)).toBe(true);
  });
});

describe('Adam with decoupled weight decay', () => {
  test("walks as Keras's AdamW", () => {
    const { start, decays, gradients, path, ...rates } = oracle.adamW;
    const adam = createAdam(Uint8Array.from(decays), rates);
    const walked = Float32Array.from(start);
    gradients.forEach((gradient, step) => {
      adam.step(walked, Float32Array.from(gradient));
      walked.forEach((weight, index) => {
        expect(Math.abs(weight - path[step]![index]!)).toBeLessThan(1e-6);
      });
    });
  });
});

describe('initial weights', () => {
  const spec = { ...body, units: [64, 32] };
  const { shapes, initialWeights } = bodyOf(spec);
  const made = shapes(spec, 20, 5);
  const outputBias = [0.1, 0.2, 0.3, 0.4, 0.5];
  const flat = initialWeights(made, 3, outputBias);
  const inputs = 20;
  const units = 64;
  const columns = 4 * units;

  test('repeat for a seed and differ between seeds', () => {
    expect(initialWeights(made, 3, outputBias)).toEqual(flat);
    expect(initialWeights(made, 4, outputBias)).not.toEqual(flat);
  });

  test('are Glorot uniform over the inputs, with orthonormal recurrent rows and forget bias 1', () => {
    const limit = Math.sqrt(6 / (inputs + columns));
    const fromInput = flat.subarray(0, inputs * columns);
    const most = fromInput.reduce((high, value) => Math.max(high, Math.abs(value)), 0);
    expect(most).toBeLessThanOrEqual(limit);
    expect(most).toBeGreaterThan(0.99 * limit);
    const recurrent = flat.subarray(inputs * columns, (inputs + units) * columns);
    for (const [a, b, product] of [
      [0, 0, 1],
      [5, 5, 1],
      [0, 1, 0],
      [7, 63, 0],
    ] as const) {
      let sum = 0;
      for (let column = 0; column < columns; column += 1)
        sum += recurrent[a * columns + column]! * recurrent[b * columns + column]!;
      expect(sum).toBeCloseTo(product, 5);
    }
    const bias = flat.subarray((inputs + units) * columns, (inputs + units + 1) * columns);
    expect([...bias]).toEqual(
      Array.from({ length: columns }, (_, index) => (index >= units && index < 2 * units ? 1 : 0)),
    );
    expect([...flat.subarray(-5)]).toEqual([...Float32Array.from(outputBias)]);
  });
});
