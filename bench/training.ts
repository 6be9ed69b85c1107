import { createRequire } from 'node:module';
import type * as tfjs from '@tensorflow/tfjs';
import { createTrainingPool } from '../src/app/training/pool.ts';
import { gatherInputs, gatherTargets } from '../src/core/features/windows.ts';
import { parseNetworkSpec } from '../src/core/forecast/model-spec.ts';
import { predict } from '../src/core/forecast/predict.ts';
import { trainingRequest } from '../src/core/forecast/training-request.ts';
import { buildTrainingSet, type TrainingSet } from '../src/core/forecast/training-set.ts';
import { bodyOf } from '../src/core/inference/bodies.ts';
import { createNetwork } from '../src/networks/network.ts';
import { loadRuntime, type Runtime } from '../src/networks/runtime.ts';
import { simulatedPanel } from '../tests/core/forecast/simulated-prices.ts';

const symbols = Array.from({ length: 20 }, (_, index) => `S${index}`);
const spec = parseNetworkSpec({});
const { body, training } = spec;

/**
 * `node bench/training.ts [auto|tensorflow|wasm] [windows]`: time of a training sample through our kernels and through
 * tf.layers, both in this run, and of whole windows of 504 sessions and 20 assets, two processes at a time.
 */
export async function main(args: readonly string[]): Promise<void> {
  const backend = (args[0] ?? 'auto') as 'auto' | 'tensorflow' | 'wasm';
  const windows = Number(args[1] ?? 8);
  const runtime = await loadRuntime(backend);
  console.log(
    `${runtime.backend} ${runtime.backendVersion}, LSTM(${body.units.join(')-LSTM(')}), 20 assets, 30 sessions`,
  );
  const panel = simulatedPanel(symbols, 505 + 63 * windows);
  const set = buildTrainingSet(panel, symbols, spec);
  const batch = set.train.slice(0, training.batchSize);

  const own = microsecondsOwn(runtime, set, batch, runtime.fused ? 40 : 4);
  const layers = await microsecondsLayers(set, batch, runtime.fused ? 4 : 2);
  console.log(
    `a training sample, batch ${batch.length}: own kernels ${own.toFixed(0)} us, tf.layers ${layers.toFixed(0)} us`,
  );
  console.log(`ratio ${(layers / own).toFixed(1)}`);

  const pool = createTrainingPool({
    size: 2,
    backend,
    deadlineSeconds: 600,
    memoryLimitMiB: 4000,
    heartbeatSeconds: 60,
    log: { info() {}, warn: console.error },
  });
  const startedAt = performance.now();
  const ends = Array.from({ length: windows }, (_, index) => panel.sessions[505 + 63 * index]!);
  const artefacts = await Promise.all(
    ends.map((end) => pool.train(trainingRequest(panel.upTo(end), symbols, spec))),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  await pool.close();
  const epochs = artefacts.reduce((sum, artefact) => sum + artefact.epochs, 0) / windows;
  console.log(
    `${windows} windows, two processes: ${seconds.toFixed(1)} s, ${(seconds / windows).toFixed(2)} s each, ${epochs.toFixed(1)} epochs`,
  );
  const forecastAt = performance.now();
  for (const artefact of artefacts) predict(artefact, panel);
  console.log(
    `a forecast in plain arithmetic: ${((performance.now() - forecastAt) / windows).toFixed(1)} ms`,
  );
}

function microsecondsOwn(runtime: Runtime, set: TrainingSet, batch: Int32Array, steps: number): number {
  const network = createNetwork(runtime, spec, set);
  const outputBias = new Array<number>(set.outputs).fill(0.5);
  const weights = bodyOf(body).initialWeights(network.shapes, 1, outputBias);
  const masks = network
    .maskShapes(batch.length)
    .map((shape) => new Float32Array(shape.reduce((product, length) => product * length, 1)).fill(1.25));
  network.lossAndGradients(weights, batch, masks);
  const startedAt = performance.now();
  for (let step = 0; step < steps; step += 1) network.lossAndGradients(weights, batch, masks);
  return ((performance.now() - startedAt) / steps / batch.length) * 1000;
}

/** The same network by tf.layers' own fit, one batch an epoch. */
async function microsecondsLayers(set: TrainingSet, batch: Int32Array, steps: number): Promise<number> {
  const tf = createRequire(import.meta.url)('@tensorflow/tfjs') as typeof tfjs;
  const [first, second] = body.units as [number, number];
  const model = tf.sequential({
    layers: [
      tf.layers.lstm({ units: first, returnSequences: true, inputShape: [set.lookback, set.inputs] }),
      tf.layers.dropout({ rate: body.dropoutRatio }),
      tf.layers.lstm({ units: second }),
      tf.layers.dropout({ rate: body.dropoutRatio }),
      tf.layers.dense({ units: set.outputs }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(training.learningRate), loss: 'meanSquaredError' });
  const timeMajor = gatherInputs(set.series, set.rows, set.inputs, set.lookback, batch);
  const x = tf.tensor3d(timeMajor, [set.lookback, batch.length, set.inputs]).transpose([1, 0, 2]);
  const y = tf.tensor2d(gatherTargets(set.series, set.rows, set.outputs, batch), [batch.length, set.outputs]);
  const trainFor = (epochs: number) => model.fit(x, y, { batchSize: batch.length, epochs, verbose: 0 });
  await trainFor(1);
  const startedAt = performance.now();
  await trainFor(steps);
  return ((performance.now() - startedAt) / steps / batch.length) * 1000;
}

if (import.meta.main) await main(process.argv.slice(2));
