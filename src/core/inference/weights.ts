/** One named array of weights, row-major. */
export type WeightTensor = { name: string; shape: number[]; values: Float32Array };
export type WeightShape = { name: string; shape: number[] };

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Number of elements of all shapes together: the length of the flat vector they lie in. */
export function totalSize(shapes: readonly WeightShape[]): number {
  return shapes.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
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
