import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gatherInputs, gatherTargets, sampleCodes, splitWindow } from '../../../src/core/features/windows.ts';

describe('splitWindow', () => {
  test('splits the default window', () => {
    expect(splitWindow(504, 30, 21, 0.1)).toEqual({
      trainFirst: 29,
      trainLast: 417,
      validationFirst: 438,
      validationLast: 482,
    });
  });

  test('keeps time order, ends every target inside the window, and shares no target day between the parts', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 60, max: 800 }),
        fc.integer({ min: 2, max: 60 }),
        fc.integer({ min: 1, max: 42 }),
        fc.double({ min: 0.02, max: 0.5, noNaN: true }),
        (rows, lookback, horizon, ratio) => {
          let split: ReturnType<typeof splitWindow>;
          try {
            split = splitWindow(rows, lookback, horizon, ratio);
          } catch (error) {
            expect((error as Error).message).toContain('lengthen the window');
            return;
          }
          expect(split.trainFirst).toBe(lookback - 1);
          expect(split.trainLast).toBeGreaterThanOrEqual(split.trainFirst);
          expect(split.validationLast + horizon).toBe(rows - 1);
          expect(split.validationLast).toBeGreaterThanOrEqual(split.validationFirst);
          // The last training target's last day is at or before the first validation target's start.
          expect(split.trainLast + horizon).toBe(split.validationFirst);
        },
      ),
    );
  });
});

describe('gathering', () => {
  const rows = 6;
  const series = [0, 100].map((start) => ({
    features: Float64Array.from({ length: rows * 2 }, (_, index) => start + index),
    targets: Float64Array.from({ length: rows }, (_, index) => start + index),
  }));

  test('lays a batch out time-major, each sample ending at its own row', () => {
    const codes = Int32Array.from([2, rows + 4]); // row 2 of the first series, row 4 of the second
    // features of row r are 2 r and 2 r + 1 (+ 100); lookback 3
    expect([...gatherInputs(series, rows, 2, 3, codes)]).toEqual([
      0, 1, 104, 105, 2, 3, 106, 107, 4, 5, 108, 109,
    ]);
    expect([...gatherTargets(series, rows, 1, codes)]).toEqual([2, 104]);
  });

  test('numbers the samples of every series in time order', () => {
    expect([...sampleCodes(2, rows, 3, 4)]).toEqual([3, 4, 9, 10]);
  });
});
