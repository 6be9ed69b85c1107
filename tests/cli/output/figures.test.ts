import { expect, test } from 'vitest';
import { percent } from '../../../src/cli/output/figures.ts';

test.each([
  [0.12345, '12.35 %'],
  [-2e-16, '0.00 %'],
  [-0.00004, '0.00 %'],
  [-0.0123, '-1.23 %'],
  [1, '100.00 %'],
])('%d is %s', (ratio, text) => {
  expect(percent(ratio)).toBe(text);
});
