import { afterAll, expect, test } from 'vitest';
import { createTrainingPool } from '../../../src/app/training/pool.ts';
import { trainingRequest } from '../../../src/core/forecast/training-request.ts';
import { trainArtefact } from '../../../src/networks/artefact.ts';
import { loadRuntime } from '../../../src/networks/runtime.ts';
import { simulatedPanel, smallSpec } from '../../core/forecast/simulated-prices.ts';
import { describeOnBackends } from '../../networks/backends.ts';

const symbols = ['BBB', 'CCC', 'DDD'];
const panel = simulatedPanel(['AAA', ...symbols], 400);
const quiet = { info() {}, warn() {} };
const limits = { deadlineSeconds: 120, memoryLimitMiB: 4000, heartbeatSeconds: 120 };

describeOnBackends('a real training process', (backend) => {
  const pools = [1, 2].map((size) => createTrainingPool({ size, backend, log: quiet, ...limits }));
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.close()));
  });

  test('gives the same artefacts alone, beside another, and in this process', async () => {
    const requests = [1, 2].map((seed) => trainingRequest(panel, symbols, smallSpec({ training: { seed } })));
    const [alone, beside] = await Promise.all(
      pools.map((pool) => Promise.all(requests.map((request) => pool.train(request)))),
    );
    expect(alone![0]!.id).not.toBe(alone![1]!.id);
    expect(beside).toEqual(alone);
    expect(await trainArtefact(await loadRuntime(backend), requests[0]!)).toEqual(alone![0]);
    expect(pools[0]!.backend()).toMatchObject({ backend, fused: backend === 'tensorflow' });
  });

  test('says what is wrong with a request and trains the next one', async () => {
    const request = trainingRequest(panel, symbols, smallSpec());
    const short = {
      ...request,
      panel: { ...request.panel, levels: request.panel.levels.map((column) => column.slice(1)) },
    };
    await expect(pools[0]!.train(short)).rejects.toThrow('training failed: a panel of 3 symbols');
    expect((await pools[0]!.train(request)).symbols).toEqual(symbols);
  });
});
