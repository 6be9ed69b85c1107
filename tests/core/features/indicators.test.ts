import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { featureSeries, featureValues, warmUpReturns } from '../../../src/core/features/indicators.ts';
import { type FeatureName, featureNames } from '../../../src/core/features/names.ts';

type Oracle = {
  window: number;
  rows: number[];
  levels: Record<string, number[]>;
  features: Record<string, Record<FeatureName, number[]>>;
};
const oraclePath = join(import.meta.dirname, '../../oracles/features/features.json');
const oracle: Oracle = JSON.parse(readFileSync(oraclePath, 'utf8'));
const levelsOf = (name: string) => Float64Array.from(oracle.levels[name]!);

/** The bits of a series, so that -0 and 0, or two NaN, are told apart and equal only when identical. */
const bits = (values: Float64Array) => [...new BigUint64Array(values.slice().buffer)];

const anyLevels = (length: number) =>
  fc
    .array(fc.oneof(fc.integer({ min: -2000, max: 2000 }), fc.constant(0)), {
      minLength: length - 1,
      maxLength: length - 1,
    })
    .map((returnsBps) => {
      const levels = new Float64Array(length).fill(1);
      returnsBps.forEach((r, index) => {
        levels[index + 1] = levels[index]! * Math.exp(r / 10_000);
      });
      return levels;
    });

describe('features against TA-Lib, ta and pandas', () => {
  test.each(
    Object.keys(oracle.levels).flatMap((series) => featureNames.map((name) => [series, name] as const)),
  )('%s: %s', (series, name) => {
    expect(warmUpReturns).toBe(oracle.window);
    const levels = levelsOf(series);
    const got = featureSeries(name, levels, levels);
    const expected = oracle.features[series]![name]!;
    expect(expected.length).toBe(90);
    // TA-Lib and ta keep running sums, so they are good to about 1e-9 of the value's own scale
    const scale = name === 'rsi' ? 100 : 1;
    for (const [index, row] of oracle.rows.entries())
      expect(Math.abs(got[row]! - expected[index]!), `row ${row}`).toBeLessThan(1e-9 * scale);
  });
});

describe('each feature', () => {
  test.each(featureNames)('%s is unknown before 120 returns and known after', (name) => {
    const levels = levelsOf('risky');
    const got = featureSeries(name, levels, levelsOf('market'));
    expect(got).toHaveLength(levels.length);
    expect([...got.slice(0, 120)].every(Number.isNaN)).toBe(true);
    expect([...got.slice(120)].every(Number.isFinite)).toBe(true);
  });

  test.each(featureNames)('%s sees nothing after its session', (name) => {
    fc.assert(
      fc.property(
        anyLevels(150),
        anyLevels(150),
        fc.integer({ min: 120, max: 148 }),
        (levels, other, row) => {
          const before = featureSeries(name, levels, levels);
          const changed = levels.slice();
          for (let t = row + 1; t < changed.length; t += 1) changed[t] = 3 * other[t]!;
          const after = featureSeries(name, changed, changed);
          expect(bits(after.slice(0, row + 1))).toEqual(bits(before.slice(0, row + 1)));
        },
      ),
      { numRuns: 40 },
    );
  });

  test.each(featureNames)('%s reads its last 120 returns and no more', (name) => {
    fc.assert(
      fc.property(anyLevels(180), fc.integer({ min: 1, max: 59 }), (levels, from) => {
        const whole = featureSeries(name, levels, levels);
        const cut = featureSeries(name, levels.slice(from), levels.slice(from));
        expect(bits(cut.slice(120))).toEqual(bits(whole.slice(from + 120)));
      }),
      { numRuns: 40 },
    );
  });

  test.each(featureNames)('%s does not depend on the unit of the levels', (name) => {
    fc.assert(
      fc.property(anyLevels(130), fc.double({ min: 0.01, max: 100, noNaN: true }), (levels, unit) => {
        const scaled = levels.map((level) => level * unit);
        const exact = levels.map((level) => level * 0.25);
        const own = featureSeries(name, levels, levels);
        expect(bits(featureSeries(name, exact, exact))).toEqual(bits(own));
        const got = featureSeries(name, scaled, scaled);
        for (let row = 120; row < 130; row += 1) expect(got[row]).toBeCloseTo(own[row]!, 8);
      }),
      { numRuns: 40 },
    );
  });

  test.each(featureNames)('%s of chosen rows is the same number as in the whole series', (name) => {
    const levels = levelsOf('risky');
    const market = levelsOf('market');
    const rows = featureValues(name, levels, market, 300, 329);
    expect(bits(rows)).toEqual(bits(featureSeries(name, levels, market).slice(300, 330)));
  });

  test.each(featureNames)(
    '%s is unknown while a missing level is among the 120 returns it may read',
    (name) => {
      const levels = levelsOf('risky');
      levels[200] = Number.NaN;
      const got = featureSeries(name, levels, levels);
      expect(Number.isFinite(got[199])).toBe(true);
      expect([...got.slice(200, 321)].every(Number.isNaN)).toBe(true);
      expect(Number.isFinite(got[321])).toBe(true);
    },
  );

  test('keeps a flat series at its resting values, whatever the level', () => {
    for (const level of [1, 0.1, 1 / 3, 987.654321]) {
      const flat = new Float64Array(121).fill(level);
      const last = (name: FeatureName) => featureSeries(name, flat, flat)[120];
      expect(featureNames.map(last)).toEqual([0, 0, 0, 0, 0, 0, 50, 0.5, 0, 0, 0]);
    }
  });

  test('bounds RSI: 100 on gains only, 0 on losses only', () => {
    const rising = Float64Array.from({ length: 121 }, (_, t) => 1.01 ** t);
    expect(featureSeries('rsi', rising, null)[120]).toBe(100);
    expect(featureSeries('rsi', rising.toReversed(), null)[120]).toBe(0);
  });

  test('refuses a market feature without the market', () => {
    expect(() => featureSeries('market-slope-20', levelsOf('risky'), null)).toThrow(/marketSymbol/);
  });

  test('computes 50 assets over 650 sessions well within a second', () => {
    const levels = Float64Array.from({ length: 650 }, (_, t) => 100 + Math.sin(t) + t / 50);
    const start = performance.now();
    for (let asset = 0; asset < 50; asset += 1)
      for (const name of featureNames) featureSeries(name, levels, levels);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
