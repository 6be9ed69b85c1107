import type { WeightTensor } from './weights.ts';

/**
 * LSTM - ... - LSTM - Dense in plain float64 arithmetic (Hochreiter and Schmidhuber, 1997, with the forget gate of
 * Gers et al., 2000). It answers every forecast, so a decision never depends on a native library, and it is the
 * oracle the TensorFlow kernels are tested against.
 * `weights` in the order of `weightShapes`; `input` is row-major [time, inputs]; returns [outputs].
 */
export function forwardLstm(
  weights: readonly WeightTensor[],
  input: Float64Array,
  time: number,
): Float64Array {
  let sequence = input;
  for (let index = 0; index + 2 < weights.length; index += 2)
    sequence = lstmSequence(weights[index]!, weights[index + 1]!, sequence, time);
  const kernel = weights[weights.length - 2]!;
  const bias = weights[weights.length - 1]!;
  const [units, outputs] = kernel.shape as [number, number];
  const last = sequence.subarray((time - 1) * units, time * units);
  const answer = Float64Array.from(bias.values);
  addProduct(answer, last, kernel.values, 0, outputs);
  return answer;
}

/** Hidden states [time, units] of one layer from zero initial state. */
export function lstmSequence(
  kernel: WeightTensor,
  bias: WeightTensor,
  input: Float64Array,
  time: number,
): Float64Array {
  const units = bias.values.length / 4;
  const inputs = kernel.shape[0]! - units;
  if (input.length !== time * inputs)
    throw new Error(`${kernel.name} reads ${inputs} inputs at ${time} times, got ${input.length} numbers`);
  const hidden = new Float64Array(time * units);
  const cell = new Float64Array(units);
  for (let step = 0; step < time; step += 1) {
    const gates = Float64Array.from(bias.values);
    addProduct(gates, input.subarray(step * inputs, (step + 1) * inputs), kernel.values, 0, 4 * units);
    if (step > 0)
      addProduct(gates, hidden.subarray((step - 1) * units, step * units), kernel.values, inputs, 4 * units);
    for (let unit = 0; unit < units; unit += 1) {
      const inputGate = sigmoid(gates[unit]!);
      const forgetGate = sigmoid(gates[units + unit]!);
      const cellGate = Math.tanh(gates[2 * units + unit]!);
      const outputGate = sigmoid(gates[3 * units + unit]!);
      cell[unit] = forgetGate * cell[unit]! + inputGate * cellGate;
      hidden[step * units + unit] = outputGate * Math.tanh(cell[unit]!);
    }
  }
  return hidden;
}

/** sum += row x matrix[firstRow ...], the matrix row-major with `columns` columns. */
function addProduct(
  sum: Float64Array,
  row: Float64Array,
  matrix: Float32Array,
  firstRow: number,
  columns: number,
): void {
  for (let index = 0; index < row.length; index += 1) {
    const factor = row[index]!;
    const from = (firstRow + index) * columns;
    for (let column = 0; column < columns; column += 1) sum[column]! += factor * matrix[from + column]!;
  }
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
