import type * as core from '@tensorflow/tfjs-core';
import type { Runtime } from './runtime.ts';

type Matrix = core.Tensor2D;
type Save = (tensors: core.Tensor[]) => void;

/**
 * The LSTM sequence of kernels.ts out of ordinary tfjs ops, for backends without TensorFlow's fused ones. Its gradient
 * is written out too (back-propagation through time; Werbos, 1990): tfjs would need three times as many ops for it.
 * The candidate's tanh(z) is taken as 2 sigmoid(2 z) - 1, so that one sigmoid serves all four gates of a time.
 */
export function composedSequence(
  { tf }: Runtime,
  x: core.Tensor3D,
  w: core.Tensor2D,
  b: core.Tensor1D,
): core.Tensor3D {
  const [time, batch, inputs] = x.shape;
  const units = b.size / 4;
  const rowsAt = (all: Matrix, step: number): Matrix =>
    tf.slice(all, [step * batch, 0], [batch, all.shape[1]]);
  /** One factor per gate column: input, forget, candidate, output. */
  const perGate = (candidate: number): core.Tensor1D =>
    tf.tensor1d(
      Array.from({ length: 4 * units }, (_, gate) => (Math.floor(gate / units) === 2 ? candidate : 1)),
    );

  const sequence = tf.customGrad((...args) => {
    const [xs, kernel, bias, save] = args as unknown as [core.Tensor3D, Matrix, core.Tensor1D, Save];
    const flat = tf.reshape(xs, [time * batch, inputs]);
    const doubled = tf.mul(kernel, perGate(2));
    const fromHidden = tf.slice(doubled, [inputs, 0], [units, 4 * units]);
    const driven: Matrix = tf.add(
      tf.matMul(flat, tf.slice(doubled, [0, 0], [inputs, 4 * units]) as Matrix),
      tf.mul(bias, perGate(2)),
    );
    const gates: Matrix[] = [];
    const cells: Matrix[] = [];
    const squashed: Matrix[] = [];
    const hidden: Matrix[] = [];
    for (let step = 0; step < time; step += 1) {
      const own = rowsAt(driven, step);
      const gate: Matrix = tf.sigmoid(
        step === 0 ? own : tf.add(own, tf.matMul(hidden[step - 1]!, fromHidden as Matrix)),
      );
      const [admit, keep, half, emit] = tf.split(gate, 4, 1) as [Matrix, Matrix, Matrix, Matrix];
      const admitted: Matrix = tf.mul(admit, tf.sub(tf.mul(half, 2), 1));
      const cell: Matrix = step === 0 ? admitted : tf.add(tf.mul(keep, cells[step - 1]!), admitted);
      gates.push(gate);
      cells.push(cell);
      squashed.push(tf.tanh(cell));
      hidden.push(tf.mul(emit, squashed[step]!));
    }
    save([flat, kernel, ...gates, ...cells, ...squashed, ...hidden]);
    return { value: tf.stack(hidden) as core.Tensor3D, gradFunc };
  });

  const gradFunc = (gradient: core.Tensor, saved: core.Tensor[]): core.Tensor[] => {
    const [flat, kernel, ...rest] = saved as Matrix[] as [Matrix, Matrix, ...Matrix[]];
    const part = (index: number): Matrix[] => rest.slice(index * time, (index + 1) * time);
    const [gates, cells, squashed, hidden] = [part(0), part(1), part(2), part(3)];
    // products with transposed arguments are slow on wasm, transposing first is not
    const toHidden = tf.transpose(tf.slice(kernel, [inputs, 0], [units, 4 * units]) as Matrix);
    const pulled: Matrix = tf.reshape(gradient, [time * batch, units]);
    const allGates = tf.concat(gates, 0);
    // derivatives of all gates of all times in their pre-activations; the candidate's is 1 - (2 s - 1)^2 = 4 s (1 - s)
    const slopes: Matrix = tf.mul(tf.mul(allGates, tf.sub(1, allGates)), perGate(4));
    const allSquashed = tf.concat(squashed, 0);
    const emits = tf.slice(allGates, [0, 3 * units], [time * batch, units]);
    const cellSlopes: Matrix = tf.mul(emits, tf.sub(1, tf.square(allSquashed)));
    const driving = new Array<Matrix>(time);
    let ofHidden: Matrix | undefined;
    let ofCell: Matrix | undefined;
    for (let step = time - 1; step >= 0; step -= 1) {
      const own = rowsAt(pulled, step);
      const ofOutput: Matrix = ofHidden ? tf.add(own, ofHidden) : own;
      const throughOutput: Matrix = tf.mul(ofOutput, rowsAt(cellSlopes, step));
      const cell: Matrix = ofCell ? tf.add(throughOutput, ofCell) : throughOutput;
      const [admit, keep, half] = tf.split(gates[step]!, 4, 1) as [Matrix, Matrix, Matrix, Matrix];
      const ofKeep: Matrix = step === 0 ? tf.zerosLike(cell) : tf.mul(cell, cells[step - 1]!);
      const ofGates: Matrix = tf.concat(
        [
          tf.mul(cell, tf.sub(tf.mul(half, 2), 1)),
          ofKeep,
          tf.mul(cell, admit),
          tf.mul(ofOutput, squashed[step]!),
        ],
        1,
      );
      driving[step] = tf.mul(ofGates, rowsAt(slopes, step));
      if (step > 0) {
        ofHidden = tf.matMul(driving[step]!, toHidden);
        ofCell = tf.mul(cell, keep);
      }
    }
    const all = tf.concat(driving, 0);
    const before = tf.concat([tf.zeros([batch, units]) as Matrix, ...hidden.slice(0, -1)], 0);
    const toInput = tf.transpose(tf.slice(kernel, [0, 0], [inputs, 4 * units]) as Matrix);
    return [
      tf.reshape(tf.matMul(all, toInput), [time, batch, inputs]),
      tf.concat([tf.matMul(tf.transpose(flat), all), tf.matMul(tf.transpose(before), all)], 0),
      tf.sum(all, 0),
    ];
  };
  return sequence(x, w, b) as core.Tensor3D;
}
