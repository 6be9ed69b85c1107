import { describe, expect, test } from 'vitest';
import { allocatorOptions, checkedOptions, flagOf } from '../../../src/app/queries/allocator-options.ts';
import { allocatorNamed, allocatorNames } from '../../../src/core/allocation/allocators.ts';

const names = allocatorOptions().map(({ name }) => name);

test('every option of every allocator is there once, but for the risk-free rate, which is given for the year', () => {
  const own = allocatorNames.flatMap((name) => Object.keys(allocatorNamed(name).options.shape));
  expect(names).toEqual([...new Set(own)].filter((name) => name !== 'riskFreeRate'));
  expect(names).toEqual(expect.arrayContaining(['objective', 'riskAversion', 'linkage', 'clusterCount']));
});

test('what several allocators have says whose default is whose', () => {
  const linkage = allocatorOptions().find(({ name }) => name === 'linkage')!;
  expect(linkage.choices).toEqual(['single', 'complete', 'average', 'ward']);
  expect(linkage.description).toMatch(/of hrp.*default single.*of herc.*default ward/);
});

test('a name is written as a flag', () => {
  expect(['clusterCount', 'linkage'].map(flagOf)).toEqual(['--cluster-count', '--linkage']);
});

describe('options', () => {
  test.each(allocatorNames)('of %s that are left out have their defaults', (method) => {
    const { riskFreeRate: _, ...standard } = allocatorNamed(method).options.parse({}) as Record<
      string,
      unknown
    >;
    expect(checkedOptions(method, {})).toEqual(standard);
  });

  test('that are given are kept', () => {
    expect(checkedOptions('hrp', { linkage: 'ward' })).toEqual({ variant: 'pypfopt', linkage: 'ward' });
    expect(checkedOptions('herc', { clusterCount: 3 })).toMatchObject({ clusterCount: 3 });
  });

  test.each([
    ['equal', { linkage: 'ward' }, '--linkage: no option of equal; it has none'],
    ['hrp', { clusterCount: 3 }, '--cluster-count: no option of hrp; it has --variant, --linkage'],
    ['cla', { objective: 'utility' }, /^--objective: .*min-variance.*max-sharpe/],
    ['herc', { clusterCount: 2.5 }, /^--cluster-count: expected int/],
    ['mvo', { riskFreeRate: 1 }, /^--risk-free-rate: no option of mvo/],
  ] as const)('of %s that are wrong are refused: %j', (method, given, sentence) => {
    expect(() => checkedOptions(method, given)).toThrow(sentence);
  });
});
