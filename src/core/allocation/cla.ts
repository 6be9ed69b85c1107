import { z } from 'zod';
import { AllocationError } from '../allocation-error.ts';
import { checkFeasible } from '../optimisation/bounded-qp.ts';
import { Walk } from '../optimisation/critical-line-walk.ts';
import { type CriticalLine, greatestSharpe, leastVariance } from '../optimisation/frontier.ts';
import type { BoundVectors } from '../optimisation/weight-limits.ts';
import { type Covariance, largestVariance } from '../risk/covariance.ts';
import { defineAllocator, withinBounds } from './allocator.ts';
import { meanVariance } from './mvo.ts';

const ridgeRatio = 1e-9;

/**
 * The Critical Line Algorithm (Markowitz 1956; Bailey and Lopez de Prado 2013): every turning point from the greatest
 * mean down to the least variance, for weights within bounds (default 0..1) that sum to 1; nothing where an all but singular
 * covariance led the walk astray. Raises `infeasible`.
 */
export function criticalLine(
  covariance: Covariance,
  mean: readonly number[],
  bounds?: BoundVectors,
): CriticalLine | undefined {
  const size = covariance.size;
  const lower = bounds ? Float64Array.from(bounds.lower) : new Float64Array(size);
  const upper = bounds ? Float64Array.from(bounds.upper) : new Float64Array(size).fill(1);
  checkFeasible({ size, lower, upper, budget: 1 });
  const means = Float64Array.from(mean);
  const walk = (matrix: Covariance) => new Walk(matrix, means, lower, upper).run();
  const turningPoints = walk(covariance) ?? walk(ridged(covariance));
  return turningPoints && { turningPoints, largestVariance: largestVariance(covariance) };
}

/** A covariance that is all but singular may lead the walk astray: a little more variance each makes it regular. */
function ridged({ size, values }: Covariance): Covariance {
  const out = values.slice();
  for (let i = 0; i < size; i += 1) out[i * size + i]! *= 1 + ridgeRatio;
  return { size, values: out };
}

const objectives = ['min-variance', 'max-sharpe'] as const;

export const criticalLineAllocator = defineAllocator({
  name: 'cla',
  title: 'the critical line algorithm',
  options: z.object({
    objective: z.enum(objectives).default('min-variance').describe('of cla'),
    riskFreeRate: z
      .number()
      .optional()
      .describe('of cla, max-sharpe: per session; in a portfolio its riskFreeRatePerYear, else 0'),
  }),
  needs: {
    mean: ({ objective = 'min-variance' }) => objective !== 'min-variance',
    forecast: false,
    shorts: false,
  },
  weights({ moments, bounds }, { objective = 'min-variance', riskFreeRate }) {
    if (!objectives.includes(objective))
      throw new AllocationError(
        'bad-input',
        `cla has the objectives ${objectives.join(' and ')}, got ${objective}; mvo also has utility.`,
      );
    const { covariance } = moments;
    // The frontier of equal means is its end, the least variance: no mean is read for it.
    const mean =
      objective === 'max-sharpe' ? Array.from(moments.mean) : new Array<number>(covariance.size).fill(0);
    const line = criticalLine(covariance, mean, bounds);
    // The walk is checked at every turn; where it had to give up, the quadratic programme has the same answer.
    if (!line) {
      const { weights } = meanVariance({ objective, covariance, mean, riskFreeRate, bounds });
      return withinBounds(weights, bounds);
    }
    const weights = objective === 'max-sharpe' ? greatestSharpe(line, riskFreeRate) : leastVariance(line);
    return withinBounds(weights, bounds);
  },
});
