import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { NetworkSpec } from '../../src/core/forecast/model-spec.ts';
import { predict } from '../../src/core/forecast/predict.ts';
import { readArtefact } from '../../src/core/forecast/stored-artefact.ts';
import { trainingRequest } from '../../src/core/forecast/training-request.ts';
import { buildTrainingSet } from '../../src/core/forecast/training-set.ts';
import { PricePanel } from '../../src/core/market/panel.ts';
import { sha256, trainArtefact } from '../../src/networks/artefact.ts';
import { createNetwork } from '../../src/networks/network.ts';
import { loadRuntime, type Runtime } from '../../src/networks/runtime.ts';
import { trainNetwork } from '../../src/networks/training.ts';
import { everyFeature, simulatedPanel, smallSpec } from '../core/forecast/simulated-prices.ts';
import { describeOnBackends } from './backends.ts';

const symbols = ['BBB', 'CCC', 'DDD'];
const panel = simulatedPanel(['AAA', ...symbols], 400);

/** Levels whose log returns follow a slow wave: the coming days can be told from the last ones. */
function wavyPanel(): PricePanel {
  const { sessions } = simulatedPanel(['AAA'], 400);
  const wave = (phase: number) =>
    Float64Array.from({ length: 400 }, (_, day) => Math.exp(0.2 * Math.sin(day / 6 + phase)));
  return new PricePanel(sessions, ['AAA', 'BBB'], [wave(0), wave(1)]);
}

const withTraining = (spec: NetworkSpec, changes: Partial<NetworkSpec['training']>): NetworkSpec => ({
  ...spec,
  training: { ...spec.training, ...changes },
});

afterEach(() => {
  vi.restoreAllMocks();
});

describeOnBackends('training', (backend) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await loadRuntime(backend);
  });

  test.each(['joint', 'pooled'] as const)(
    'gives the same bits for the same seed, and others for another (%s)',
    async (form) => {
      const spec = smallSpec({
        inputs: { form, features: everyFeature },
        training: { epochsMax: 2, epochSamplesMax: 64 },
      });
      const set = buildTrainingSet(panel, symbols, spec);
      const first = await trainNetwork(runtime, set, spec);
      expect(await trainNetwork(runtime, set, spec)).toEqual(first);
      expect((await trainNetwork(runtime, set, withTraining(spec, { seed: 2 }))).weights).not.toEqual(
        first.weights,
      );
    },
  );

  test('draws nothing from Math.random and leaves no tensor behind', async () => {
    const spec = smallSpec({ training: { epochsMax: 1 } });
    const set = buildTrainingSet(panel, symbols, spec);
    const random = vi.spyOn(Math, 'random');
    const before = runtime.tf.memory().numTensors;
    await trainNetwork(runtime, set, spec);
    expect(runtime.tf.memory().numTensors).toBe(before);
    expect(random).not.toHaveBeenCalled();
  });

  test('learns what can be learned', async () => {
    const spec = smallSpec({
      body: { dropoutRatio: 0 },
      training: { epochsMax: 40, patienceEpochs: 40, learningRate: 0.01, batchSize: 16 },
    });
    const set = buildTrainingSet(wavyPanel(), ['AAA', 'BBB'], spec);
    const trained = await trainNetwork(runtime, set, spec);
    const { zero, historicalMean } = set.naiveValidationLoss;
    expect(trained.validationLoss).toBeLessThan(0.05 * Math.min(zero, historicalMean));
  });

  test("stops after the patience without improvement and returns the best epoch's weights", async () => {
    const spec = smallSpec({ training: { epochsMax: 60, patienceEpochs: 2, learningRate: 0.02 } });
    const set = buildTrainingSet(panel, symbols, spec);
    const steps: { epoch: number; epochEnded: boolean }[] = [];
    const trained = await trainNetwork(runtime, set, spec, (step) => void steps.push(step));
    expect(trained.epochs).toBeLessThan(60);
    expect(trained.epochs).toBe(trained.bestEpoch + 2);
    expect(steps.filter(({ epochEnded }) => epochEnded)).toHaveLength(trained.epochs);
    expect(createNetwork(runtime, spec, set).loss(trained.weights, set.validation)).toBe(
      trained.validationLoss,
    );
    // fewer epochs take the same path, so one stopped at the best epoch has the same weights
    const stopped = await trainNetwork(runtime, set, withTraining(spec, { epochsMax: trained.bestEpoch }));
    expect(stopped.weights).toEqual(trained.weights);
  });

  test('fails loudly where it diverges', async () => {
    const spec = smallSpec({ training: { learningRate: 1 } });
    const set = buildTrainingSet(panel, symbols, spec);
    set.series[0]!.features.fill(Number.POSITIVE_INFINITY);
    await expect(trainNetwork(runtime, set, spec)).rejects.toThrow('training diverged in epoch 1');
  });

  test('makes an artefact that storage accepts and that forecasts as the backend does', async () => {
    const request = trainingRequest(panel, symbols, smallSpec());
    const artefact = await trainArtefact(runtime, request);
    expect(readArtefact(JSON.parse(JSON.stringify(artefact)), sha256)).toEqual(artefact);
    expect(artefact).toMatchObject({ symbols, trainedOn: panel.lastSession, backend, seed: 1 });
    expect(artefact.backendVersion).toMatch(/^\d+\.\d+/);
    const forecast = predict(artefact, panel);
    expect(Math.max(...forecast.mean!.values.map(Math.abs))).toBeLessThan(0.05);
    expect((await trainArtefact(runtime, request)).id).toBe(artefact.id);
  });
});

describe('both backends', () => {
  test('train to nearly the same losses: the fused and the composed kernels are one function', async () => {
    const spec = smallSpec({ training: { epochsMax: 2 } });
    const set = buildTrainingSet(panel, symbols, spec);
    const first = await trainNetwork(await loadRuntime('auto'), set, spec);
    const second = await trainNetwork(await loadRuntime('wasm'), set, spec);
    expect(second.trainLoss).toBeCloseTo(first.trainLoss, 4);
    expect(second.validationLoss).toBeCloseTo(first.validationLoss, 4);
  });
});
