import { AllocationError } from '../allocation-error.ts';
import type { LinkageName } from '../clustering/linkage.ts';
import { greatestSharpe, leastVariance } from '../optimisation/frontier.ts';
import type { BoundVectors } from '../optimisation/weight-limits.ts';
import type { Covariance } from '../risk/covariance.ts';
import { compoundedMeanReturns, meanReturns, type ReturnsMatrix } from '../risk/returns.ts';
import { criticalLine } from './cla.ts';
import { equalWeights } from './equal.ts';
import { hierarchicalEqualRisk, type RiskMeasure } from './herc.ts';
import { type HrpVariant, hierarchicalRiskParity } from './hrp.ts';
import { inverseVolatilityWeights } from './inverse-vol.ts';
import { type MvoObjective, meanVariance } from './mvo.ts';
import { riskParityWeights } from './risk-parity.ts';
import { blend, signalWeights } from './signal.ts';
import { signalInverseVolatilityWeights } from './signal-inverse-vol.ts';

export { AllocationError, type AllocationFailure } from '../allocation-error.ts';
export type { Covariance } from '../risk/covariance.ts';
export type { CovarianceName } from '../risk/estimate-covariance.ts';
export type { ReturnsMatrix } from '../risk/returns.ts';

export type AllocatorName =
  | 'equal'
  | 'inverse-vol'
  | 'signal'
  | 'signal-inverse-vol'
  | 'mvo'
  | 'cla'
  | 'hrp'
  | 'herc'
  | 'risk-parity';

export const allocatorNames: readonly AllocatorName[] = [
  'equal',
  'inverse-vol',
  'signal',
  'signal-inverse-vol',
  'mvo',
  'cla',
  'hrp',
  'herc',
  'risk-parity',
];

/** Everything is in one order of assets; covariance, signal and mean are per session. */
export type AllocationInput = {
  returns: ReturnsMatrix;
  covariance: Covariance;
  /** Forecast mean return per session, one per asset. */
  signal?: readonly number[] | undefined;
  /** How far the signal is trusted, 0..1; default 1. */
  signalScale?: number | undefined;
  /** Expected return per session for `mvo` and `cla`; default the history of `returns`, blended with the signal. */
  mean?: readonly number[] | undefined;
  /** Read by `mvo` and `cla`; default 0..1. */
  bounds?: BoundVectors | undefined;
};

export type AllocationOptions = {
  /** `mvo` and `cla` (which has no utility); default min-variance. */
  objective?: MvoObjective | undefined;
  /** History as mean: `compounded` growth (default, as PyPortfolioOpt) or the `arithmetic` mean. */
  historicalMean?: 'compounded' | 'arithmetic' | undefined;
  /** `hrp`; default `pypfopt`. */
  variant?: HrpVariant | undefined;
  /** `hrp` (default single) and `herc` (default ward). */
  linkage?: LinkageName | undefined;
  /** `herc`; default variance. */
  riskMeasure?: RiskMeasure | undefined;
  /** `herc`; default by the gap statistic. */
  clusterCount?: number | undefined;
  /** `mvo` utility: mean - riskAversion / 2 x variance; default 1. */
  riskAversion?: number | undefined;
  /** Per session; `max-sharpe` only; default 0. */
  riskFreeRate?: number | undefined;
};

/**
 * Weights of one allocator: one per asset, finite, summing to 1.
 * Raises `AllocationError`, whose reason says why there are none.
 */
export function allocate(
  name: AllocatorName,
  input: AllocationInput,
  options: AllocationOptions = {},
): number[] {
  checkInput(input);
  const weights = weigh(name, input, options);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (!(Math.abs(sum - 1) < 1e-9))
    throw new AllocationError('not-finite', `${name} gave weights that sum to ${sum}, expected 1.`);
  return weights;
}

function weigh(name: AllocatorName, input: AllocationInput, options: AllocationOptions): number[] {
  switch (name) {
    case 'equal':
      return equalWeights(input.covariance.size);
    case 'inverse-vol':
      return inverseVolatilityWeights(input.covariance);
    case 'signal':
      return signalWeights(signalOf(name, input), input.signalScale ?? 1);
    case 'signal-inverse-vol':
      return signalInverseVolatilityWeights(signalOf(name, input), input.covariance, input.signalScale ?? 1);
    case 'hrp':
      return hierarchicalRiskParity(input.covariance, options);
    case 'herc':
      return hierarchicalEqualRisk(input.covariance, input.returns, options);
    case 'risk-parity':
      return riskParityWeights(input.covariance);
    case 'mvo':
      return withinBounds(byMeanVariance(input, options), input.bounds);
    case 'cla':
      return withinBounds(byCriticalLine(input, options), input.bounds);
    default:
      throw new AllocationError(
        'bad-input',
        `Allocator ${name} is unknown, expected one of ${allocatorNames.join(', ')}.`,
      );
  }
}

/** An optimum may be a rounding outside its bounds; what is stored and checked is not. */
function withinBounds(weights: readonly number[], bounds: BoundVectors | undefined): number[] {
  return weights.map((weight, i) => Math.min(bounds?.upper[i] ?? 1, Math.max(bounds?.lower[i] ?? 0, weight)));
}

function byMeanVariance(input: AllocationInput, options: AllocationOptions): number[] {
  return meanVariance({
    ...options,
    objective: options.objective ?? 'min-variance',
    covariance: input.covariance,
    mean: expectedReturns(input, options),
    bounds: input.bounds,
  }).weights;
}

function byCriticalLine(input: AllocationInput, options: AllocationOptions): number[] {
  const { objective = 'min-variance', riskFreeRate } = options;
  if (objective === 'utility')
    throw new AllocationError(
      'bad-input',
      'cla has the objectives min-variance and max-sharpe; mvo also has utility.',
    );
  const line = criticalLine(input.covariance, expectedReturns(input, options), input.bounds);
  return objective === 'max-sharpe' ? greatestSharpe(line, riskFreeRate) : leastVariance(line);
}

/** Means given, else history with as much of the signal as its scale says; per session, one per asset. */
export function expectedReturns(
  input: Pick<AllocationInput, 'mean' | 'signal' | 'signalScale' | 'returns'>,
  { historicalMean }: AllocationOptions,
): readonly number[] {
  if (input.mean) return input.mean;
  const { signal, signalScale = 1, returns } = input;
  if (signal && signalScale === 1) return signal;
  const history = Array.from(
    historicalMean === 'arithmetic' ? meanReturns(returns) : compoundedMeanReturns(returns),
  );
  checkVector('historical mean', history, returns.columns);
  return signal ? blend(signal, history, signalScale) : history;
}

function signalOf(name: string, input: AllocationInput): readonly number[] {
  if (input.signal) return input.signal;
  throw new AllocationError(
    'bad-input',
    `${name} needs a signal, one forecast mean per asset; none was given.`,
  );
}

function checkInput(input: AllocationInput): void {
  const { size, values } = input.covariance;
  if (size < 1 || values.length !== size * size)
    throw new AllocationError(
      'bad-input',
      `A covariance of ${size} assets needs ${size * size} values, got ${values.length}.`,
    );
  if (input.returns.columns !== size)
    throw new AllocationError(
      'bad-input',
      `The returns have ${input.returns.columns} assets and the covariance ${size}; they must be the same assets.`,
    );
  for (let k = 0; k < values.length; k += 1) {
    if (!Number.isFinite(values[k]!))
      throw new AllocationError(
        'not-finite',
        `The covariance of assets ${Math.floor(k / size)} and ${k % size} is ${values[k]}, expected a finite number.`,
      );
  }
  checkVector('signal', input.signal, size);
  checkVector('mean', input.mean, size);
  checkVector('lower bound', input.bounds?.lower, size);
  checkVector('upper bound', input.bounds?.upper, size);
  const scale = input.signalScale ?? 1;
  if (!(scale >= 0 && scale <= 1))
    throw new AllocationError('bad-input', `signalScale is ${scale}, expected a number from 0 to 1.`);
}

function checkVector(what: string, vector: readonly number[] | undefined, size: number): void {
  if (!vector) return;
  if (vector.length !== size)
    throw new AllocationError('bad-input', `The ${what} has ${vector.length} entries, expected ${size}.`);
  vector.forEach((value, i) => {
    if (!Number.isFinite(value))
      throw new AllocationError(
        'not-finite',
        `The ${what} of asset ${i} is ${value}, expected a finite number.`,
      );
  });
}
