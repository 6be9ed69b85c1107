import type { Covariance } from '../allocation/risk.ts';
import type { Constrained } from './constraints.ts';
import type { PortfolioPolicy } from './policy.ts';
import type { Universe } from './universe.ts';

const sessionsPerYear = 252;
/** Halvings of the exposure's interval: finer than weights are stored. */
const halvings = 40;

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
  // Mostly volatility is in proportion to exposure, and the first guess is the answer.
  let high = (most * target) / reached;
  const guess = at(high);
  if (volatility(guess) <= target * (1 + 1e-12)) return { made: guess, exposure: high };
  let low = 0;
  let calm = at(low);
  for (let step = 0; step < halvings; step += 1) {
    const middle = (low + high) / 2;
    const made = at(middle);
    if (volatility(made) <= target) {
      low = middle;
      calm = made;
    } else high = middle;
  }
  return { made: calm, exposure: low };
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
