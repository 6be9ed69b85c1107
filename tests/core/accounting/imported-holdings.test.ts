import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ImportTerms,
  importedHoldings,
  type ReportedLine,
} from '../../../src/core/accounting/imported-holdings.ts';

const shares = (symbol: string, quantity: number): ReportedLine => ({ symbol, quantity, weight: null });
const share = (symbol: string, weight: number): ReportedLine => ({ symbol, quantity: null, weight });
const closes = new Map([
  ['AAA', 50],
  ['BBB', 200],
]);
const closeOf = (symbol: string) => closes.get(symbol);
const terms: ImportTerms = { cashSymbol: 'CASH', closeOf, mayBeShort: () => true };

describe('importedHoldings', () => {
  test('values quantities at their closes and cash as money', () => {
    const lines = [shares('BBB', 10), shares('AAA', 30), shares('CASH', 500)];
    expect(importedHoldings(lines, terms)).toEqual({
      worth: 4000,
      lines: [
        { symbol: 'BBB', weight: 0.5, quantity: 10, price: 200 },
        { symbol: 'AAA', weight: 0.375, quantity: 30, price: 50 },
        { symbol: 'CASH', weight: 0.125, quantity: 500, price: null },
      ],
    });
  });

  test('takes ready weights, with the rounding of a report made good', () => {
    const lines = [share('AAA', 0.3333333), share('BBB', 0.3333333), share('CASH', 0.3333333)];
    const imported = importedHoldings(lines, { ...terms, closeOf: () => undefined });
    expect(imported.worth).toBeNull();
    imported.lines.forEach((line) => {
      expect(line.weight).toBeCloseTo(1 / 3, 15);
      expect(line.quantity).toBeNull();
    });
  });

  test('takes a short position and borrowed money as they are', () => {
    const imported = importedHoldings([shares('AAA', -10), shares('BBB', 10), shares('CASH', -500)], terms);
    expect(imported.lines.map(({ weight }) => weight)).toEqual([-0.5, 2, -0.5]);
  });

  test('asks no price for what is not held', () => {
    const lines = [shares('AAA', 10), shares('GONE', 0), shares('CASH', 0)];
    expect(importedHoldings(lines, terms).lines.map(({ weight }) => weight)).toEqual([1, 0, 0]);
  });

  test('sums to 1 whatever is held', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1e9 }), { minLength: 3, maxLength: 3 }), (counts) => {
        fc.pre(counts.some((count) => count > 0));
        const lines = counts.map((count, i) => shares(['AAA', 'BBB', 'CASH'][i]!, count));
        const { lines: imported, worth } = importedHoldings(lines, terms);
        expect(imported.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 14);
        const values = counts.map((count, i) => count * [50, 200, 1][i]!);
        expect(worth).toBe(values.reduce((sum, value) => sum + value, 0));
        imported.forEach(({ weight }, i) => {
          expect(weight * values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(values[i]!, 3);
        });
      }),
      { numRuns: 200, seed: 61 },
    );
  });

  const refused = (lines: readonly ReportedLine[], price = closeOf) =>
    expect(() => importedHoldings(lines, { ...terms, closeOf: price }));

  test('refuses a mixture of both kinds, and weights that are not of 1', () => {
    refused([shares('AAA', 10), share('BBB', 0.5)]).toThrow(
      /some lines have a weight and some have a quantity/,
    );
    refused([share('AAA', 0.5), share('CASH', 0.4)]).toThrow('the weights sum to 0.9; expected 1 with CASH');
    refused([share('AAA', 0.6), share('CASH', 0.400_01)]).toThrow(RangeError);
  });

  test('refuses a quantity without a price, or with one that is none', () => {
    refused([shares('AAA', 10), shares('ZZZ', 5)]).toThrow(
      'ZZZ has no price to value its quantity with; ingest first',
    );
    for (const close of [0, -3, Number.NaN])
      refused([shares('AAA', 10)], () => close).toThrow(/AAA has no price/);
  });

  test('refuses a short position where the policy has none, by shares and by weight, and lets money be owed', () => {
    const longOnly = { ...terms, mayBeShort: (symbol: string) => symbol === 'BBB' };
    const told = (lines: ReportedLine[]) => () => importedHoldings(lines, longOnly);
    expect(told([shares('AAA', -10), shares('CASH', 5000)])).toThrow(
      "AAA is reported as -10, a short position, and the portfolio's bounds allow none",
    );
    expect(told([share('AAA', -0.1), share('CASH', 1.1)])).toThrow(/AAA is reported as -0.1, a short/);
    expect(told([shares('BBB', -10), shares('CASH', 5000)])().worth).toBe(3000);
    expect(told([shares('AAA', 100), shares('CASH', -500)])().worth).toBe(4500);
  });

  test('refuses what is worth nothing, and what is no number', () => {
    refused([]).toThrow(/worth 0 in total/);
    refused([shares('AAA', 0), shares('CASH', 0)]).toThrow(/worth 0 in total; expected more than 0/);
    refused([shares('AAA', 10), shares('CASH', -600)]).toThrow(/worth -100 in total/);
    refused([shares('AAA', Number.NaN)]).toThrow('AAA is reported as NaN; expected a number');
    refused([{ symbol: 'AAA', quantity: null, weight: null }]).toThrow('AAA is reported as null');
  });
});
