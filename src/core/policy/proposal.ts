import type { Optimum, TradedLimits } from '../allocation/allocator.ts';
import { AllocationError } from '../allocation-error.ts';
import type { Multipliers } from '../optimisation/constrained-qp.ts';
import { costTerms } from '../portfolio/costs.ts';
import type { Holdings } from '../portfolio/holdings.ts';
import { asWeightLimits, limitsOf } from './limits.ts';
import type { PortfolioPolicy } from './policy.ts';
import { scatter, type Universe } from './universe.ts';

/** Whom a proposal is for: optimisers that weigh trading need to know what is held and how much may be. */
export type AllocationContext = { holdings: Holdings; exposure: number; isFirstInvestment: boolean };

/**
 * Weights that sum to 1, and why an optimiser had to leave the turnover cap out, or to take the least variance instead of
 * the greatest Sharpe ratio; null where it did not.
 */
export type Proposal = {
  weights: number[];
  multipliers: Multipliers | null;
  uncapped: string | null;
  leastVariance: string | null;
};

/**
 * An optimiser's weights with the whole policy in its problem: bounds, groups, gross limit, the turnover cap, and the
 * costs that will be charged. Where nothing is to be had within the cap (limits force more, or no portfolio it lets through
 * earns anything), the cap is left to `constrain`, which goes as far towards the best as it may, and the reason is kept.
 */
export function optimisedProposal(
  policy: PortfolioPolicy,
  universe: Universe,
  { holdings, exposure, isFirstInvestment }: AllocationContext,
  optimise: (limits: TradedLimits) => Optimum,
): Proposal {
  const { members } = universe;
  const limits = limitsOf(policy, universe.bounds, exposure > 0 ? exposure : 1);
  const position = new Map(members.map((i, k) => [i, k]));
  const own = {
    ...limits,
    bounds: members.map((i) => limits.bounds[i]!),
    groups: limits.groups.map((group) => ({
      ...group,
      members: group.members.flatMap((i) => position.get(i) ?? []),
    })),
  };
  const terms = members.map((i) => costTerms(policy.costs, policy.symbols[i]!));
  // What leaves is sold whole; the cash proxy takes what the budget leaves, whatever the weights.
  const proxyTarget = 1 - policy.cashRatio - limits.budget;
  const traded = (i: number) => Math.abs(holdings.weights[i]! - (i === universe.cashProxy ? proxyTarget : 0));
  const elsewhere = holdings.weights.reduce((s, _, i) => (position.has(i) ? s : s + traded(i)), 0) / 2;
  const cap =
    isFirstInvestment || policy.turnoverOneWayMax === null ? null : policy.turnoverOneWayMax - elsewhere;
  const solve = (turnoverMax: number | undefined) =>
    optimise({
      ...asWeightLimits(own),
      // Decisions are monthly, so what trading costs is paid once for a month of the portfolio's calendar.
      horizonSessions: policy.sessionsPerYear / 12,
      trading: {
        current: members.map((i) => holdings.weights[i]!),
        costBps: terms.map(({ costBps }) => costBps),
        impactBps: terms.map(({ impactBps }) => impactBps),
        ...(turnoverMax === undefined ? {} : { turnoverMax }),
      },
    });
  const { solution, uncapped } = withinCap(cap, solve);
  const weights = solution.weights.map((weight) => weight / limits.budget);
  return {
    uncapped,
    leastVariance: null,
    weights: scatter(universe, policy.symbols.length, weights),
    multipliers: {
      ...solution.multipliers,
      lower: Float64Array.from(scatter(universe, policy.symbols.length, solution.multipliers.lower)),
      upper: Float64Array.from(scatter(universe, policy.symbols.length, solution.multipliers.upper)),
    },
  };
}

/** The capped solution, or where there is none the free one and why. */
function withinCap<Solution>(
  cap: number | null,
  solve: (turnoverMax: number | undefined) => Solution,
): { solution: Solution; uncapped: string | null } {
  if (cap === null) return { solution: solve(undefined), uncapped: null };
  if (!(cap > 0))
    return {
      solution: solve(undefined),
      uncapped: 'what the optimiser has no say in takes the whole turnover cap',
    };
  try {
    return { solution: solve(cap), uncapped: null };
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    return { solution: solve(undefined), uncapped: error.message };
  }
}
