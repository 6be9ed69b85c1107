import { z } from 'zod';
import { AllocationError } from '../allocation-error.ts';
import { type Covariance, inverseVolatilities } from '../risk/covariance.ts';
import { defineAllocator, needsRiskOnly } from './allocator.ts';
import { normalise } from './normalise.ts';

/** Weights in proportion to 1 / sigma; a flat asset, whose risk is unknown, gets 0. Raises `all-flat`. */
export function inverseVolatilityWeights(covariance: Covariance): number[] {
  const weights = normalise(inverseVolatilities(covariance));
  if (weights) return weights;
  throw new AllocationError(
    'all-flat',
    'No asset has any variance, so inverse volatility has nothing to weigh by.',
  );
}

export const inverseVolatility = defineAllocator({
  name: 'inverse-vol',
  title: 'inverse volatility',
  options: z.object({}),
  needs: needsRiskOnly,
  weights: ({ moments }) => inverseVolatilityWeights(moments.covariance),
});
