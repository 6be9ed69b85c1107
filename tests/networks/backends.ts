import { readFileSync } from 'node:fs';
import { describe } from 'vitest';
import { loadRuntime, type Runtime } from '../../src/networks/runtime.ts';

/** Native TensorFlow must be there on Linux x86_64; elsewhere it may be missing, and its tests say so. */
const native = (await loadRuntime('auto')).backend === 'tensorflow';
const nativeExpected = process.platform === 'linux' && process.arch === 'x64';

/** The same tests on each backend; `run` loads it, which also makes it the current one. */
export function describeOnBackends(name: string, body: (backend: Runtime['backend']) => void): void {
  for (const backend of ['tensorflow', 'wasm'] as const) {
    const missing = backend === 'tensorflow' && !native && !nativeExpected;
    if (missing)
      describe.skip(`${name} on tensorflow (skipped: native TensorFlow cannot be loaded here)`, () =>
        body(backend));
    else describe(`${name} on ${backend}`, () => body(backend));
  }
}

export type StoredArray = { name: string; shape: number[]; values: number[] };

/** What Keras answered; made by tests/oracles/networks/lstm.py. */
export const kerasOracle = JSON.parse(
  readFileSync(new URL('../oracles/networks/lstm.json', import.meta.url), 'utf8'),
) as {
  time: number;
  batch: number;
  inputs: number;
  units: [number, number];
  outputs: number;
  input: number[];
  target: number[];
  weights: StoredArray[];
  hidden1: number[];
  loss: number;
  gradients: StoredArray[];
  adamW: {
    learningRate: number;
    weightDecay: number;
    decays: number[];
    start: number[];
    gradients: number[][];
    path: number[][];
  };
};
