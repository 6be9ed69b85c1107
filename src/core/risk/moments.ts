import { AllocationError } from '../allocation-error.ts';
import type { Covariance } from './covariance.ts';
import { compoundedMeanReturns, type ReturnsMatrix } from './returns.ts';

/** What an optimiser knows of the assets' simple returns per session, all in one order of assets. */
export type Moments = {
  /** expected returns; estimated when first read, so that who weighs risk alone cannot fail for want of a mean */
  readonly mean: Float64Array;
  covariance: Covariance;
  returns: ReturnsMatrix;
  /** what the mean is: history's, the forecast's, or some of each */
  from: 'history' | 'forecast' | 'blend';
};

export type Estimates = {
  /** of the sessions that all assets have */
  returns: ReturnsMatrix;
  /** the same where assets begin at different sessions, NaN before: each one's mean is of its own; default `returns` */
  history?: ReturnsMatrix | undefined;
  covariance: Covariance;
  /** how many of the returns make a year; needed where history, compounded as PyPortfolioOpt does, is in the mean */
  periodsPerYear?: number | undefined;
  /** forecast mean return per session, one per asset; simple where it is weighed with history */
  signal?: readonly number[] | undefined;
  /** how far the signal is trusted, 0..1; default 1 */
  signalScale?: number | undefined;
  /** expected return per session of the caller's own; default history, blended with the signal */
  mean?: readonly number[] | undefined;
};

/**
 * The moments of some estimates; its mean is scale x signal + (1 - scale) x history.
 * Reading `mean` raises `not-finite` where an asset has no history that is needed.
 */
export function momentsOf(estimates: Estimates): Moments {
  const { returns, covariance, signal, signalScale = 1, mean } = estimates;
  const isForecast = mean !== undefined || (signal !== undefined && signalScale === 1);
  let known: Float64Array | undefined;
  return {
    get mean() {
      known ??= expectedReturns(estimates);
      return known;
    },
    covariance,
    returns,
    from: isForecast ? 'forecast' : signal && signalScale > 0 ? 'blend' : 'history',
  };
}

function expectedReturns({
  mean,
  signal,
  signalScale = 1,
  returns,
  history: own = returns,
  periodsPerYear,
}: Estimates): Float64Array {
  if (mean) return Float64Array.from(mean);
  if (signal && signalScale === 1) return Float64Array.from(signal);
  const history = compoundedMeanReturns(own, known(periodsPerYear));
  const bad = history.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new AllocationError(
      'not-finite',
      `The historical mean of asset ${bad} is ${history[bad]}, expected a finite number.`,
    );
  if (!signal) return history;
  return history.map((value, i) => signalScale * signal[i]! + (1 - signalScale) * value);
}

function known(periodsPerYear: number | undefined): number {
  if (periodsPerYear !== undefined && periodsPerYear > 0) return periodsPerYear;
  throw new AllocationError(
    'bad-input',
    `History as the mean compounds over a year: periodsPerYear is ${periodsPerYear}, expected a number above 0.`,
  );
}
