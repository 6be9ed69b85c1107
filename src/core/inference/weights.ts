/** One named array of weights, row-major. */
export type WeightTensor = { name: string; shape: number[]; values: Float32Array };
export type WeightShape = { name: string; shape: number[] };

/**
 * Names and shapes of a network's weights in their one order: per LSTM layer a kernel [inputs + units, 4 units] over
 * the input stacked on the hidden state and a bias [4 units], then the dense kernel [units, outputs] and bias.
 * The four gates lie side by side in the order input, forget, candidate, output.
 */
export function weightShapes(inputs: number, units: readonly number[], outputs: number): WeightShape[] {
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

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Views of one flat vector as the tensors of `shapes`, in order; nothing is copied. */
export function viewWeights(flat: Float32Array, shapes: readonly WeightShape[]): WeightTensor[] {
  let from = 0;
  const tensors = shapes.map(({ name, shape }) => {
    const values = flat.subarray(from, from + sizeOf(shape));
    from += sizeOf(shape);
    return { name, shape, values };
  });
  if (from !== flat.length) throw new Error(`weights hold ${flat.length} numbers, the network has ${from}`);
  return tensors;
}
