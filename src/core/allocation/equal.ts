import { z } from 'zod';
import { defineAllocator, needsRiskOnly } from './allocator.ts';

/** 1 / N of each of `size` assets. */
export function equalWeights(size: number): number[] {
  return new Array<number>(size).fill(1 / size);
}

export const equal = defineAllocator({
  name: 'equal',
  title: 'equal weights',
  options: z.object({}),
  needs: needsRiskOnly,
  weights: ({ moments }) => equalWeights(moments.covariance.size),
});
