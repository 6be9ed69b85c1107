import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allocate } from '../../../src/core/allocation/allocate.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { describeWithReference } from '../../support/reference-data.ts';
import { peerCase, peerPortfolios, worstDifference } from './peers.ts';
import { matrixOf } from './random-returns.ts';
import { numericMatrix, priceReturns, readTable, widePrices } from './reference-tables.ts';

// riskfolio's own HC_HRP.csv cannot be recomputed: its stocks include NBL, which its price file does not have.
describeWithReference('hrp against the packages, four universes and fourteen years', () => {
  for (const { method, pkg, variant, linkage } of [
    { method: 'hrp_single', pkg: 'pyportfolioopt', variant: 'pypfopt', linkage: 'single' },
    { method: 'hrp_ward', pkg: 'pyportfolioopt', variant: 'pypfopt', linkage: 'ward' },
    { method: 'hrp_single', pkg: 'riskfolio-lib', variant: 'riskfolio', linkage: 'single' },
    { method: 'hrp_ward', pkg: 'riskfolio-lib', variant: 'riskfolio', linkage: 'ward' },
    { method: 'hrp_ward_default', pkg: 'skfolio', variant: 'riskfolio', linkage: 'ward' },
  ] as const) {
    it(`${pkg} ${method}: variant ${variant}, ${linkage} linkage, sample covariance, to 1e-8`, () => {
      const portfolios = peerPortfolios(method, pkg);
      expect(portfolios).toHaveLength(83);
      for (const portfolio of portfolios) {
        const { expected, label, ...input } = peerCase(portfolio);
        expect(worstDifference(allocate('hrp', input, { variant, linkage }), expected), label).toBeLessThan(
          1e-8,
        );
      }
    });
  }

  it("PyPortfolioOpt's own test: 20 stocks with gaps, pairwise covariance and correlation, to 1e-12", () => {
    const table = widePrices('reference/pypfopt/stock_prices.csv.gz');
    const returns = priceReturns(table.prices);
    const covariance = estimateCovariance('sample', returns, { gaps: 'pairwise' });
    const { header, rows } = readTable('reference/pypfopt/weights_hrp.csv');
    const weights = new Map([header, ...rows].map(([symbol, weight]) => [symbol!, Number(weight)]));
    const expected = table.symbols.map((symbol) => weights.get(symbol)!);
    expect(worstDifference(allocate('hrp', { returns, covariance }), expected)).toBeLessThan(1e-12);
  });
});

describeWithReference("hrp on the paper's own example (10,000 sessions of 10 assets)", () => {
  const returns = numericMatrix('reference/hrp_lopez_de_prado/returns_10000x10.csv.gz');
  const covariance = estimateCovariance('sample', returns);
  const { header, rows } = readTable('reference/hrp_lopez_de_prado/weights.csv');
  const column = (name: string): number[] => rows.map((row) => Number(row[header.indexOf(name)]));

  for (const [variant, name] of [
    ['paper', 'hrp_single_euclidean_of_distance_columns'],
    ['pypfopt', 'pypfopt_1_6_0_hrp_single'],
    ['riskfolio', 'riskfolio_7_4_0_hrp_single_leaf_order'],
  ] as const) {
    it(`variant ${variant}: ${name} to 1e-9`, () => {
      const weights = allocate('hrp', { returns, covariance }, { variant });
      expect(worstDifference(weights, column(name))).toBeLessThan(1e-9);
    });
  }

  it('variant paper: the printed weights, to their last digit', () => {
    const weights = allocate('hrp', { returns, covariance }, { variant: 'paper' });
    expect(weights.map((weight) => Number((100 * weight).toFixed(2)))).toEqual(column('published_hrp_pct'));
  });

  it('inverse variance, for comparison: the printed weights need the square', () => {
    const inverse = allocate('inverse-vol', { returns, covariance }).map((weight) => weight ** 2);
    const sum = inverse.reduce((total, weight) => total + weight, 0);
    const shares = inverse.map((weight) => weight / sum);
    expect(worstDifference(shares, column('ivp'))).toBeLessThan(1e-9);
  });
});

describe("hrp, variant paper, against the paper's code on other data", () => {
  const cases = JSON.parse(
    readFileSync(new URL('../../oracles/allocation/hrp_paper.json', import.meta.url), 'utf8'),
  ) as { returns: number[][]; weights: number[] }[];
  for (const { returns: rows, weights: expected } of cases) {
    it(`${expected.length} assets to 1e-12`, () => {
      const returns = matrixOf(rows);
      const covariance = estimateCovariance('sample', returns);
      const weights = allocate('hrp', { returns, covariance }, { variant: 'paper' });
      expect(worstDifference(weights, expected)).toBeLessThan(1e-12);
    });
  }
});
