import type { Covariance } from '../risk/covariance.ts';
import type { Constrained } from './constraints.ts';
import type { PortfolioPolicy } from './policy.ts';
import type { Universe } from './universe.ts';

const sessionsPerYear = 252;
/** How near, as a ratio, the volatility comes to its target. */
const tolerance = 1e-10;
const stepsMax = 60;

/**
 * The targets `at` the greatest exposure, up to `most`, whose ex-ante volatility a year is within the policy's target.
 * What is measured are the targets after all other limits, for bounds, a turnover cap or a no-trade band may leave
 * them more volatile than the proposal. Like a drawdown limit it wins over the turnover cap. Without a covariance
 * nothing can be measured, and `most` stands.
 */
export function calmed(
  policy: PortfolioPolicy,
  universe: Universe,
  covariance: Covariance | null,
  most: number,
  at: (exposure: number) => Constrained,
): { made: Constrained; exposure: number } {
  const target = policy.volatilityTarget;
  const all = at(most);
  if (target === null || covariance === null) return { made: all, exposure: most };
  const volatility = (made: Constrained) => yearlyVolatility(universe, covariance, made.targets);
  const reached = volatility(all);
  if (reached <= target) return { made: all, exposure: most };
  return greatestCalm({ exposure: most, excess: reached - target }, target, at, volatility);
}

/**
 * Closes in on the exposure where volatility meets the target, from the calm side, by false position (Illinois). Mostly
 * volatility is in proportion to exposure, and the first guess is the answer.
 */
function greatestCalm(
  wild: { exposure: number; excess: number },
  target: number,
  at: (exposure: number) => Constrained,
  volatility: (made: Constrained) => number,
): { made: Constrained; exposure: number } {
  let calm = { exposure: 0, excess: -target, made: at(0) };
  let high = wild;
  let kept = 0;
  for (let step = 0; step < stepsMax && calm.excess < -tolerance * target; step += 1) {
    const share = calm.excess / (calm.excess - high.excess);
    const exposure = calm.exposure + share * (high.exposure - calm.exposure);
    const made = at(exposure);
    const excess = volatility(made) - target;
    if (excess <= tolerance * target) {
      calm = { exposure, excess, made };
      if (kept === 1) high = { ...high, excess: high.excess / 2 };
      kept = 1;
    } else {
      high = { exposure, excess };
      if (kept === -1) calm = { ...calm, excess: calm.excess / 2 };
      kept = -1;
    }
  }
  return calm;
}

function yearlyVolatility(
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
  if (!Number.isFinite(variance)) throw new Error(`the ex-ante variance is ${variance}; expected a number`);
  return Math.sqrt(Math.max(0, variance) * sessionsPerYear);
}
