import { falsePosition } from '../numeric/root.ts';
import type { Covariance } from '../risk/covariance.ts';
import { UnusableDataError } from '../unusable-data-error.ts';
import type { Constrained } from './constraints.ts';
import type { PortfolioPolicy } from './policy.ts';
import type { Universe } from './universe.ts';

/** How near, as a ratio, the volatility comes to its target. */
const tolerance = 1e-10;
const stepsMax = 60;

/** Targets and the exposure they were constrained at. */
export type ScaledTargets = { targets: Constrained; exposure: number };

/**
 * The targets `constrainedAt` the greatest exposure, up to `exposureMax`, whose ex-ante annualised volatility is within
 * the policy's target. What is measured are the targets after all other limits, for bounds, a turnover cap or a no-trade
 * band may leave them more volatile than the proposal. Like a drawdown limit it wins over the turnover cap. Without a
 * covariance nothing can be measured, and `exposureMax` stands. Mostly volatility is in proportion to exposure, and the
 * first guess is the answer.
 */
export function scaleToVolatilityTarget(
  policy: PortfolioPolicy,
  universe: Universe,
  covariance: Covariance | null,
  exposureMax: number,
  constrainedAt: (exposure: number) => Constrained,
): ScaledTargets {
  const target = policy.volatilityTarget;
  const full = constrainedAt(exposureMax);
  if (target === null || covariance === null) return { targets: full, exposure: exposureMax };
  const excessOf = ({ targets }: Constrained) =>
    annualisedVolatility(policy, universe, covariance, targets) - target;
  const evaluate = (exposure: number) => {
    const detail = constrainedAt(exposure);
    return { at: exposure, value: excessOf(detail), detail };
  };
  const upper = { at: exposureMax, value: excessOf(full), detail: full };
  if (upper.value <= 0) return { targets: full, exposure: exposureMax };
  const lower = { at: 0, value: -target, detail: constrainedAt(0) };
  const { root, low } = falsePosition({
    evaluate,
    low: lower,
    high: upper,
    isRoot: ({ value }) => Math.abs(value) <= tolerance * target,
    stepsMax,
  });
  const found = root ?? low;
  return { targets: found.detail, exposure: found.at };
}

function annualisedVolatility(
  { sessionsPerYear }: PortfolioPolicy,
  { members }: Universe,
  { size, values }: Covariance,
  weights: readonly number[],
): number {
  let variance = 0;
  members.forEach((i, a) => {
    if (weights[i] === 0) return;
    members.forEach((j, b) => {
      variance += weights[i]! * weights[j]! * values[a * size + b]!;
    });
  });
  if (!Number.isFinite(variance))
    throw new UnusableDataError(`the ex-ante variance is ${variance}; expected a number`);
  return Math.sqrt(Math.max(0, variance) * sessionsPerYear);
}
