import type * as core from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

type Matrix = core.Tensor2D;
type Save = (tensors: core.Tensor[]) => void;
/** What each time of a sequence leaves for the gradient, one [batch, ...] matrix per time. */
type Trace = { gates: Matrix[]; cells: Matrix[]; tanhCell: Matrix[]; hidden: Matrix[] };

/**
 * The LSTM sequence of lstm-sequence.ts out of ordinary tfjs ops, for backends without TensorFlow's fused ones. Its gradient
 * is written out too (back-propagation through time; Werbos, 1990), in fewer ops than tfjs would take for it.
 * The cell gate's tanh(z) is taken as 2 sigmoid(2 z) - 1, so that one sigmoid serves all four gates of a time.
 */
export function composedSequence(
  { tf }: Runtime,
  x: core.Tensor3D,
  w: core.Tensor2D,
  b: core.Tensor1D,
): core.Tensor3D {
  const [time, batch, inputs] = x.shape;
  const sequence = tf.customGrad((...args) => {
    const [xs, kernel, bias, save] = args as unknown as [core.Tensor3D, Matrix, core.Tensor1D, Save];
    const flat = tf.reshape(xs, [time * batch, inputs]) as Matrix;
    const { gates, cells, tanhCell, hidden } = forward(tf, flat, kernel, bias, time);
    save([flat, kernel, ...gates, ...cells, ...tanhCell, ...hidden]);
    const gradFunc = (gradient: core.Tensor, saved: core.Tensor[]): core.Tensor[] => {
      const [flatSaved, kernelSaved, ...rest] = saved as [Matrix, Matrix, ...Matrix[]];
      const part = (index: number): Matrix[] => rest.slice(index * time, (index + 1) * time);
      const trace = { gates: part(0), cells: part(1), tanhCell: part(2), hidden: part(3) };
      const upstreamGradient = tf.reshape(gradient, [time * batch, b.size / 4]) as Matrix;
      return backward(tf, flatSaved, kernelSaved, trace, upstreamGradient);
    };
    return { value: tf.stack(hidden), gradFunc };
  });
  return sequence(x, w, b) as core.Tensor3D;
}

/** `flat` [time x batch, inputs], times one after another. */
function forward(tf: Runtime['tf'], flat: Matrix, kernel: Matrix, bias: core.Tensor1D, time: number): Trace {
  const [rows, inputs] = flat.shape;
  const units = bias.size / 4;
  const doubled = tf.mul(kernel, perGate(tf, units, 2));
  const fromInput = tf.slice(doubled, [0, 0], [inputs, 4 * units]) as Matrix;
  const fromHidden = tf.slice(doubled, [inputs, 0], [units, 4 * units]) as Matrix;
  const preactivations: Matrix = tf.add(tf.matMul(flat, fromInput), tf.mul(bias, perGate(tf, units, 2)));
  const trace: Trace = { gates: [], cells: [], tanhCell: [], hidden: [] };
  for (let step = 0; step < time; step += 1) {
    const own = rowsAt(tf, preactivations, step, rows / time);
    const preactivation = step === 0 ? own : tf.add(own, tf.matMul(trace.hidden[step - 1]!, fromHidden));
    const gate = tf.sigmoid(preactivation) as Matrix;
    const { inputGate, forgetGate, cellGate, outputGate } = gatesOf(tf, gate);
    const input: Matrix = tf.mul(inputGate, cellGate);
    const cell: Matrix = step === 0 ? input : tf.add(tf.mul(forgetGate, trace.cells[step - 1]!), input);
    trace.gates.push(gate);
    trace.cells.push(cell);
    trace.tanhCell.push(tf.tanh(cell));
    trace.hidden.push(tf.mul(outputGate, trace.tanhCell[step]!));
  }
  return trace;
}

/** Gradients in x, w and b of sum(hidden x upstreamGradient). */
function backward(
  tf: Runtime['tf'],
  flat: Matrix,
  kernel: Matrix,
  trace: Trace,
  upstreamGradient: Matrix,
): core.Tensor[] {
  const { gates, cells, tanhCell, hidden } = trace;
  const [rows, inputs] = flat.shape;
  const units = upstreamGradient.shape[1];
  const time = gates.length;
  const batch = rows / time;
  // Products with a transposed argument are slow on wasm; transposing first is not.
  const toInput = tf.transpose(tf.slice(kernel, [0, 0], [inputs, 4 * units]) as Matrix);
  const toHidden = tf.transpose(tf.slice(kernel, [inputs, 0], [units, 4 * units]) as Matrix);
  const { ofGates, ofCells } = derivatives(tf, trace, units);
  const ofPreactivations = new Array<Matrix>(time);
  let ofHidden: Matrix | undefined;
  let ofCell: Matrix | undefined;
  for (let step = time - 1; step >= 0; step -= 1) {
    const own = rowsAt(tf, upstreamGradient, step, batch);
    const output: Matrix = ofHidden ? tf.add(own, ofHidden) : own;
    const throughOutput: Matrix = tf.mul(output, rowsAt(tf, ofCells, step, batch));
    const cell: Matrix = ofCell ? tf.add(throughOutput, ofCell) : throughOutput;
    const { inputGate, forgetGate, cellGate } = gatesOf(tf, gates[step]!);
    const forget: Matrix = step === 0 ? tf.zerosLike(cell) : tf.mul(cell, cells[step - 1]!);
    const each = [tf.mul(cell, cellGate), forget, tf.mul(cell, inputGate), tf.mul(output, tanhCell[step]!)];
    ofPreactivations[step] = tf.mul(tf.concat(each, 1), rowsAt(tf, ofGates, step, batch));
    ofHidden = tf.matMul(ofPreactivations[step]!, toHidden);
    ofCell = tf.mul(cell, forgetGate);
  }
  const all = tf.concat(ofPreactivations, 0);
  const before = tf.concat([tf.zeros([batch, units]) as Matrix, ...hidden.slice(0, -1)], 0);
  return [
    tf.reshape(tf.matMul(all, toInput), [time, batch, inputs]),
    tf.concat([tf.matMul(tf.transpose(flat), all), tf.matMul(tf.transpose(before), all)], 0),
    tf.sum(all, 0),
  ];
}

/** The four gates of one time, each [batch, units]; the cell gate from the sigmoid that stands in for its tanh. */
function gatesOf(tf: Runtime['tf'], gate: Matrix) {
  const [inputGate, forgetGate, sigmoid, outputGate] = tf.split(gate, 4, 1) as [
    Matrix,
    Matrix,
    Matrix,
    Matrix,
  ];
  return { inputGate, forgetGate, cellGate: tf.sub(tf.mul(sigmoid, 2), 1) as Matrix, outputGate };
}

/** Derivatives, all times at once, of the gates in their preactivations and of the hidden states in the cells. */
function derivatives(tf: Runtime['tf'], { gates, tanhCell }: Trace, units: number) {
  const all = tf.concat(gates, 0);
  // the cell gate's is 1 - (2 s - 1)^2 = 4 s (1 - s)
  const ofGates: Matrix = tf.mul(tf.mul(all, tf.sub(1, all)), perGate(tf, units, 4));
  const outputGates = tf.slice(all, [0, 3 * units], [all.shape[0], units]);
  const ofCells: Matrix = tf.mul(outputGates, tf.sub(1, tf.square(tf.concat(tanhCell, 0))));
  return { ofGates, ofCells };
}

/** One factor per gate column: 1 for input, forget and output, `ofCellGate` for the cell gate's. */
function perGate(tf: Runtime['tf'], units: number, ofCellGate: number): core.Tensor1D {
  return tf.tensor1d(
    Array.from({ length: 4 * units }, (_, column) => (Math.floor(column / units) === 2 ? ofCellGate : 1)),
  );
}

function rowsAt(tf: Runtime['tf'], all: Matrix, step: number, batch: number): Matrix {
  return tf.slice(all, [step * batch, 0], [batch, all.shape[1]]);
}
