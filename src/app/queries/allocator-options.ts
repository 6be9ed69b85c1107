import { z } from 'zod';
import {
  type AllocationOptions,
  type AllocatorName,
  allocatorNamed,
  allocators,
} from '../../core/allocation/allocators.ts';
import { UserError } from '../user-error.ts';

/** An option that some allocators have, as a person gives it. */
export type AllocatorOption = {
  name: string;
  /** the words it may be; null for a number */
  choices: string[] | null;
  /** whose it is and what it means, a part for each allocator that has it */
  description: string;
};

/** Given for the year, not for the session, so asked for by itself. */
const askedElsewhere = 'riskFreeRate';

type Field = { enum?: string[]; description?: string; default?: unknown };

const fieldsOf = (allocator: { options: z.ZodType }): [string, Field][] =>
  Object.entries(z.toJSONSchema(allocator.options).properties ?? {})
    .filter(([name]) => name !== askedElsewhere)
    .map(([name, field]) => [name, field as Field]);

/** Every option of every allocator in the table, once each, in the table's order. */
export function allocatorOptions(): AllocatorOption[] {
  const found = new Map<string, AllocatorOption>();
  for (const allocator of allocators)
    for (const [name, field] of fieldsOf(allocator)) {
      const before = found.get(name);
      const standard = field.default === undefined ? '' : ` (default ${field.default})`;
      const description = `${field.description ?? `of ${allocator.name}`}${standard}`;
      const choices = [...new Set([...(before?.choices ?? []), ...(field.enum ?? [])])];
      found.set(name, {
        name,
        choices: choices.length > 0 ? choices : null,
        description: before ? `${before.description}; ${description}` : description,
      });
    }
  return [...found.values()];
}

/** An allocator's own options, completed and checked. Throws a UserError that names the flag of a wrong or foreign one. */
export function checkedOptions(method: AllocatorName, given: Record<string, unknown>): AllocationOptions {
  const allocator = allocatorNamed(method);
  const own = fieldsOf(allocator).map(([name]) => name);
  const foreign = Object.keys(given).filter((name) => !own.includes(name));
  if (foreign.length > 0) {
    const has = own.length > 0 ? own.map(flagOf).join(', ') : 'none';
    throw new UserError(`${foreign.map(flagOf).join(', ')}: no option of ${method}; it has ${has}`);
  }
  const parsed = allocator.options.safeParse(given);
  if (parsed.success) {
    const { [askedElsewhere]: _, ...options } = parsed.data as AllocationOptions;
    return options;
  }
  const { path, message } = parsed.error.issues[0]!;
  throw new UserError(`${flagOf(String(path[0]))}: ${message.replace(/^Invalid input: /, '')}`);
}

/** `clusterCount` as it is written on a command line, `--cluster-count`. */
export const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
