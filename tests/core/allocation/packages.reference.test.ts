import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { allocate } from '../../../src/core/allocation/allocate.ts';
import { meanVariance } from '../../../src/core/allocation/mvo.ts';
import { riskParityWeights } from '../../../src/core/allocation/risk-parity.ts';
import { greatestSharpe, leastVariance } from '../../../src/core/optimisation/frontier.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { compoundedMeanReturns } from '../../../src/core/risk/returns.ts';
import { referenceData } from '../../support/reference-data.ts';
import { wholeLine } from './critical-line.ts';
import { packageChecks, testAgainstPackages } from './package-checks.ts';
import { referencePeers, worstDifference } from './peers.ts';
import { quadraticForm } from './portfolio-measures.ts';
import { priceReturns, readTable, widePrices, window } from './reference-tables.ts';

let peers: ReturnType<typeof referencePeers> | undefined;

testAgainstPackages(
  'the packages on four universes and fourteen years',
  () => {
    peers ??= referencePeers();
    return peers;
  },
  [
    ...packageChecks,
    {
      ...{ package: 'skfolio', method: 'min_variance_long', ours: 'mvo', tolerance: 1e-3 },
      weights: ({ covariance }) => meanVariance({ objective: 'min-variance', covariance }).weights,
    },
  ],
  {
    count: 83,
    counts: { maxsharpe_sample_rf2_long: 81 },
    beaten: {
      // One of theirs stops short of a single asset, with a negative weight.
      maxsharpe_sample_rf2_long: ['core4 2013-12-31 252'],
      cla_maxsharpe_rf0_long: [
        'core4 2011-12-30 252',
        'core4 2011-12-30 756',
        'core4 2012-12-31 756',
        'etf10 2011-12-30 756',
        'etf10 2012-12-31 252',
        'etf10 2013-12-31 756',
        'etf10 2019-12-31 756',
        'etf10 2020-12-31 756',
        'etf10 2021-12-31 756',
        'stocks30 2016-12-30 756',
        'stocks50 2019-12-31 756',
      ],
    },
    refused: { cla_maxsharpe_rf0_long: ['core4 2018-12-31 252'] },
  },
);

describe("PyPortfolioOpt's own tests: 20 stocks with gaps, covariance pair by pair", () => {
  const load = () => {
    const { symbols, prices } = widePrices(referenceData('reference/pypfopt/stock_prices.csv.gz'));
    const returns = priceReturns(prices);
    return { symbols, returns, covariance: estimateCovariance('sample', returns, { gaps: 'pairwise' }) };
  };

  test('hrp to 1e-12', () => {
    const { symbols, ...input } = load();
    const { header, rows } = readTable(referenceData('reference/pypfopt/weights_hrp.csv'));
    const weights = new Map([header, ...rows].map(([symbol, weight]) => [symbol!, Number(weight)]));
    const expected = symbols.map((symbol) => weights.get(symbol)!);
    expect(worstDifference(allocate('hrp', input), expected)).toBeLessThan(1e-12);
  });

  test('cla, risk-free 2% in the ratio only, to 1e-6', () => {
    const { symbols, returns, covariance } = load();
    const mean = Array.from(compoundedMeanReturns(returns, 252));
    const tests = JSON.parse(
      readFileSync(referenceData('reference/pypfopt/expected_values.json'), 'utf8'),
    ).test_cla;
    const expected = (name: string): number[] =>
      tests.find((one: { test: string }) => one.test === name).expected;
    const annual = (weights: number[]): number[] => {
      const reward = 252 * weights.reduce((sum, weight, i) => sum + weight * mean[i]!, 0);
      const yearly = Math.sqrt(252 * quadraticForm(covariance, weights));
      return [reward, yearly, (reward - 0.02) / yearly];
    };
    const short = { lower: symbols.map(() => -1), upper: symbols.map(() => 1) };
    const long = wholeLine(covariance, mean);
    // Their golden section stops at 1e-9 of a segment.
    for (const [weights, name] of [
      [greatestSharpe(long), 'test_cla_max_sharpe_long_only'],
      [greatestSharpe(wholeLine(covariance, mean, short)), 'test_cla_max_sharpe_short'],
      [leastVariance(long), 'test_cla_min_volatility'],
    ] as const)
      expect(worstDifference(annual(weights), expected(name)), name).toBeLessThan(1e-6);
  });
});

// riskfolio's own HC_HRP.csv cannot be recomputed: its stocks include NBL, which its price file does not have.
describe("riskfolio's own tables: last 200 returns of ten stocks, variance", () => {
  const load = (name: string) => {
    const { header, rows } = readTable(referenceData(`reference/riskfolio/${name}`));
    const table = widePrices(
      referenceData('reference/riskfolio/stock_prices.csv.gz'),
      rows.map((row) => row[0]!),
    );
    return {
      covariance: estimateCovariance('sample', window(table, table.dates.at(-1)!, 200)),
      expected: rows.map((row) => Number(row[header.indexOf('MV')])),
    };
  };

  test('Classic_MinRisk: mvo to 1e-6', () => {
    const { covariance, expected } = load('Classic_MinRisk.csv');
    const { weights } = meanVariance({ objective: 'min-variance', covariance });
    expect(worstDifference(weights, expected)).toBeLessThan(1e-6);
  });

  test('Classic_RP: risk-parity to 5e-6', () => {
    const { covariance, expected } = load('Classic_RP.csv');
    expect(worstDifference(riskParityWeights(covariance), expected)).toBeLessThan(5e-6);
  });
});
