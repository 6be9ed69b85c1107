import { z } from 'zod';
import type { Allocator } from '../../core/allocation/allocator.ts';
import {
  type AllocationOptions,
  type AllocatorName,
  allocatorNamed,
  allocatorNames,
  allocators,
} from '../../core/allocation/allocators.ts';

const defaultMethod: AllocatorName = 'signal-inverse-vol';

/** The `allocator` section for one method: its name and its own options, and no other's. */
function sectionOf({ name, options }: Allocator<AllocatorName, z.ZodRawShape>) {
  const method = z.literal(name);
  return z.strictObject(
    { method: name === defaultMethod ? method.default(name) : method, ...options.shape },
    {
      error: (issue) => {
        if (issue.code !== 'unrecognized_keys') return undefined;
        const own = Object.keys(options.shape);
        const has = own.length > 0 ? `it has ${own.join(', ')}` : 'it has none';
        return `${issue.keys.join(', ')}: no option of ${name}; expected only its own (${has})`;
      },
    },
  );
}

type Section = { method: AllocatorName } & AllocationOptions;

/** `method` and the options it has; an option of another method is refused. */
export const allocatorSchema = z.discriminatedUnion(
  'method',
  allocators.map(sectionOf) as [ReturnType<typeof sectionOf>],
  {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? `expected one of ${allocatorNames.map((name) => `"${name}"`).join('|')}`
        : undefined,
  },
) as z.ZodType<Section, Partial<Section>>;

type Refuse = (path: PropertyKey[], message: string) => void;

/** Refuses what the rest of a portfolio lacks for its allocator, or has that the allocator cannot follow. */
export function checkAllocator(
  method: AllocatorName,
  portfolio: { hasForecaster: boolean; lowers: readonly number[] },
  refuse: Refuse,
): void {
  const { needs } = allocatorNamed(method);
  if (needs.forecast && !portfolio.hasForecaster)
    refuse(['forecaster'], 'expected a forecaster, because the allocator reads its signal');
  const shorting = allocators.filter((allocator) => allocator.needs.shorts).map(({ name }) => name);
  if (!needs.shorts && portfolio.lowers.some((lower) => lower < 0))
    refuse(['bounds'], `expected no lower bound below 0: only ${shorting.join(', ')} holds short positions`);
}
