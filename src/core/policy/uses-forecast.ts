import type { PortfolioPolicy } from './policy.ts';

/**
 * True when this policy's weights depend on a forecast. `mvo` and `cla` take history as their mean where there is no
 * forecaster, and need no mean at all for the least variance.
 */
export function usesForecast(policy: PortfolioPolicy): boolean {
  const { allocator, allocatorOptions, signalScale, modelExpirySessions } = policy;
  if (signalScale === 0) return false;
  if (allocator === 'signal' || allocator === 'signal-inverse-vol') return true;
  const readsMean = (allocatorOptions.objective ?? 'min-variance') !== 'min-variance';
  return (allocator === 'mvo' || allocator === 'cla') && readsMean && modelExpirySessions > 0;
}
