import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate } from '../../../src/core/allocation/allocate.ts';
import { riskParityWeights } from '../../../src/core/allocation/risk-parity.ts';
import type { Covariance } from '../../../src/core/risk/covariance.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { describeWithReference } from '../../support/reference-data.ts';
import { peerCase, peerPortfolios, worstDifference } from './peers.ts';
import { generator, randomReturns, someReturns } from './random-returns.ts';
import { readTable, widePrices, window } from './reference-tables.ts';

/** Shares of the variance each weight carries. */
function contributions({ size, values }: Covariance, weights: readonly number[]): number[] {
  const parts = weights.map((weight, i) => {
    let along = 0;
    for (let j = 0; j < size; j++) along += values[i * size + j]! * weights[j]!;
    return weight * along;
  });
  const total = parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part) => part / total);
}

/** How unequal the contributions are. */
function unevenness(covariance: Covariance, weights: readonly number[]): number {
  return worstDifference(
    contributions(covariance, weights),
    weights.map(() => 1 / weights.length),
  );
}

describeWithReference('risk-parity against the packages (which stop earlier than we do)', () => {
  for (const { method, pkg, tolerance } of [
    { method: 'risk_parity_mv', pkg: 'riskfolio-lib', tolerance: 2e-5 },
    { method: 'risk_budget_variance', pkg: 'skfolio', tolerance: 1e-4 },
  ]) {
    it(`${pkg} ${method}: sample covariance, weights to ${tolerance}, contributions nearer to equal`, () => {
      const portfolios = peerPortfolios(method, pkg);
      expect(portfolios).toHaveLength(83);
      for (const portfolio of portfolios) {
        const { expected, label, ...input } = peerCase(portfolio);
        const weights = allocate('risk-parity', input);
        expect(worstDifference(weights, expected), label).toBeLessThan(tolerance);
        expect(unevenness(input.covariance, weights), label).toBeLessThan(1e-13);
        expect(unevenness(input.covariance, expected), label).toBeGreaterThan(1e-13);
      }
    });
  }

  it('riskfolio Classic_RP, MV: last 200 returns of ten stocks, to 5e-6', () => {
    const { header, rows } = readTable('reference/riskfolio/Classic_RP.csv');
    const table = widePrices(
      'reference/riskfolio/stock_prices.csv.gz',
      rows.map((row) => row[0]!),
    );
    const covariance = estimateCovariance('sample', window(table, table.dates.at(-1)!, 200));
    const expected = rows.map((row) => Number(row[header.indexOf('MV')]));
    expect(worstDifference(riskParityWeights(covariance), expected)).toBeLessThan(5e-6);
  });
});

describe('risk-parity', () => {
  it('meets any budgets', () => {
    fc.assert(
      fc.property(someReturns, fc.integer(), (returns, seed) => {
        const covariance = estimateCovariance('sample', returns);
        const uniform = generator(seed);
        const scores = Array.from({ length: returns.columns }, () => 0.05 + uniform());
        const sum = scores.reduce((total, score) => total + score, 0);
        const budgets = scores.map((score) => score / sum);
        const weights = riskParityWeights(covariance, { budgets });
        expect(worstDifference(contributions(covariance, weights), budgets)).toBeLessThan(1e-12);
      }),
    );
  });

  it('by hand: two assets, whatever their correlation, by 1 / sigma', () => {
    for (const rho of [-0.9, 0, 0.5, 0.999]) {
      const covariance = { size: 2, values: Float64Array.of(1, 2 * rho, 2 * rho, 4) };
      expect(worstDifference(riskParityWeights(covariance), [2 / 3, 1 / 3])).toBeLessThan(1e-12);
    }
  });

  it('says so where assets hedge each other perfectly', () => {
    const covariance = { size: 2, values: Float64Array.of(1, -1, -1, 1) };
    expect(() => riskParityWeights(covariance)).toThrow(
      expect.objectContaining({ reason: 'no-convergence' }),
    );
  });

  it('refuses budgets that are not positive or not one per asset', () => {
    const covariance = estimateCovariance('sample', randomReturns(1, 30, 3));
    expect(() => riskParityWeights(covariance, { budgets: [1, 0, 1] })).toThrow(/budget of asset 1 is 0/);
    expect(() => riskParityWeights(covariance, { budgets: [1, 1] })).toThrow(/2 risk budgets, expected 3/);
  });
});
