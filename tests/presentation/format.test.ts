import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  basisPoints,
  decimal,
  list,
  longDate,
  money,
  percent,
  signedPercent,
  trueMinus,
  weekdayDate,
} from '../../src/presentation/format.ts';

const finite = fc.double({ min: -1e9, max: 1e9, noNaN: true });

describe('figures', () => {
  test.each([
    [0, '0.0%'],
    [-0, '0.0%'],
    [-0.0004, '0.0%'],
    [0.0005, '0.1%'],
    [-0.0213, '-2.1%'],
    [0.1234, '12.3%'],
    [1, '100.0%'],
    [12.345, '1,234.5%'],
    [1e-300, '0.0%'],
    [Number.NaN, 'not known'],
    [Number.POSITIVE_INFINITY, 'not known'],
  ])('percent(%d) is %s', (ratio, text) => {
    expect(percent(ratio)).toBe(text);
  });

  test.each([
    [0.05, '+5.0%'],
    [-0.05, '-5.0%'],
    [0.0001, '0.0%'],
    [-0.0001, '0.0%'],
    [Number.NaN, 'not known'],
  ])('signedPercent(%d) is %s', (ratio, text) => {
    expect(signedPercent(ratio)).toBe(text);
  });

  test.each([
    [0, '0 bps'],
    [-0, '0 bps'],
    [1e-12, 'less than 0.1 bps'],
    [-1e-12, 'between -0.1 and 0 bps'],
    [0.00032, '3.2 bps'],
    [0.009994, '99.9 bps'],
    [0.009999, '100 bps'],
    [0.0201, '201 bps'],
    [1.5, '15,000 bps'],
    [Number.NaN, 'not known'],
  ])('basisPoints(%d) is %s', (ratio, text) => {
    expect(basisPoints(ratio)).toBe(text);
  });

  test.each([
    [28.915, 'USD 28.91'],
    [999.996, 'USD 1,000'],
    [352_625.4, 'USD 352,625'],
    [-0.001, 'USD 0.00'],
    [-1234, 'USD -1,234'],
  ])('money(%d) is %s', (amount, text) => {
    expect(money(amount, 'USD')).toBe(text);
  });

  test('never shows a negative zero, and reads back as the number it was', () => {
    fc.assert(
      fc.property(finite, fc.integer({ min: 0, max: 6 }), (value, digits) => {
        const text = decimal(value, digits);
        expect(text).not.toMatch(/^-[0.,]*$/);
        expect(text).toMatch(/^-?\d{1,3}(,\d{3})*(\.\d+)?$/);
        expect(Math.abs(Number(text.replaceAll(',', '')) - value)).toBeLessThanOrEqual(
          0.5000001 * 10 ** -digits,
        );
      }),
    );
  });

  test('writes dates out, in no time zone', () => {
    expect(longDate('2024-02-29')).toBe('29 February 2024');
    expect(weekdayDate('2024-01-31')).toBe('Wednesday 31 January 2024');
    expect(longDate('someday')).toBe('someday');
    expect(weekdayDate('someday')).toBe('someday');
  });

  test('lists names, and counts one only where it cannot be named', () => {
    expect(list([])).toBe('');
    expect(list(['A'])).toBe('A');
    expect(list(['A', 'B'])).toBe('A and B');
    expect(list(['A', 'B', 'C', 'D'], 3)).toBe('A, B, C and D');
    expect(list(['A', 'B', 'C', 'D', 'E'], 3)).toBe('A, B, C and 2 more');
  });

  test('puts a true minus before figures only', () => {
    expect(trueMinus('-2.1%, USD -5')).toBe('−2.1%, USD −5');
    expect(trueMinus('2024-01-31 signal-2 1e-5 -')).toBe('2024-01-31 signal-2 1e-5 -');
  });
});
