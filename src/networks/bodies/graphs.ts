import type { BodySpec } from '../../core/inference/bodies.ts';
import type { BodyGraph } from './graph.ts';
import { lstmGraph } from './lstm.ts';

/** Every architecture; nothing else in the networks lists them. */
const graphs: { [Type in BodySpec['type']]: BodyGraph<Extract<BodySpec, { type: Type }>> } = {
  lstm: lstmGraph,
};

/** The architecture of a spec. */
export function graphOf({ type }: BodySpec): BodyGraph<BodySpec> {
  return graphs[type];
}
