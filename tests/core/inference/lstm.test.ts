import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { lstm, lstmSequence } from '../../../src/core/inference/lstm.ts';
import { viewWeights, type WeightTensor } from '../../../src/core/inference/weights.ts';

const oracle = JSON.parse(
  readFileSync(new URL('../../oracles/networks/lstm.json', import.meta.url), 'utf8'),
) as {
  time: number;
  batch: number;
  inputs: number;
  units: number[];
  outputs: number;
  input: number[];
  weights: { name: string; shape: number[]; values: number[] }[];
  hidden1: number[];
  hidden2: number[];
  output: number[];
};
const weights: WeightTensor[] = oracle.weights.map((tensor) => ({
  ...tensor,
  values: Float32Array.from(tensor.values),
}));
const sampleSize = oracle.time * oracle.inputs;
const samples = Array.from({ length: oracle.batch }, (_, sample) =>
  Float64Array.from(oracle.input.slice(sample * sampleSize, (sample + 1) * sampleSize)),
);

const body = (units: number[]) => ({
  type: 'lstm' as const,
  units,
  dropoutRatio: 0.2,
  lookbackSessions: oracle.time,
});

function expectClose(actual: ArrayLike<number>, expected: readonly number[], within: number): void {
  expect(actual.length).toBe(expected.length);
  for (let index = 0; index < expected.length; index += 1)
    expect(Math.abs(actual[index]! - expected[index]!)).toBeLessThan(within);
}

describe('the plain forward pass', () => {
  test('names and shapes the weights as Keras has them', () => {
    const shapes = lstm.shapes(body(oracle.units), oracle.inputs, oracle.outputs);
    expect(shapes).toEqual(oracle.weights.map(({ name, shape }) => ({ name, shape })));
  });

  test("answers as Keras's LSTM - LSTM - Dense in float64", () => {
    samples.forEach((input, sample) => {
      const hidden1 = lstmSequence(weights[0]!, weights[1]!, input, oracle.time);
      const size1 = oracle.time * oracle.units[0]!;
      expectClose(hidden1, oracle.hidden1.slice(sample * size1, (sample + 1) * size1), 1e-14);
      const hidden2 = lstmSequence(weights[2]!, weights[3]!, hidden1, oracle.time);
      const size2 = oracle.time * oracle.units[1]!;
      expectClose(hidden2, oracle.hidden2.slice(sample * size2, (sample + 1) * size2), 1e-14);
      const output = lstm.forward(weights, input, oracle.time);
      expectClose(output, oracle.output.slice(sample * oracle.outputs, (sample + 1) * oracle.outputs), 1e-14);
    });
  });

  test('refuses an input of the wrong size', () => {
    expect(() => lstm.forward(weights, samples[0]!.subarray(1), oracle.time)).toThrow(
      'lstm1/kernel reads 4 inputs',
    );
  });
});

describe('viewWeights', () => {
  test('lays tensors over one vector without copying, and refuses another length', () => {
    const shapes = lstm.shapes(body([1]), 2, 1);
    const flat = new Float32Array(3 * 4 + 4 + 1 + 1);
    const views = viewWeights(flat, shapes);
    views[2]!.values[0] = 5;
    expect(flat[16]).toBe(5);
    expect(() => viewWeights(new Float32Array(17), shapes)).toThrow(
      'weights hold 17 numbers, the network has 18',
    );
  });
});
