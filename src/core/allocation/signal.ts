import { z } from 'zod';
import { defineAllocator } from './allocator.ts';
import { equalWeights } from './equal.ts';
import { normalise } from './normalise.ts';

/**
 * scale x max(signal, 0) / sum + (1 - scale) x equal weights; all equal when no signal is positive.
 * `signal` holds forecast means, `scale` is in 0..1.
 */
function signalWeights(signal: readonly number[], scale: number): number[] {
  const base = equalWeights(signal.length);
  return blend(normalise(signal.map((value) => Math.max(value, 0))) ?? base, base, scale);
}

/** scale x weights + (1 - scale) x base. */
export function blend(weights: readonly number[], base: readonly number[], scale: number): number[] {
  return weights.map((weight, i) => scale * weight + (1 - scale) * base[i]!);
}

export const signal = defineAllocator({
  name: 'signal',
  title: 'the signal',
  options: z.object({}),
  needs: { mean: () => false, forecast: true, shorts: false },
  weights: (input) => signalWeights(input.signal!, input.signalScale),
});
