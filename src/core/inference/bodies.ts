import { z } from 'zod';
import type { Body } from './body.ts';
import { lstm, lstmSchema } from './lstm.ts';

/** The part of a ModelSpec that says what the network is made of. */
export const bodySchema = z.discriminatedUnion('type', [lstmSchema], 'expected lstm');
export type BodySpec = z.output<typeof bodySchema>;

/** Every architecture; nothing else in the core lists them. */
const bodies: { [Type in BodySpec['type']]: Body<Extract<BodySpec, { type: Type }>> } = { lstm };

/** The architecture of a spec. */
export function bodyOf({ type }: BodySpec): Body<BodySpec> {
  return bodies[type];
}
