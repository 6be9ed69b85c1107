import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Runtime } from '../../src/networks/runtime.ts';
import { loadRuntime } from '../../src/networks/runtime.ts';

const root = join(import.meta.dirname, '../..');
const node = join(root, 'node_modules/node/bin/node');
const hasWheel = ['linux-x64', 'linux-arm64', 'darwin-arm64'].includes(`${process.platform}-${process.arch}`);

/** What a process of its own prints that loads `wanted`; `preparation` runs first. */
async function load(wanted: string, preparation = ''): Promise<{ stdout: string; stderr: string }> {
  const script = `${preparation};
    const { loadRuntime } = await import(${JSON.stringify(join(root, 'src/networks/runtime.ts'))});
    try {
      const { tf, ...rest } = await loadRuntime(${JSON.stringify(wanted)});
      tf.matMul(tf.ones([4, 4]), tf.ones([4, 4])).dataSync();
      console.log(JSON.stringify(rest));
    } catch (error) { console.log(error.message); }`;
  return promisify(execFile)(node, ['--input-type=module', '--eval', script]);
}

// Stands for a machine where the postinstall could not make the binding.
const withoutBinding = `import Module from 'node:module';
  const resolve = Module._resolveFilename;
  Module._resolveFilename = (name, ...rest) => {
    if (name === '@tensorflow/tfjs-node') throw new Error('libtensorflow_cc.so.2: no such file');
    return resolve(name, ...rest);
  }`;

function gradientOfSquares({ tf }: Runtime): number[] {
  return [
    ...tf
      .grad((x) => tf.sum(tf.mul(x, x)))(tf.tensor1d([1, 2, 3]))
      .dataSync(),
  ];
}

describe(hasWheel ? 'native TensorFlow' : 'native TensorFlow, which has no wheel for this platform', () => {
  if (!hasWheel) return test('is not looked for', () => {});

  test('is TensorFlow 2.21.0 with its fused kernels, and says nothing on its own', async () => {
    const { stdout, stderr } = await load('auto');
    expect(JSON.parse(stdout)).toEqual({
      backend: 'tensorflow',
      backendVersion: '2.21.0',
      fused: true,
      note: null,
    });
    expect(stderr).toBe('');
  });

  test('computes gradients with the one copy of tfjs-core', async () => {
    const runtime = await loadRuntime('tensorflow');
    expect(gradientOfSquares(runtime)).toEqual([2, 4, 6]);
    expect(runtime.tf).toBe(createRequire(import.meta.url)('@tensorflow/tfjs-core'));
  });
});

describe('the WebAssembly backend', () => {
  test('computes the same gradients, by name and again', async () => {
    for (const _ of [1, 2]) {
      const runtime = await loadRuntime('wasm');
      expect(runtime).toMatchObject({ backend: 'wasm', backendVersion: '4.22.0', fused: false });
      expect(runtime.tf.getBackend()).toBe('wasm');
      expect(gradientOfSquares(runtime)).toEqual([2, 4, 6]);
    }
  });

  test('gives the same bits from run to run', async () => {
    const { tf } = await loadRuntime('wasm');
    const run = () => {
      const x = tf.randomNormal([64, 96], 0, 1, 'float32', 11) as ReturnType<typeof tf.tensor2d>;
      const sums = tf.sum(tf.tanh(tf.matMul(x, x, false, true)), 0).dataSync();
      return Buffer.from(sums.buffer).toString('hex');
    };
    expect(run()).toBe(run());
  });

  test('steps in where the native library cannot be loaded, and says why', async () => {
    const { stdout, stderr } = await load('auto', withoutBinding);
    expect(JSON.parse(stdout)).toMatchObject({
      backend: 'wasm',
      note: 'native TensorFlow cannot be loaded: libtensorflow_cc.so.2: no such file',
    });
    expect(stderr).toBe('');
  });

  test('does not step in for a backend asked for by name', async () => {
    const { stdout } = await load('tensorflow', withoutBinding);
    expect(stdout).toContain('The backend "tensorflow" was asked for');
    expect(stdout).toContain('npm ci');
  });
});
