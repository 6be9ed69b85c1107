import { AllocationError } from '../allocation-error.ts';

/**
 * Covariance of simple returns per session (not annualised), row-major size x size. `correlation` is there only
 * where it is not the scaled covariance (pairwise estimates over gaps).
 */
export type Covariance = { size: number; values: Float64Array; correlation?: Float64Array };

/** A variance this small beside the largest is rounding, not risk: a volatility ratio of 1e-8. */
const flatVarianceRatio = 1e-16;

/** Correlation matrix of a covariance (a fresh array); an asset without variance is uncorrelated with the others. */
export function correlations(covariance: Covariance): Float64Array {
  const { size, values } = covariance;
  if (covariance.correlation) return covariance.correlation.slice();
  const inverse = inverseVolatilities(covariance);
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    const row = i * size;
    for (let j = 0; j < size; j += 1)
      out[row + j] = Math.max(-1, Math.min(1, values[row + j]! * inverse[i]! * inverse[j]!));
    out[row + i] = 1;
  }
  return out;
}

export function largestVariance({ size, values }: Covariance): number {
  let largest = 0;
  for (let i = 0; i < size; i += 1) largest = Math.max(largest, values[i * size + i]!);
  return largest;
}

/** 1 / sigma of each asset, and 0 for one whose variance is nil beside the largest (a flat price). */
export function inverseVolatilities(covariance: Covariance): Float64Array {
  const { size, values } = covariance;
  const largest = largestVariance(covariance);
  const out = new Float64Array(size);
  for (let i = 0; i < size; i += 1) {
    const variance = values[i * size + i]!;
    out[i] = variance > largest * flatVarianceRatio ? 1 / Math.sqrt(variance) : 0;
  }
  return out;
}

/** The assets with any variance, of which risk can weigh; `inverse` is 1 / sigma of every asset. Raises `all-flat`. */
export function assetsAtRisk(inverse: Float64Array): Int32Array {
  const live = Int32Array.from(inverse.keys()).filter((i) => inverse[i]! > 0);
  if (live.length > 0) return live;
  throw new AllocationError('all-flat', 'No asset has any variance, so risk parity has nothing to weigh by.');
}
