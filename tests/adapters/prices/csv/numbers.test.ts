import { expect, test } from 'vitest';
import { decimalHint, readNumber } from '../../../../src/adapters/prices/csv/numbers.ts';

const numberIn = (text: string, decimal: '.' | ',') => readNumber(text, { decimal, toldBy: null })?.value;

test.each<[string, number | null, '.' | ',']>([
  ['1234.5', 1234.5, '.'],
  ['+1,234.5', 1234.5, '.'],
  ['1,234,567', 1_234_567, '.'],
  ['1 234.5', 1234.5, '.'],
  ["1'234'567.5", 1_234_567.5, '.'],
  ['1\u00a0234,5', 1234.5, ','],
  ['1.234.567,5', 1_234_567.5, ','],
  ['1e-6', 1e-6, '.'],
  ['1,5E+3', 1500, ','],
  ['.5', 0.5, '.'],
  ['(1,234.50)', -1234.5, '.'],
  ['($5)', -5, '.'],
  ['-$5', -5, '.'],
  ['$-5', -5, '.'],
  ['5-', -5, '.'],
  ['\u22125', -5, '.'],
  ['USD 5', 5, '.'],
  ['5 €', 5, ','],
  ['523.4 GBp', 523.4, '.'],
  ['-', null, '.'],
  ['--', null, '.'],
  ['N/A', null, '.'],
  ['None', null, ','],
])('%j is %j where decimals have a %s', (text, value, decimal) => {
  expect(numberIn(text, decimal)).toBe(value);
});

test.each<[string, '.' | ',']>([
  ['0x10', '.'],
  ['1_000', '.'],
  ['Infinity', '.'],
  ['1e999', '.'],
  ['1,23', '.'],
  ['0,123', '.'],
  ['1,23,456', '.'],
  ['1,234 567', '.'],
  ['1.234.5', '.'],
  ['1.5', ','],
  ['1.2M', '.'],
  ['5 BPS', '.'],
  ['--5', '.'],
  ['(-5)', '.'],
  ['$5 USD', '.'],
  ['ten', '.'],
  ['5 6', '.'],
])('%j is no number where decimals have a %s', (text, decimal) => {
  expect(readNumber(text, { decimal, toldBy: null })).toBeUndefined();
});

test.each<[string, ReturnType<typeof decimalHint>]>([
  ['12', null],
  ['1,234', 'either'],
  ['1.234', 'either'],
  ['0,123', ','],
  ['1234,567', ','],
  ['49,5', ','],
  ['49.5', '.'],
  ['1,234.5', '.'],
  ['1.234,5', ','],
  ['1.234.567', ','],
  ['1,234,567', '.'],
  ['1.234e5', '.'],
  ["1'234.567", '.'],
  ['31.12.2024', null],
  ['$1,234', 'either'],
  ['none', null],
])('%j tells of the decimal sign: %s', (text, hint) => {
  expect(decimalHint(text)).toBe(hint);
});
