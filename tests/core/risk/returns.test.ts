import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PricePanel } from '../../../src/core/market/panel.ts';
import { lag1Autocorrelation, logReturns, simpleReturns } from '../../../src/core/risk/returns.ts';

const oraclePath = join(import.meta.dirname, '../../oracles/features/features.json');
const oracle: { levels: { risky: number[] }; lag1: { levels: number; returns: number } } = JSON.parse(
  readFileSync(oraclePath, 'utf8'),
);
const panelOf = (...columns: number[][]) =>
  new PricePanel(
    columns[0]!.map((_, row) => `2024-01-${String(row + 10)}`),
    columns.map((_, index) => `S${index}`),
    columns.map((column) => Float64Array.from(column)),
  );

describe('returns of a panel', () => {
  const panel = panelOf([1, 1.1, 0.99], [2, Number.NaN, 3]);

  test('are row-major, one row less, and missing beside a missing level', () => {
    const { rows, columns, values } = simpleReturns(panel);
    expect([rows, columns]).toEqual([2, 2]);
    expect(values[0]).toBeCloseTo(0.1, 14);
    expect(values[2]).toBeCloseTo(-0.1, 14);
    expect([values[1], values[3]]).toEqual([Number.NaN, Number.NaN]);
  });

  test('log returns add up over time, simple returns do not', () => {
    const { values } = logReturns(panel);
    expect(values[0]! + values[2]!).toBeCloseTo(Math.log(0.99), 14);
    const simple = simpleReturns(panel).values;
    expect(Math.abs(simple[0]! + simple[2]! - -0.01)).toBeGreaterThan(1e-3);
  });

  test('of fewer than two sessions are empty', () => {
    expect(simpleReturns(panelOf([1], [2]))).toEqual({ rows: 0, columns: 2, values: new Float64Array(0) });
  });
});

describe('lag-1 autocorrelation', () => {
  const levels = Float64Array.from(oracle.levels.risky);

  test('agrees with statsmodels on levels and on returns', () => {
    expect(lag1Autocorrelation(levels)).toBeCloseTo(oracle.lag1.levels, 11);
    const returns = logReturns(panelOf([...levels])).values;
    expect(lag1Autocorrelation(returns)).toBeCloseTo(oracle.lag1.returns, 11);
    expect(lag1Autocorrelation(levels)).toBeGreaterThan(0.9);
    expect(Math.abs(lag1Autocorrelation(returns))).toBeLessThan(0.2);
  });

  test('does not exist for flat, short or incomplete series', () => {
    expect(lag1Autocorrelation(new Float64Array(50).fill(0.1))).toBeNaN();
    expect(lag1Autocorrelation(Float64Array.of(1, 2))).toBeNaN();
    expect(lag1Autocorrelation(Float64Array.of(1, Number.NaN, 3, 4))).toBeNaN();
  });
});
