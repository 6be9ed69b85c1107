import { allocatorNamed } from '../allocation/allocators.ts';
import type { PortfolioPolicy } from './policy.ts';

/**
 * True when this policy's weights depend on a forecast. Allocators that read expected returns take history's where
 * there is no forecaster.
 */
export function usesForecast(policy: PortfolioPolicy): boolean {
  const { allocator, allocatorOptions, signalScale, modelExpirySessions } = policy;
  if (signalScale === 0) return false;
  const { needs } = allocatorNamed(allocator);
  return needs.forecast || (needs.mean(allocatorOptions) && modelExpirySessions > 0);
}
