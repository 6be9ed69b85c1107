import type { Multipliers } from '../optimisation/constrained-qp.ts';
import { type Holdings, invested } from '../portfolio/holdings.ts';
import { atRiskOf, proxyWeights, withoutCashProxy } from './cash-proxy.ts';
import type { BindingConstraint } from './decision.ts';
import { breach, groupBreach, leastTrading, limitsOf, type PolicyLimits, projectToLimits } from './limits.ts';
import type { Bounds, PortfolioPolicy } from './policy.ts';
import type { Proposal } from './proposal.ts';

const tolerance = 1e-12;
/** The tolerance of the constraints on stored rows. */
const guardTolerance = 1e-9;

/** Targets of all symbols, the cash proxy among them, and the limits they were made within. */
export type Constrained = {
  targets: number[];
  bounds: Bounds[];
  binding: BindingConstraint[];
  /** of the symbols at risk: what stands in for cash has no part in them */
  limits: PolicyLimits;
  /** the turnover cap, or the forced trades where these are more; infinite without a cap */
  turnoverOneWayMax: number;
};

/** What a proposal is constrained for. `cashProxy` is the index of a cash proxy that may be bought; null for none. */
export type ConstrainOptions = {
  bounds: readonly Bounds[];
  exposure: number;
  isFirstInvestment: boolean;
  cashProxy: number | null;
};

/**
 * Turns a proposal (weights that sum to 1) into targets inside the policy: cash, exposure, bounds, groups, gross limit,
 * turnover cap, share of the way and no-trade band. What is left uninvested, beyond the cash that is always kept, goes
 * to the cash proxy; cap, share and band count its trades too. `exposure` scales everything at risk and wins over the
 * cap: a formal drawdown limit must not wait for a turnover budget. The first investment is exempt from cap, share and
 * band.
 */
export function constrain(
  proposal: Pick<Proposal, 'weights' | 'multipliers'>,
  holdings: Holdings,
  policy: PortfolioPolicy,
  { bounds, exposure, isFirstInvestment, cashProxy }: ConstrainOptions,
): Constrained {
  const limits = limitsOf(policy, bounds, exposure);
  const goal = projectToLimits(
    proposal.weights.map((weight) => weight * limits.budget),
    limits,
  );
  const atRisk = withoutCashProxy(holdings, policy);
  const nearest = nearestAllowed(atRisk, limits);
  const proxy = proxyWeights(policy, holdings, cashProxy);
  const from = proxy.leastTraded(nearest);
  const forced = oneWayTurnover(holdings, from);
  const isCut = exposure < 1 && invested(atRisk) > limits.budget + tolerance;
  const cap = isFirstInvestment ? null : policy.turnoverOneWayMax;
  const band = isFirstInvestment ? 0 : policy.noTradeBandRatio;
  const share = isFirstInvestment || isCut ? 1 : policy.tradeRatio;
  const goalFilled = proxy.filled(goal.weights);
  const { targets, isInBand } = limitTrading(goalFilled, from, holdings, { forced, cap, band, share });
  const multipliers = goal.multipliers ?? proposal.multipliers;
  return {
    targets,
    bounds: limits.bounds.map((bound, i) =>
      i === cashProxy ? { lower: 0, upper: Math.max(1 - policy.cashRatio, targets[i]!) } : bound,
    ),
    binding: bindingOf(targets, holdings, policy, limits, cap, isInBand ? band : 0, multipliers),
    limits,
    turnoverOneWayMax: cap === null ? Number.POSITIVE_INFINITY : Math.max(cap, forced),
  };
}

const oneWayTurnover = (holdings: Holdings, to: readonly number[]) =>
  to.reduce((sum, w, i) => sum + Math.abs(w - holdings.weights[i]!), 0) / 2;

/** How far towards the goal is traded: a cap, the least that is worth trading, and the share of the way gone. */
type TradeLimits = { forced: number; cap: number | null; band: number; share: number };

/** `share` of the way to `goal` from `nearest`, the forced trades, as far as the cap lets pass; inside the band those alone. */
function limitTrading(
  goal: number[],
  nearest: number[],
  holdings: Holdings,
  { forced, cap, band, share }: TradeLimits,
): { targets: number[]; isInBand: boolean } {
  const between = (part: number) => (part === 1 ? goal : nearest.map((w, i) => w + part * (goal[i]! - w)));
  const targets = between(cap === null ? share : shareWithin(cap, share, forced, holdings, between));
  if (oneWayTurnover(holdings, targets) >= band - tolerance) return { targets, isInBand: false };
  return { targets: forced > tolerance ? nearest : [...holdings.weights], isInBand: true };
}

/** The greatest part of the way, up to `share`, whose turnover is within `cap`; 0 where the forced trades take it all. */
function shareWithin(
  cap: number,
  share: number,
  forced: number,
  holdings: Holdings,
  between: (part: number) => number[],
): number {
  const oneWay = (part: number) => oneWayTurnover(holdings, between(part));
  if (oneWay(share) <= cap + tolerance) return share;
  if (forced >= cap) return 0;
  let low = 0;
  let high = share;
  // Turnover along the way is convex and starts below the cap, so the last part within it is unique.
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (oneWay(middle) <= cap) low = middle;
    else high = middle;
  }
  return low;
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

/** The limits the targets lie against (`band` is above 0 where it held them), with the optimiser's multipliers where it found some. */
function bindingOf(
  all: readonly number[],
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
  const turnover = oneWayTurnover(holdings, all);
  const targets = atRiskOf(all, policy);
  if (band > 0) add('band', 'no-trade band', band, undefined);
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
export function guardTargets(
  limited: Constrained,
  holdings: Holdings,
  policy: PortfolioPolicy,
  where: string,
): void {
  const { targets, bounds, limits, turnoverOneWayMax } = limited;
  const atRisk = atRiskOf(targets, policy);
  const sum = (weights: readonly number[]) => weights.reduce((s, w) => s + w, 0);
  guardWeights(targets, 1 - sum(targets), bounds, where);
  if (!(sum(atRisk) <= limits.budget + guardTolerance))
    throw new Error(`${where}: ${sum(atRisk)} would be invested, expected at most ${limits.budget}`);
  if (!(sum(targets) <= 1 - policy.cashRatio + guardTolerance))
    throw new Error(`${where}: ${1 - sum(targets)} would be cash, expected at least ${policy.cashRatio}`);
  const turnover = oneWayTurnover(holdings, targets);
  if (!(turnover <= turnoverOneWayMax + guardTolerance))
    throw new Error(`${where}: the one-way turnover is ${turnover}, expected at most ${turnoverOneWayMax}`);
  const held = limits.groups.length > 0 && turnover <= tolerance;
  const broken = held ? null : groupBreach(atRisk, limits, guardTolerance);
  if (broken) throw new Error(`${where}: ${broken}`);
}
