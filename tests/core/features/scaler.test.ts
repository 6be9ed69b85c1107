import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitScaler, scalerKinds, scaleValue, unscaleValue } from '../../../src/core/features/scaler.ts';

const matrix = Float64Array.from([1, 10, 3, 10, 2, 10, 100, -500]);

describe('scalers', () => {
  test('maps the fitted rows to 0 .. 1, or to mean 0 and deviation 1, and reads no row outside them', () => {
    const minMax = fitScaler('min-max', matrix, 2, 0, 3);
    expect([1, 3, 2].map((value) => scaleValue(minMax, 0, value))).toEqual([0, 1, 0.5]);
    const standard = fitScaler('standard', matrix, 2, 0, 3);
    expect(standard.offset[0]).toBe(2);
    expect(standard.scale[0]).toBeCloseTo(Math.sqrt(2 / 3), 15); // population deviation, as scikit-learn's
  });

  test('maps values beyond the fitted range without clipping', () => {
    expect(scaleValue(fitScaler('min-max', matrix, 2, 0, 3), 0, 5)).toBe(2);
  });

  test.each(scalerKinds)(
    'keeps a flat column finite and scales any answer back to its constant (%s)',
    (kind) => {
      const scaler = fitScaler(kind, matrix, 2, 0, 3);
      expect(scaleValue(scaler, 1, 10)).toBe(0);
      expect(scaleValue(scaler, 1, -500)).toBe(0);
      expect(unscaleValue(scaler, 1, 7.5)).toBe(10);
    },
  );

  test('is undone by its inverse', () => {
    const numbers = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), {
      minLength: 2,
      maxLength: 30,
    });
    fc.assert(
      fc.property(numbers, fc.constantFrom(...scalerKinds), (values, kind) => {
        const scaler = fitScaler(kind, Float64Array.from(values), 1, 0, values.length);
        for (const value of values)
          expect(unscaleValue(scaler, 0, scaleValue(scaler, 0, value))).toBeCloseTo(value, 8);
      }),
    );
  });

  test('refuses a gap and an empty range', () => {
    expect(() => fitScaler('min-max', Float64Array.from([1, Number.NaN]), 1, 0, 2)).toThrow(
      'column 0, row 1 is NaN',
    );
    expect(() => fitScaler('min-max', matrix, 2, 2, 2)).toThrow('at least one row');
  });
});
