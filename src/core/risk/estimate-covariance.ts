import { AllocationError } from '../allocation-error.ts';
import { gram } from '../numeric/gram.ts';
import type { Covariance } from './covariance.ts';
import { pairwiseCovariance } from './pairwise-covariance.ts';
import { checkReturns, meanReturns, type ReturnsMatrix } from './returns.ts';

export const covarianceNames = ['sample', 'ewma', 'ledoit-wolf'] as const;
export type CovarianceName = (typeof covarianceNames)[number];

export type CovarianceOptions = {
  /** RiskMetrics' lambda of `ewma`, in (0, 1); default 0.94. */
  ewmaDecay?: number | undefined;
  /** Gaps (NaN) in the returns: `refuse` (default), or `pairwise` complete sessions as pandas does, `sample` only. */
  gaps?: 'refuse' | 'pairwise' | undefined;
};

/** What an estimate also tells about itself. */
export type CovarianceEstimate = Covariance & { shrinkage?: number };

/**
 * Estimates a covariance from simple returns (rows >= 2).
 * `sample` divides by rows - 1; `ewma` is RiskMetrics (zero mean, started from the first session);
 * `ledoit-wolf` shrinks the sample (divisor rows) towards its mean variance times the identity (Ledoit and Wolf,
 * 2004, as scikit-learn has it).
 * Raises `not-finite`, `too-few-sessions` or `bad-input`.
 */
export function estimateCovariance(
  name: CovarianceName,
  returns: ReturnsMatrix,
  options: CovarianceOptions = {},
): CovarianceEstimate {
  if (returns.rows < 2)
    throw new AllocationError(
      'too-few-sessions',
      `A covariance needs at least 2 sessions, got ${returns.rows}.`,
    );
  if (name === 'sample' && options.gaps === 'pairwise') return pairwiseCovariance(returns);
  checkReturns(returns);
  if (name === 'sample') return sampleCovariance(returns);
  if (name === 'ewma') return ewmaCovariance(returns, options.ewmaDecay ?? 0.94);
  return ledoitWolfCovariance(returns);
}

function sampleCovariance(returns: ReturnsMatrix): Covariance {
  const values = gram(returns.rows, returns.columns, centred(returns));
  scale(values, 1 / (returns.rows - 1));
  return { size: returns.columns, values };
}

/** Recursion S = decay S + (1 - decay) r r', written as one weighted sum so that it runs at the speed of a product. */
function ewmaCovariance(returns: ReturnsMatrix, decay: number): Covariance {
  if (!(decay > 0 && decay < 1))
    throw new AllocationError(
      'bad-input',
      `ewmaDecay is ${decay}, expected a number between 0 and 1 (0.94 is usual).`,
    );
  const { rows, columns, values } = returns;
  const weighted = new Float64Array(values.length);
  for (let t = 0; t < rows; t += 1) {
    const weight = Math.sqrt(decay ** (rows - 1 - t) * (t === 0 ? 1 : 1 - decay));
    for (let k = t * columns; k < (t + 1) * columns; k += 1) weighted[k] = weight * values[k]!;
  }
  return { size: columns, values: gram(rows, columns, weighted) };
}

function ledoitWolfCovariance(returns: ReturnsMatrix): CovarianceEstimate {
  const { rows, columns: size } = returns;
  const deviations = centred(returns);
  const values = gram(rows, size, deviations);
  scale(values, 1 / rows);
  let trace = 0;
  for (let i = 0; i < size; i += 1) trace += values[i * size + i]!;
  const target = trace / size;
  let squares = 0; // squared Frobenius norm of the sample
  for (let k = 0; k < values.length; k += 1) squares += values[k]! * values[k]!;
  let fourth = 0; // sum over sessions of the squared length of the session's vector, squared
  for (let t = 0; t < rows; t += 1) {
    let length = 0;
    for (let k = t * size; k < (t + 1) * size; k += 1) length += deviations[k]! * deviations[k]!;
    fourth += length * length;
  }
  const dispersion = squares - size * target * target;
  const noise = Math.min((fourth / rows - squares) / rows, dispersion);
  const shrinkage = dispersion > 0 && noise > 0 ? noise / dispersion : 0;
  scale(values, 1 - shrinkage);
  for (let i = 0; i < size; i += 1) values[i * size + i]! += shrinkage * target;
  return { size, values, shrinkage };
}

function centred(returns: ReturnsMatrix): Float64Array {
  const { rows, columns, values } = returns;
  const mean = meanReturns(returns);
  const out = new Float64Array(values.length);
  for (let t = 0; t < rows; t += 1) {
    const row = t * columns;
    for (let i = 0; i < columns; i += 1) out[row + i] = values[row + i]! - mean[i]!;
  }
  return out;
}

function scale(values: Float64Array, factor: number): void {
  for (let k = 0; k < values.length; k += 1) values[k]! *= factor;
}
