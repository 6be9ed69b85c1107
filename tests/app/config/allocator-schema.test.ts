import { expect, test } from 'vitest';
import { allocatorSchema } from '../../../src/app/config/allocator-schema.ts';
import { allocators } from '../../../src/core/allocation/allocators.ts';

test.each(allocators)(
  '$name: its name alone gives its own defaults, another option is refused',
  (allocator) => {
    const { name, options } = allocator;
    expect(allocatorSchema.parse({ method: name })).toEqual({ method: name, ...options.parse({}) });
    const { error } = allocatorSchema.safeParse({ method: name, turbo: 1 });
    expect(error?.issues[0]?.message).toContain(`turbo: no option of ${name}; expected only its own`);
    for (const own of Object.keys(options.shape)) expect(error?.issues[0]?.message).toContain(own);
  },
);

test('a section without a method is of the default one', () => {
  expect(allocatorSchema.parse({})).toEqual({ method: 'signal-inverse-vol' });
});

test('an option of another method and an unknown method are refused in words', () => {
  const messageOf = (section: unknown) => allocatorSchema.safeParse(section).error?.issues[0]?.message;
  expect(messageOf({ method: 'hrp', objective: 'max-sharpe' })).toBe(
    'objective: no option of hrp; expected only its own (it has variant, linkage)',
  );
  expect(messageOf({ method: 'equal', variant: 'paper' })).toBe(
    'variant: no option of equal; expected only its own (it has none)',
  );
  expect(messageOf({ method: 'best' })).toMatch(/^expected one of "equal"\|"inverse-vol"\|.*"risk-parity"$/);
});
