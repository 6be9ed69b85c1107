import { AllocationError } from '../allocation-error.ts';
import type { Covariance } from './covariance.ts';
import type { ReturnsMatrix } from './returns.ts';

/**
 * Sample covariance (divisor n - 1) and correlation of every pair over the sessions both assets have, as pandas
 * computes them. The result need not be positive semi-definite. Raises `too-few-sessions` for a pair without two
 * sessions in common.
 */
export function pairwiseCovariance(returns: ReturnsMatrix): Covariance {
  const size = returns.columns;
  const values = new Float64Array(size * size);
  const correlation = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      const pair = pairMoments(returns, i, j);
      const spread = Math.sqrt(pair.varianceI * pair.varianceJ);
      const rho = i === j ? 1 : spread > 0 ? Math.max(-1, Math.min(1, pair.covariance / spread)) : 0;
      values[i * size + j] = values[j * size + i] = pair.covariance;
      correlation[i * size + j] = correlation[j * size + i] = rho;
    }
  }
  return { size, values, correlation };
}

type PairMoments = { covariance: number; varianceI: number; varianceJ: number };

function pairMoments(returns: ReturnsMatrix, i: number, j: number): PairMoments {
  const { rows, columns, values } = returns;
  let count = 0;
  let meanI = 0;
  let meanJ = 0;
  let products = 0;
  let squaresI = 0;
  let squaresJ = 0;
  for (let t = 0; t < rows; t += 1) {
    const x = values[t * columns + i]!;
    const y = values[t * columns + j]!;
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    count += 1;
    const fromOldI = x - meanI;
    const fromOldJ = y - meanJ;
    meanI += fromOldI / count;
    meanJ += fromOldJ / count;
    squaresI += fromOldI * (x - meanI);
    squaresJ += fromOldJ * (y - meanJ);
    products += fromOldI * (y - meanJ);
  }
  if (count < 2)
    throw new AllocationError(
      'too-few-sessions',
      `Assets ${i} and ${j} share ${count} sessions, a covariance needs at least 2.`,
    );
  const divisor = count - 1;
  return { covariance: products / divisor, varianceI: squaresI / divisor, varianceJ: squaresJ / divisor };
}
