import type { z } from 'zod';
import { AllocationError } from '../allocation-error.ts';
import type { Allocator } from './allocator.ts';
import { criticalLineAllocator } from './cla.ts';
import { equal } from './equal.ts';
import { herc } from './herc.ts';
import { hrp } from './hrp.ts';
import { inverseVolatility } from './inverse-vol.ts';
import { mvo } from './mvo.ts';
import { riskParity } from './risk-parity.ts';
import { signal } from './signal.ts';
import { signalInverseVolatility } from './signal-inverse-vol.ts';

/** Every allocator there is, in the order they are shown in; nothing else lists them. */
export const allocators = [
  equal,
  inverseVolatility,
  signal,
  signalInverseVolatility,
  mvo,
  criticalLineAllocator,
  hrp,
  herc,
  riskParity,
] as const;

type AnyAllocator = (typeof allocators)[number];
type AnyShape = AnyAllocator['options']['shape'];
type KeysOf<Union> = Union extends unknown ? keyof Union : never;
type InputOf<Union, Key> = Union extends unknown
  ? Key extends keyof Union
    ? z.input<Union[Key]>
    : never
  : never;

export type AllocatorName = AnyAllocator['name'];

/** The options of all allocators together; each reads its own. */
export type AllocationOptions = { [Key in KeysOf<AnyShape>]?: InputOf<AnyShape, Key> | undefined };

export const allocatorNames = allocators.map(({ name }) => name);

/** The allocator of a name. Raises `bad-input` for one that is not in the table. */
export function allocatorNamed(name: AllocatorName): Allocator<AllocatorName, z.ZodRawShape> {
  const found = allocators.find((allocator) => allocator.name === name);
  if (found) return found;
  throw new AllocationError(
    'bad-input',
    `Allocator ${name} is unknown, expected one of ${allocatorNames.join(', ')}.`,
  );
}

/** What a sentence calls an allocator. A decision made by another version may hold a name that is not in the table. */
export function allocatorTitle(name: string): string {
  return allocators.find((allocator) => allocator.name === name)?.title ?? name;
}
