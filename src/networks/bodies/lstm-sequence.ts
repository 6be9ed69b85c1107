import { createRequire } from 'node:module';
import type * as core from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { composedSequence } from './composed-lstm.ts';

type Tensor = core.Tensor;
type Attribute = { name: string; type: number; value: unknown };

/** What tfjs-node's backend has beside the tfjs interface: any TensorFlow op by its name. */
type NativeBackend = {
  binding: { TF_ATTR_FLOAT: number; TF_ATTR_BOOL: number; TF_ATTR_TYPE: number; TF_FLOAT: number };
  executeMultipleOutputs(op: string, attributes: Attribute[], inputs: unknown[], outputs: number): Tensor[];
};

/**
 * Hidden states of one LSTM layer over a whole sequence from zero initial state, differentiable in x, w and b.
 * x [time, batch, inputs]; w [inputs + units, 4 units], b [4 units], gates input, forget, cell, output;
 * returns [time, batch, units]. Fused TensorFlow kernels where the runtime has them, ordinary ops elsewhere.
 */
export function lstmSequence(
  runtime: Runtime,
  x: core.Tensor3D,
  w: core.Tensor2D,
  b: core.Tensor1D,
): core.Tensor3D {
  return runtime.fused ? fusedSequence(runtime, x, w, b) : composedSequence(runtime, x, w, b);
}

/** TensorFlow's BlockLSTMV2 and BlockLSTMGradV2, which tfjs does not expose: one op for all times. */
function fusedSequence({ tf }: Runtime, x: core.Tensor3D, w: core.Tensor2D, b: core.Tensor1D): core.Tensor3D {
  const backend = tf.backend() as unknown as NativeBackend;
  const { binding } = backend;
  const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  const peepholes = { name: 'use_peephole', type: binding.TF_ATTR_BOOL, value: false };
  const clip = { name: 'cell_clip', type: binding.TF_ATTR_FLOAT, value: 0 };
  const [time, batch] = x.shape;
  const units = b.size / 4;
  const length = int64Scalar(time);
  const sequence = tf.customGrad((...args) => {
    const [xs, kernel, bias, save] = args as unknown as [Tensor, Tensor, Tensor, (tensors: Tensor[]) => void];
    const start = tf.zeros([batch, units]);
    const peephole = tf.zeros([units]);
    const inputs = [xs, start, start, kernel, peephole, peephole, peephole, bias];
    const outputs = backend.executeMultipleOutputs(
      'BlockLSTMV2',
      [clip, peepholes, type],
      [length, ...inputs],
      7,
    );
    save([...inputs, ...outputs]);
    const gradFunc = (gradient: Tensor, saved: Tensor[]): Tensor[] => {
      const all = [length, ...saved, tf.zeros([time, batch, units]), gradient];
      const gradients = backend.executeMultipleOutputs('BlockLSTMGradV2', [peepholes, type], all, 8);
      return [gradients[0]!, gradients[3]!, gradients[7]!];
    };
    return { value: outputs[6]!, gradFunc };
  });
  return sequence(x, w, b) as core.Tensor3D;
}

let int64Module: { Int64Scalar: new (value: number) => unknown } | undefined;

/** TensorFlow wants the sequence length as int64, a type tfjs has not. */
function int64Scalar(value: number): unknown {
  int64Module ??= createRequire(import.meta.url)(
    '@tensorflow/tfjs-node/dist/int64_tensors.js',
  ) as typeof int64Module;
  return new int64Module!.Int64Scalar(value);
}
