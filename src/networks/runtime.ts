// Which TensorFlow this process computes with: the native library, or the same operations in WebAssembly.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import util from 'node:util';

/**
 * The tensor library of a process and what stands behind it.
 * `backendVersion` is TensorFlow's own version on `tensorflow`, that of the npm package on `wasm`; `fused` says whether
 * TensorFlow's whole-sequence LSTM kernels can be called; `note` says why it is not the native library, else null.
 */
export type Runtime = {
  tf: typeof import('@tensorflow/tfjs-core');
  backend: 'tensorflow' | 'wasm';
  backendVersion: string;
  fused: boolean;
  note: string | null;
};

// tfjs is CommonJS; `require` gives every caller the one copy of tfjs-core that both backends register with.
const require = createRequire(import.meta.url);

/**
 * Loads a backend and makes it the current one: the native library if it can be loaded, else WebAssembly with a note.
 * Throws when the backend asked for by name cannot be loaded. Safe to call again: the same backend is given back.
 */
export async function loadRuntime(wanted: 'auto' | 'tensorflow' | 'wasm'): Promise<Runtime> {
  if (wanted === 'wasm') return loadWasm('asked for by name');
  try {
    return await loadNative();
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]!.trim();
    if (wanted === 'auto') return loadWasm(`native TensorFlow cannot be loaded: ${reason}`);
    throw new Error(
      `The backend "tensorflow" was asked for, but native TensorFlow cannot be loaded: ${reason} ` +
        'Run "npm ci" again and read what its postinstall says, or ask for "auto" or "wasm".',
    );
  }
}

async function loadNative(): Promise<Runtime> {
  // Read by TensorFlow when it starts: warnings and below stay off standard error.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  const folder = dirname(require.resolve('@tensorflow/tfjs-node/package.json'));
  const quiet = join(folder, 'lib', 'napi-v8', 'tfjs_quiet.node');
  if (existsSync(quiet)) require(quiet);
  // Gone since Node 23, and still called by tfjs-node 4.22.
  const legacy = util as { isNullOrUndefined?: (value: unknown) => boolean };
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined;
  require('@tensorflow/tfjs-node');
  const tf: Runtime['tf'] = require('@tensorflow/tfjs-core');
  await select(tf, 'tensorflow');
  const { binding } = tf.backend() as unknown as { binding: { TF_Version: string } };
  return { tf, backend: 'tensorflow', backendVersion: binding.TF_Version, fused: true, note: null };
}

async function loadWasm(note: string): Promise<Runtime> {
  const tf: Runtime['tf'] = require('@tensorflow/tfjs-core');
  // tfjs-core alone knows no gradients; the union package registers them, and the methods of Tensor.
  require('@tensorflow/tfjs');
  const wasm: typeof import('@tensorflow/tfjs-backend-wasm') = require('@tensorflow/tfjs-backend-wasm');
  if (tf.findBackend('wasm') === null || tf.getBackend() !== 'wasm') {
    wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
    wasm.setThreadsCount(1); // more threads would add in an order that changes from run to run
  }
  await select(tf, 'wasm');
  return { tf, backend: 'wasm', backendVersion: wasm.version_wasm, fused: false, note };
}

async function select(tf: Runtime['tf'], backend: Runtime['backend']): Promise<void> {
  const done = await tf.setBackend(backend);
  await tf.ready();
  if (!done || tf.getBackend() !== backend) throw new Error(`tfjs refused the backend "${backend}".`);
}
