import { z } from 'zod';
import { type Covariance, inverseVolatilities } from '../risk/covariance.ts';
import { defineAllocator } from './allocator.ts';
import { inverseVolatilityWeights } from './inverse-vol.ts';
import { normalise } from './normalise.ts';
import { blend } from './signal.ts';

/**
 * scale x max(signal, 0) / sigma, normalised, + (1 - scale) x inverse-volatility weights, which also stand in when no
 * signal is positive. A flat asset gets 0. Raises `all-flat`.
 */
function signalInverseVolatilityWeights(
  signal: readonly number[],
  covariance: Covariance,
  scale: number,
): number[] {
  const base = inverseVolatilityWeights(covariance);
  const share = normalise(signal.map((value) => Math.max(value, 0)));
  if (!share) return base;
  const inverse = inverseVolatilities(covariance);
  return blend(normalise(share.map((value, i) => value * inverse[i]!)) ?? base, base, scale);
}

export const signalInverseVolatility = defineAllocator({
  name: 'signal-inverse-vol',
  title: 'the signal over volatility',
  options: z.object({}),
  needs: { mean: () => false, forecast: true, shorts: false },
  weights: ({ moments, signal, signalScale }) =>
    signalInverseVolatilityWeights(signal!, moments.covariance, signalScale),
});
