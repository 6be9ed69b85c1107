import { z } from 'zod';
import { createRandom } from '../numeric/random.ts';
import { numberFrom, wholeNumber } from '../schema-numbers.ts';
import type { Body } from './body.ts';
import { fillGlorot, fillOrthonormal } from './initial-weights.ts';
import { totalSize, viewWeights, type WeightShape, type WeightTensor } from './weights.ts';

const unitCounts = 'expected one to four whole numbers 1 to 512';

export const lstmSchema = z.strictObject({
  type: z.literal('lstm').default('lstm'),
  units: z
    .array(z.int(unitCounts).min(1, unitCounts).max(512, unitCounts), unitCounts)
    .min(1, unitCounts)
    .max(4, unitCounts)
    .default([64, 32])
    .describe('of each layer, first to last'),
  dropoutRatio: numberFrom(0, 0.9).default(0.2),
  lookbackSessions: wholeNumber(2, 260).default(30).describe('sessions one sample reads'),
});

export type LstmBody = z.output<typeof lstmSchema>;

/** LSTM - ... - LSTM - Dense, dropout after each LSTM (Hochreiter and Schmidhuber, 1997; Gers et al., 2000). */
export const lstm: Body<LstmBody> = { shapes: lstmShapes, initialWeights: initialLstm, forward: forwardLstm };

/**
 * Per LSTM layer a kernel [inputs + units, 4 units] over the input stacked on the hidden state and a bias [4 units],
 * then the dense kernel [units, outputs] and bias. The four gates lie side by side in the order input, forget, cell,
 * output.
 */
function lstmShapes({ units }: LstmBody, inputs: number, outputs: number): WeightShape[] {
  const shapes: WeightShape[] = [];
  let width = inputs;
  units.forEach((count, layer) => {
    shapes.push({ name: `lstm${layer + 1}/kernel`, shape: [width + count, 4 * count] });
    shapes.push({ name: `lstm${layer + 1}/bias`, shape: [4 * count] });
    width = count;
  });
  shapes.push({ name: 'dense/kernel', shape: [width, outputs] }, { name: 'dense/bias', shape: [outputs] });
  return shapes;
}

/** Glorot for what reads inputs, orthonormal for what reads hidden states, forget bias 1 (Jozefowicz et al., 2015). */
function initialLstm(
  shapes: readonly WeightShape[],
  seed: number,
  outputBias: readonly number[],
): Float32Array {
  const random = createRandom(seed, 1);
  const flat = new Float32Array(totalSize(shapes));
  for (const { name, shape, values } of viewWeights(flat, shapes)) {
    const [rows, columns] = shape as [number, number];
    if (name === 'dense/bias') values.set(outputBias);
    else if (name === 'dense/kernel') fillGlorot(random, values, rows, columns);
    else if (name.endsWith('/bias')) values.fill(1, rows / 4, rows / 2);
    else {
      const units = columns / 4;
      const split = (rows - units) * columns;
      fillGlorot(random, values.subarray(0, split), rows - units, columns);
      fillOrthonormal(random, values.subarray(split), units, columns);
    }
  }
  return flat;
}

/** `input` is row-major [time, inputs]; returns [outputs]. */
function forwardLstm(weights: readonly WeightTensor[], input: Float64Array, time: number): Float64Array {
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
