import { describe, expect, test } from 'vitest';
import { type AllocationInput, allocate } from '../../../src/core/allocation/allocate.ts';
import { meanVariance } from '../../../src/core/allocation/mvo.ts';
import { AllocationError } from '../../../src/core/allocation-error.ts';
import { type CovarianceName, estimateCovariance } from '../../../src/core/risk/estimate-covariance.ts';
import { compoundedMeanReturns } from '../../../src/core/risk/returns.ts';
import { type Peers, peerCase, worstDifference } from './peers.ts';
import { quadraticForm, riskShares } from './portfolio-measures.ts';

/** One method of one package, and what this product gives for it. */
export type PackageCheck = {
  package: string;
  method: string;
  /** What the method means here. */
  ours: string;
  tolerance: number;
  weights: (input: AllocationInput) => number[];
  /** For a package that may stop short of its optimum: how good weights are, more is better. */
  quality?: (input: AllocationInput, weights: readonly number[]) => number;
};

const yearlyTwoPercent = 0.02 / 252;

function minimumVariance(name: CovarianceName, cap: number) {
  return ({ returns }: AllocationInput): number[] => {
    const assets = Array.from({ length: returns.columns });
    const { weights, kktResidual } = meanVariance({
      objective: 'min-variance',
      covariance: estimateCovariance(name, returns),
      bounds: { lower: assets.map(() => 0), upper: assets.map(() => cap) },
    });
    expect(kktResidual).toBeLessThan(1e-8);
    return weights;
  };
}

/** Sharpe ratio by the compounded mean, per session. */
export function sharpeOver(rate: number) {
  return ({ returns, covariance }: AllocationInput, weights: readonly number[]): number => {
    const mean = compoundedMeanReturns(returns, 252);
    const excess = weights.reduce((sum, weight, i) => sum + weight * mean[i]!, -rate);
    return excess / Math.sqrt(quadraticForm(covariance, weights));
  };
}

/** Minus the worst distance of a share of the variance from 1 / N. */
const evenness = ({ covariance }: AllocationInput, weights: readonly number[]) =>
  -worstDifference(
    riskShares(covariance, weights),
    weights.map(() => 1 / weights.length),
  );

const minVariance = { package: 'pyportfolioopt', tolerance: 1e-8 };
const hrp = (
  pkg: string,
  method: string,
  variant: 'pypfopt' | 'riskfolio',
  linkage: 'single' | 'ward',
): PackageCheck => ({
  ...{ package: pkg, method, tolerance: 1e-8, ours: `hrp, variant ${variant}, ${linkage} linkage` },
  weights: (input) => allocate('hrp', input, { variant, linkage }),
});

/** What both the bundled and the reference portfolios are computed by. */
export const packageChecks: readonly PackageCheck[] = [
  {
    ...{ ...minVariance, method: 'minvol_sample_long', ours: 'mvo, sample covariance' },
    weights: minimumVariance('sample', 1),
  },
  {
    ...{ ...minVariance, method: 'minvol_ledoitwolf_long', ours: 'mvo, Ledoit-Wolf covariance' },
    weights: minimumVariance('ledoit-wolf', 1),
  },
  {
    ...{ ...minVariance, method: 'minvol_ledoitwolf_cap40', ours: 'mvo, Ledoit-Wolf, weights 0..0.4' },
    weights: minimumVariance('ledoit-wolf', 0.4),
  },
  {
    ...{ ...minVariance, method: 'maxsharpe_sample_rf2_long', ours: 'mvo, max-sharpe over 2%' },
    weights: (input) => allocate('mvo', input, { objective: 'max-sharpe', riskFreeRate: yearlyTwoPercent }),
    quality: sharpeOver(yearlyTwoPercent),
  },
  {
    ...{ ...minVariance, method: 'cla_minvol_long', ours: 'cla' },
    weights: (input) => allocate('cla', input),
  },
  {
    // Their golden section stops at 1e-9 of a segment, and misses the best segment of some frontiers.
    ...{ ...minVariance, tolerance: 1e-6, method: 'cla_maxsharpe_rf0_long', ours: 'cla, max-sharpe' },
    weights: (input) => allocate('cla', input, { objective: 'max-sharpe' }),
    quality: sharpeOver(0),
  },
  hrp('pyportfolioopt', 'hrp_single', 'pypfopt', 'single'),
  hrp('pyportfolioopt', 'hrp_ward', 'pypfopt', 'ward'),
  hrp('riskfolio-lib', 'hrp_single', 'riskfolio', 'single'),
  hrp('riskfolio-lib', 'hrp_ward', 'riskfolio', 'ward'),
  hrp('skfolio', 'hrp_ward_default', 'riskfolio', 'ward'),
  {
    ...{ package: 'riskfolio-lib', method: 'risk_parity_mv', ours: 'risk-parity', tolerance: 2e-5 },
    weights: (input) => allocate('risk-parity', input),
    quality: evenness,
  },
  {
    ...{ package: 'skfolio', method: 'risk_budget_variance', ours: 'risk-parity', tolerance: 1e-4 },
    weights: (input) => allocate('risk-parity', input),
    quality: evenness,
  },
];

/** Null where no portfolio earns more than the risk-free rate; theirs is then the least bad asset. */
function weightsOrRefusal(check: PackageCheck, input: AllocationInput): number[] | null {
  try {
    return check.weights(input);
  } catch (error) {
    if (error instanceof AllocationError && error.reason === 'no-positive-mean') return null;
    throw error;
  }
}

export type PackageExpectations = {
  /** Portfolios of every method, but for those named in `counts`. */
  count: number;
  counts?: Record<string, number>;
  /** Portfolios of a method, by its label, that are better here than the package's own, beyond the tolerance. */
  beaten?: Record<string, readonly string[]>;
  /** Portfolios of a method, by its label, that are refused here. */
  refused?: Record<string, readonly string[]>;
};

/** A test for each check: all portfolios of its method, to its tolerance, never worse than the package. */
export function testAgainstPackages(
  name: string,
  load: () => Peers,
  checks: readonly PackageCheck[],
  { count, counts = {}, beaten = {}, refused = {} }: PackageExpectations,
): void {
  describe(name, () => {
    test.each(checks)('$package $method: $ours, to $tolerance', (check) => {
      const peers = load();
      const portfolios = peers.portfolios.filter(
        (each) => each.method === check.method && each.package === check.package,
      );
      expect(portfolios).toHaveLength(counts[check.method] ?? count);
      const found = { beaten: [] as string[], refused: [] as string[] };
      for (const portfolio of portfolios) {
        const { expected, label, ...window } = peerCase(peers, portfolio);
        const input = { ...window, periodsPerYear: 252 };
        const weights = weightsOrRefusal(check, input);
        if (!weights) {
          found.refused.push(label);
          continue;
        }
        const better = check.quality ? check.quality(input, weights) - check.quality(input, expected) : 0;
        expect(better, label).toBeGreaterThan(-1e-8);
        if (better > 1e-8 && worstDifference(weights, expected) >= check.tolerance) found.beaten.push(label);
        else expect(worstDifference(weights, expected), label).toBeLessThan(check.tolerance);
      }
      expect(found).toEqual({ beaten: beaten[check.method] ?? [], refused: refused[check.method] ?? [] });
    });
  });
}
