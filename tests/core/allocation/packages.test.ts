import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AllocationInput, allocate } from '../../../src/core/allocation/allocate.ts';
import { allocatorNames } from '../../../src/core/allocation/allocators.ts';
import { greatestSharpe, leastVariance } from '../../../src/core/optimisation/frontier.ts';
import { estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { compoundedMeanReturns, meanReturns } from '../../../src/core/risk/returns.ts';
import { wholeLine } from './critical-line.ts';
import { type PackageCheck, packageChecks, testAgainstPackages } from './package-checks.ts';
import { bundledPeers, worstDifference } from './peers.ts';
import { quadraticForm } from './portfolio-measures.ts';
import { matrixOf } from './random-returns.ts';
import { priceReturns } from './reference-tables.ts';

const { signalSessions, signalScale, riskAversion, ...peers } = bundledPeers();

function withSignal({ returns, covariance }: AllocationInput): AllocationInput {
  const { rows, columns, values } = returns;
  const last = { rows: signalSessions, columns, values: values.slice((rows - signalSessions) * columns) };
  return { returns, covariance, signal: Array.from(meanReturns(last)), signalScale };
}

const herc = (code: string, riskMeasure: 'variance' | 'cvar' | 'cdar'): PackageCheck => ({
  ...{ package: 'riskfolio-lib', method: `herc_ward_${code}`, tolerance: 1e-9, ours: `herc, ${riskMeasure}` },
  weights: (input) => allocate('herc', input, { riskMeasure }),
});

const checks: readonly PackageCheck[] = [
  ...packageChecks,
  {
    ...{ package: 'skfolio', method: 'equal', ours: 'equal', tolerance: 1e-10 },
    weights: (input) => allocate('equal', input),
  },
  {
    ...{ package: 'skfolio', method: 'inverse_volatility', ours: 'inverse-vol', tolerance: 1e-10 },
    weights: (input) => allocate('inverse-vol', input),
  },
  {
    ...{ package: 'numpy', method: 'signal', ours: 'signal', tolerance: 1e-10 },
    weights: (input) => allocate('signal', withSignal(input)),
  },
  {
    ...{ package: 'numpy', method: 'signal_inverse_vol', ours: 'signal-inverse-vol', tolerance: 1e-10 },
    weights: (input) => allocate('signal-inverse-vol', withSignal(input)),
  },
  {
    ...{ package: 'pyportfolioopt', method: 'utility_sample_long', ours: 'mvo, utility', tolerance: 1e-8 },
    weights: (input) => allocate('mvo', input, { objective: 'utility', riskAversion }),
  },
  {
    ...{ package: 'numpy', method: 'hrp_paper', ours: 'hrp, variant paper', tolerance: 1e-10 },
    weights: (input) => allocate('hrp', input, { variant: 'paper' }),
  },
  herc('mv', 'variance'),
  herc('cvar', 'cvar'),
  herc('cdar', 'cdar'),
];

testAgainstPackages(
  'the packages on the bundled stocks: three sets, eight dates, windows of 252 and 504',
  () => peers,
  checks,
  {
    count: 48,
    counts: { maxsharpe_sample_rf2_long: 46 },
    refused: { cla_maxsharpe_rf0_long: ['stocks4 2020-03-20 252', 'stocks4 2020-03-20 504'] },
  },
);

test('every allocator is among them', () => {
  const named = new Set(checks.map(({ ours }) => ours.split(',')[0]));
  expect([...named].sort()).toEqual(allocatorNames.toSorted());
});

describe('PyPortfolioOpt over prices with gaps: covariance and correlation pair by pair', () => {
  const oracle = JSON.parse(
    readFileSync(new URL('../../oracles/allocation/gaps.json', import.meta.url), 'utf8'),
  ) as {
    prices: (number | null)[][];
    mean: number[];
    covariance: number[][];
    hrp: number[];
    cla: Record<string, number[]>;
  };
  const returns = priceReturns(matrixOf(oracle.prices));
  const covariance = estimateCovariance('sample', returns, { gaps: 'pairwise' });
  const mean = Array.from(compoundedMeanReturns(returns, 252));

  test('sample covariance and compounded mean, a year, to 1e-14', () => {
    const yearly = covariance.values.map((value) => 252 * value);
    expect(worstDifference(yearly, oracle.covariance.flat())).toBeLessThan(1e-14);
    expect(
      worstDifference(
        mean,
        oracle.mean.map((value) => value / 252),
      ),
    ).toBeLessThan(1e-14);
  });

  test('hrp to 1e-12', () => {
    expect(worstDifference(allocate('hrp', { returns, covariance }), oracle.hrp)).toBeLessThan(1e-12);
  });

  test('cla, long and short: return, volatility and Sharpe ratio over 2%, to 1e-6', () => {
    const yearly = (weights: readonly number[]) => {
      const reward = 252 * weights.reduce((sum, weight, i) => sum + weight * mean[i]!, 0);
      const volatility = Math.sqrt(252 * quadraticForm(covariance, weights));
      return [reward, volatility, (reward - 0.02) / volatility];
    };
    const long = wholeLine(covariance, mean);
    const short = wholeLine(covariance, mean, { lower: mean.map(() => -1), upper: mean.map(() => 1) });
    // Their golden section stops at 1e-9 of a segment.
    for (const [name, weights] of Object.entries({
      maxSharpeLong: greatestSharpe(long),
      maxSharpeShort: greatestSharpe(short),
      minVolatilityLong: leastVariance(long),
    }))
      expect(worstDifference(yearly(weights), oracle.cla[name]!), name).toBeLessThan(1e-6);
  });
});
