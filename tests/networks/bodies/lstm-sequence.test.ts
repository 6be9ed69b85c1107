import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { lstmSequence as plainSequence } from '../../../src/core/inference/lstm.ts';
import { lstmSequence } from '../../../src/networks/bodies/lstm-sequence.ts';
import { loadRuntime, type Runtime } from '../../../src/networks/runtime.ts';
import { randomValues } from '../../core/forecast/simulated-prices.ts';
import { describeOnBackends } from '../backends.ts';

type Case = { time: number; batch: number; inputs: number; units: number };
const cases: Case[] = [
  { time: 30, batch: 32, inputs: 20, units: 64 },
  { time: 5, batch: 5, inputs: 3, units: 7 }, // odd sizes take another path in TensorFlow
  { time: 1, batch: 1, inputs: 1, units: 1 },
  { time: 12, batch: 4, inputs: 8, units: 2 },
];

function data({ time, batch, inputs, units }: Case) {
  return {
    x: randomValues(time * batch * inputs, 1, 1),
    w: randomValues((inputs + units) * 4 * units, 2, 0.3),
    b: randomValues(4 * units, 3, 0.3),
    upstreamGradient: randomValues(time * batch * units, 4, 1),
  };
}

/** Hidden states [time, batch, units] by the plain implementation, one sample after another. */
function plain(
  { time, batch, inputs, units }: Case,
  x: Float32Array,
  w: Float32Array,
  b: Float32Array,
): Float64Array {
  const hidden = new Float64Array(time * batch * units);
  for (let sample = 0; sample < batch; sample += 1) {
    const input = new Float64Array(time * inputs);
    for (let step = 0; step < time; step += 1)
      input.set(
        x.subarray((step * batch + sample) * inputs, (step * batch + sample + 1) * inputs),
        step * inputs,
      );
    const kernel = { name: 'kernel', shape: [inputs + units, 4 * units], values: w };
    const own = plainSequence(kernel, { name: 'bias', shape: [4 * units], values: b }, input, time);
    for (let step = 0; step < time; step += 1)
      hidden.set(own.subarray(step * units, (step + 1) * units), (step * batch + sample) * units);
  }
  return hidden;
}

describeOnBackends('the LSTM sequence kernel', (backend) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await loadRuntime(backend);
  });

  /** Hidden states, and gradients of sum(hidden x upstreamGradient) in x, w and b. */
  function run(size: Case, { x, w, b, upstreamGradient }: ReturnType<typeof data>) {
    const { tf } = runtime;
    const { time, batch, inputs, units } = size;
    let hidden = new Float32Array();
    let gradients: Float32Array[] = [];
    tf.tidy(() => {
      const parts: [Tensor, Tensor, Tensor] = [
        tf.tensor(x, [time, batch, inputs]),
        tf.tensor(w, [inputs + units, 4 * units]),
        tf.tensor(b, [4 * units]),
      ];
      const sequence = (...tensors: Tensor[]) =>
        lstmSequence(
          runtime,
          ...(tensors as Parameters<typeof lstmSequence> extends [unknown, ...infer Rest] ? Rest : never),
        );
      hidden = sequence(...parts).dataSync() as Float32Array<ArrayBuffer>;
      const objective = (...tensors: Tensor[]) =>
        tf.sum(tf.mul(sequence(...tensors), tf.tensor(upstreamGradient, [time, batch, units])));
      gradients = tf
        .valueAndGrads(objective)(parts)
        .grads.map((gradient) => gradient.dataSync() as Float32Array);
    });
    return { hidden, gradients };
  }

  test.each(cases)('answers as the plain implementation within 1e-5: %j', (size) => {
    const given = data(size);
    const { hidden } = run(size, given);
    const expected = plain(size, given.x, given.w, given.b);
    expect(hidden.length).toBe(expected.length);
    const worst = expected.reduce(
      (most, value, index) => Math.max(most, Math.abs(value - hidden[index]!)),
      0,
    );
    expect(worst).toBeLessThan(1e-5);
  });

  test.each(cases)('has the gradients of the plain implementation by central differences: %j', (size) => {
    const given = data(size);
    const { gradients } = run(size, given);
    const objective = (): number => {
      const hidden = plain(size, given.x, given.w, given.b);
      return hidden.reduce((sum, value, index) => sum + value * given.upstreamGradient[index]!, 0);
    };
    [given.x, given.w, given.b].forEach((values, part) => {
      const gradient = gradients[part]!;
      expect(gradient.length).toBe(values.length);
      const probes = Math.min(values.length, size.units > 32 ? 5 : 24);
      for (let probe = 0; probe < probes; probe += 1) {
        const at = Math.floor((probe * values.length) / probes);
        const kept = values[at]!;
        const step = 2 ** -9;
        values[at] = kept + step;
        const [above, up] = [objective(), values[at]!];
        values[at] = kept - step;
        const numeric = (above - objective()) / (up - values[at]!);
        values[at] = kept;
        expect(Math.abs(gradient[at]! - numeric), `part ${part}, element ${at}`).toBeLessThan(
          2e-3 * (1 + Math.abs(numeric)),
        );
      }
    });
  });

  test('leaves no tensor behind', () => {
    const before = runtime.tf.memory().numTensors;
    run(cases[3]!, data(cases[3]!));
    expect(runtime.tf.memory().numTensors).toBe(before);
  });
});
