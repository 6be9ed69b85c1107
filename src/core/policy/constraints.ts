import type { Multipliers } from '../optimisation/constrained-qp.ts';
import { type Holdings, invested } from '../portfolio/holdings.ts';
import type { BindingConstraint } from './decision.ts';
import { breach, groupBreach, leastTrading, limitsOf, type PolicyLimits, projectToLimits } from './limits.ts';
import type { Bounds, PortfolioPolicy } from './policy.ts';
import type { Proposal } from './proposal.ts';

const tolerance = 1e-12;
/** The tolerance of the constraints on stored rows. */
const guardTolerance = 1e-9;

/** Targets, and the limits they were made within. */
export type Constrained = {
  targets: number[];
  bounds: Bounds[];
  binding: BindingConstraint[];
  limits: PolicyLimits;
  /** the turnover cap, or the forced trades where these are more; infinite without a cap */
  turnoverOneWayMax: number;
};

/**
 * Turns a proposal (weights that sum to 1) into targets inside the policy: cash, exposure, bounds, groups, gross limit,
 * turnover cap and no-trade band. `exposure` scales everything invested and wins over the cap: a formal drawdown limit
 * must not wait for a turnover budget. `isFirstInvestment` exempts the first investment from cap and band.
 */
export function constrain(
  proposal: Pick<Proposal, 'weights' | 'multipliers'>,
  holdings: Holdings,
  policy: PortfolioPolicy,
  bounds: readonly Bounds[],
  exposure: number,
  isFirstInvestment: boolean,
): Constrained {
  const limits = limitsOf(policy, bounds, exposure);
  const goal = projectToLimits(
    proposal.weights.map((weight) => weight * limits.budget),
    limits,
  );
  const nearest = nearestAllowed(holdings, limits);
  const forced = oneWayTurnover(holdings, nearest);
  const cap = isFirstInvestment ? null : policy.turnoverOneWayMax;
  const band = isFirstInvestment || forced > tolerance ? 0 : policy.noTradeBandRatio;
  const targets = limitTrading(goal.weights, nearest, forced, holdings, cap, band);
  const multipliers = goal.multipliers ?? proposal.multipliers;
  return {
    targets,
    bounds: limits.bounds,
    binding: bindingOf(targets, holdings, policy, limits, cap, band, multipliers),
    limits,
    turnoverOneWayMax: cap === null ? Number.POSITIVE_INFINITY : Math.max(cap, forced),
  };
}

const oneWayTurnover = (holdings: Holdings, to: readonly number[]) =>
  to.reduce((sum, w, i) => sum + Math.abs(w - holdings.weights[i]!), 0) / 2;

/** `goal`, or as much of the way there from `nearest`, the `forced` trades, as band and turnover cap let pass. */
function limitTrading(
  goal: number[],
  nearest: number[],
  forced: number,
  holdings: Holdings,
  cap: number | null,
  band: number,
): number[] {
  const oneWay = (to: readonly number[]) => oneWayTurnover(holdings, to);
  if (oneWay(goal) < band) return [...holdings.weights];
  if (cap === null || oneWay(goal) <= cap + tolerance) return goal;
  if (forced >= cap) return nearest;
  const between = (share: number) => nearest.map((w, i) => w + share * (goal[i]! - w));
  let low = 0;
  let high = 1;
  // Turnover along the way is convex and starts below the cap, so the last share within it is unique.
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (oneWay(between(middle)) <= cap) low = middle;
    else high = middle;
  }
  return between(low);
}

/** The allowed weights nearest to what is held: trades that the limits force, and no more. Cash may be left over. */
function nearestAllowed(holdings: Holdings, limits: PolicyLimits): number[] {
  const { bounds, budget, groups, grossExposureMax } = limits;
  const clipped = holdings.weights.map((w, i) => Math.min(Math.max(w, bounds[i]!.lower), bounds[i]!.upper));
  const sum = invested({ weights: clipped, cash: 0 });
  if (sum <= budget + tolerance && groupBreach(clipped, limits, tolerance) === null) return clipped;
  if (groups.length === 0 && grossExposureMax === null) return projectToLimits(clipped, limits).weights;
  return leastTrading(holdings, limits);
}

/** The limits the targets lie against, with the optimiser's multipliers where it found some. */
function bindingOf(
  targets: readonly number[],
  holdings: Holdings,
  policy: PortfolioPolicy,
  { bounds, groups, grossExposureMax, budget }: PolicyLimits,
  cap: number | null,
  band: number,
  multipliers: Multipliers | null,
): BindingConstraint[] {
  const near = (value: number, limit: number) => Math.abs(value - limit) <= guardTolerance;
  const binding: BindingConstraint[] = [];
  const add = (
    kind: BindingConstraint['kind'],
    name: string,
    limit: number,
    multiplier: number | undefined,
  ) => binding.push({ kind, name, limit, multiplier: multiplier ?? null });
  const turnover = oneWayTurnover(holdings, targets);
  if (band > 0 && turnover <= tolerance) add('band', 'no-trade band', band, undefined);
  if (cap !== null && turnover >= cap - guardTolerance)
    // A cap that no optimiser knew of has no multiplier, rather than one of 0.
    add('turnover', 'one-way turnover', cap, multipliers?.turnover || undefined);
  const total = targets.reduce((s, w) => s + w, 0);
  if (policy.cashRatio > 0 && near(1 - total, policy.cashRatio))
    add('cash', 'cash', policy.cashRatio, multipliers?.budget);
  targets.forEach((weight, i) => {
    const { lower, upper } = bounds[i]!;
    if (lower === 0 && upper === 0) return; // no part of the allocation
    const name = policy.symbols[i]!;
    if (near(weight, lower) && lower !== 0) add('lower', name, lower, multipliers?.lower[i]);
    if (near(weight, upper) && upper < budget) add('upper', name, upper, multipliers?.upper[i]);
  });
  groups.forEach(({ name, members, lower, upper }, g) => {
    const total = members.reduce((s, i) => s + targets[i]!, 0);
    if (near(total, lower) && lower !== 0) add('group', name, lower, multipliers?.groups[g]?.lower);
    if (near(total, upper) && upper < budget) add('group', name, upper, multipliers?.groups[g]?.upper);
  });
  const gross = targets.reduce((s, w) => s + Math.abs(w), 0);
  if (grossExposureMax !== null && near(gross, grossExposureMax))
    add('gross', 'gross weight', grossExposureMax, multipliers?.gross);
  return binding;
}

/** Throws unless weights are finite, within bounds, and sum to 1 with cash. */
export function guardWeights(
  weights: readonly number[],
  cash: number,
  bounds: readonly Bounds[],
  where: string,
): void {
  const all = [...weights, cash];
  if (weights.length !== bounds.length)
    throw new Error(`${where}: there are ${weights.length} weights, expected ${bounds.length}`);
  if (!all.every(Number.isFinite)) throw new Error(`${where}: weights must be finite, got ${all.join(', ')}`);
  const sum = all.reduce((s, w) => s + w, 0);
  if (Math.abs(sum - 1) > guardTolerance)
    throw new Error(`${where}: weights with cash must sum to 1, got ${sum}`);
  const broken = breach(
    weights,
    { bounds: [...bounds], groups: [], grossExposureMax: null, budget: 1 - cash },
    guardTolerance,
  );
  if (broken) throw new Error(`${where}: ${broken}`);
}

/** The last guard before rows: `guardWeights`, and every other limit of the policy. */
export function guardTargets(limited: Constrained, holdings: Holdings, where: string): void {
  const { targets, bounds, limits, turnoverOneWayMax } = limited;
  const sum = targets.reduce((s, w) => s + w, 0);
  guardWeights(targets, 1 - sum, bounds, where);
  if (!(sum <= limits.budget + guardTolerance))
    throw new Error(`${where}: ${sum} would be invested, expected at most ${limits.budget}`);
  const turnover = oneWayTurnover(holdings, targets);
  if (!(turnover <= turnoverOneWayMax + guardTolerance))
    throw new Error(`${where}: the one-way turnover is ${turnover}, expected at most ${turnoverOneWayMax}`);
  const held = limits.groups.length > 0 && turnover <= tolerance;
  const broken = held ? null : groupBreach(targets, limits, guardTolerance);
  if (broken) throw new Error(`${where}: ${broken}`);
}
