import { AllocationError } from '../allocation-error.ts';
import type { Multipliers } from '../optimisation/constrained-qp.ts';
import { nearestWeights } from '../optimisation/nearest.ts';
import type { WeightLimits } from '../optimisation/weight-limits.ts';
import { type Holdings, invested } from '../portfolio/holdings.ts';
import type { Bounds, PortfolioPolicy } from './policy.ts';

/** No weights satisfy the limits; the decision steps down a fallback level. */
export class InfeasibleError extends Error {
  override name = 'InfeasibleError';
}

/** What the weights of all symbols must obey, in ratios of net asset value and the policy's order. */
export type PolicyLimits = {
  bounds: Bounds[];
  groups: { name: string; members: number[]; lower: number; upper: number }[];
  grossExposureMax: number | null;
  /** sum of the weights: what may be invested */
  budget: number;
};

/** Weights inside the limits and, where an optimiser found them, the multipliers of those they lie against. */
export type ProjectedWeights = { weights: number[]; multipliers: Multipliers | null };

const tolerance = 1e-12;
/** An optimiser's weights are inside their limits to about this much. */
const optimiserTolerance = 1e-10;

/**
 * A policy's limits where only `exposure` of it is allowed: least holdings shrink with it, and nothing exceeds the
 * budget. `bounds` are those of the symbols whose data may be used.
 */
export function limitsOf(policy: PortfolioPolicy, bounds: readonly Bounds[], exposure: number): PolicyLimits {
  const budget = (1 - policy.cashRatio) * exposure;
  const longOnly = bounds.every(({ lower }) => lower >= 0);
  return {
    budget,
    bounds: bounds.map(({ lower, upper }) => ({
      lower: lower * exposure,
      upper: longOnly ? Math.min(upper, budget) : upper * exposure,
    })),
    groups: policy.groups.map(({ name, symbols, lower, upper }) => ({
      name,
      members: symbols.map((symbol) => policy.symbols.indexOf(symbol)),
      lower: lower * exposure,
      upper: upper < 0 ? upper * exposure : upper,
    })),
    grossExposureMax: policy.grossExposureMax === null ? null : policy.grossExposureMax * exposure,
  };
}

/** The limits as the optimisers of core/allocation take them. */
export function asWeightLimits({ bounds, groups, grossExposureMax, budget }: PolicyLimits): WeightLimits {
  return {
    bounds: { lower: bounds.map(({ lower }) => lower), upper: bounds.map(({ upper }) => upper) },
    groups,
    ...(grossExposureMax === null ? {} : { grossExposureMax }),
    budget,
  };
}

/** The weights inside the limits that are nearest to `goal`, by the sum of squared differences. */
export function projectToLimits(goal: readonly number[], limits: PolicyLimits): ProjectedWeights {
  if (limits.groups.length === 0 && limits.grossExposureMax === null)
    return { weights: projectToBudget(goal, limits.bounds, limits.budget), multipliers: null };
  if (breach(goal, limits, optimiserTolerance) === null) return { weights: [...goal], multipliers: null };
  const { weights, multipliers } = nearestWeights(goal, asWeightLimits(limits));
  return { weights: Array.from(weights), multipliers };
}

/** What a unit of trading weighs beside squared distances of at most a few units: far more. */
const tradingWeight = 10;

/**
 * The weights inside the limits that take the least trading from what is held; cash may be left over. Where they break
 * the gross limit, longs and shorts are cut alike, so that the cash stays; the least trading only where no group binds.
 */
export function leastTrading(holdings: Holdings, limits: PolicyLimits): number[] {
  const weights = withCashLeft(holdings, limits);
  if (groupBreach(weights, limits, optimiserTolerance) === null) return weights;
  const within = (budget: number) =>
    nearestWeights(
      holdings.weights,
      { ...asWeightLimits({ ...limits, budget }), trading: { current: holdings.weights, costBps: 10_000 } },
      tradingWeight,
    ).weights;
  try {
    return Array.from(within(invested({ weights, cash: 0 })));
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    // The limits may need more invested than is: then the whole budget is.
    return Array.from(within(limits.budget));
  }
}

/** The least trading inside all limits but the gross one: cash is one asset more, which costs nothing to trade. */
function withCashLeft(holdings: Holdings, { bounds, groups, budget }: PolicyLimits): number[] {
  const lower = bounds.map((bound) => bound.lower);
  const cashMax = 1 - lower.reduce((sum, bound) => sum + bound, 0);
  const held = [...holdings.weights, holdings.cash];
  const { weights } = nearestWeights(
    held,
    {
      bounds: {
        lower: [...lower, 1 - budget],
        upper: [...bounds.map((bound) => bound.upper), Math.max(cashMax, 1 - budget)],
      },
      groups,
      budget: 1,
      trading: { current: held, costBps: [...holdings.weights.map(() => 10_000), 0] },
    },
    tradingWeight,
  );
  return Array.from(weights.subarray(0, bounds.length));
}

/** What the weights break by more than `slack`, in words; null when they obey every limit. */
export function breach(weights: readonly number[], limits: PolicyLimits, slack: number): string | null {
  const sum = weights.reduce((s, w) => s + w, 0);
  if (Math.abs(sum - limits.budget) > slack) return `${sum} would be invested, expected ${limits.budget}`;
  const outside = weights.findIndex((w, i) => {
    const { lower, upper } = limits.bounds[i]!;
    return !(w >= lower - slack && w <= upper + slack);
  });
  if (outside >= 0) {
    const { lower, upper } = limits.bounds[outside]!;
    return `weight ${outside} is ${weights[outside]}, expected within ${lower} to ${upper}`;
  }
  return groupBreach(weights, limits, slack);
}

/** The group or gross limit the weights break by more than `slack`, in words; null for none. */
export function groupBreach(weights: readonly number[], limits: PolicyLimits, slack: number): string | null {
  for (const { name, members, lower, upper } of limits.groups) {
    const total = members.reduce((s, i) => s + weights[i]!, 0);
    if (!(total >= lower - slack && total <= upper + slack))
      return `group ${name} has ${total}, expected within ${lower} to ${upper}`;
  }
  const gross = weights.reduce((s, w) => s + Math.abs(w), 0);
  if (limits.grossExposureMax !== null && !(gross <= limits.grossExposureMax + slack))
    return `the gross weight is ${gross}, expected at most ${limits.grossExposureMax}`;
  return null;
}

/**
 * The point of { lower <= w <= upper, sum w = total } nearest to `goal` (Euclidean projection).
 * The shift that makes the sum right is found by bisection and the last rounding is put on an inner weight.
 */
export function projectToBudget(goal: readonly number[], bounds: readonly Bounds[], total: number): number[] {
  const least = bounds.reduce((sum, bound) => sum + bound.lower, 0);
  const most = bounds.reduce((sum, bound) => sum + bound.upper, 0);
  if (least > total + 1e-9 || most < total - 1e-9)
    throw new InfeasibleError(
      `bounds allow a sum of weights between ${least} and ${most}, but ${total} is to be invested; widen the bounds`,
    );
  const at = (shift: number) =>
    goal.map((w, i) => Math.min(Math.max(w - shift, bounds[i]!.lower), bounds[i]!.upper));
  const sum = (weights: readonly number[]) => weights.reduce((s, w) => s + w, 0);
  if (Math.abs(sum(at(0)) - total) <= tolerance) return at(0);
  let low = Math.min(...goal.map((w, i) => w - bounds[i]!.upper));
  let high = Math.max(...goal.map((w, i) => w - bounds[i]!.lower));
  for (let step = 0; step < 200 && low < high; step += 1) {
    const middle = low + (high - low) / 2;
    if (middle === low || middle === high) break;
    if (sum(at(middle)) > total) low = middle;
    else high = middle;
  }
  const weights = at(high);
  const rest = total - sum(weights);
  const inner = weights.findIndex((w, i) => w + rest >= bounds[i]!.lower && w + rest <= bounds[i]!.upper);
  if (inner >= 0) weights[inner]! += rest;
  return weights;
}
