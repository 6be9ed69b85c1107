import { type Book, invested } from './book.ts';
import type { BindingConstraint } from './decision.ts';
import type { Bounds, PortfolioPolicy } from './policy.ts';

/** No weights satisfy the limits; the decision steps down a rung. */
export class InfeasibleError extends Error {
  override name = 'InfeasibleError';
}

const tolerance = 1e-12;
/** The tolerance of the constraints on stored rows. */
const guardTolerance = 1e-9;

/**
 * The point of { lower <= w <= upper, sum w = total } nearest to `goal` (Euclidean projection).
 * The one shift of all weights that makes the sum right is found by bisection, to the last bit.
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
  return at(high);
}

/** Targets, and the limits they were made within. */
export type Constrained = {
  targets: number[];
  bounds: Bounds[];
  binding: BindingConstraint[];
  /** the most that may be invested: exposure less cash */
  budget: number;
  /** the turnover cap, or the forced trades where these are more; infinite without a cap */
  turnoverOneWayMax: number;
};

/**
 * Turns a proposal (weights that sum to 1) into targets inside the policy: cash, exposure, bounds, turnover cap and
 * no-trade band. `exposure` scales everything invested and wins over the cap: a formal drawdown limit must not wait
 * for a turnover budget. `first` exempts the first investment from cap and band.
 */
export function constrain(
  proposal: readonly number[],
  book: Book,
  policy: PortfolioPolicy,
  limits: readonly Bounds[],
  exposure: number,
  first: boolean,
): Constrained {
  const budget = (1 - policy.cashRatio) * exposure;
  const bounds = limits.map(({ lower, upper }) => ({
    lower: lower * exposure,
    upper: Math.min(upper, budget),
  }));
  const goal = projectToBudget(
    proposal.map((weight) => weight * budget),
    bounds,
    budget,
  );
  const binding: BindingConstraint[] = [];
  const nearest = nearestAllowed(book, bounds, budget);
  const forced = oneWayTurnover(book, nearest);
  const targets = first ? goal : limitTrading(goal, nearest, forced, book, policy, binding);
  if (exposure < 1) binding.push({ kind: 'exposure', name: 'drawdown', limit: exposure, multiplier: null });
  if (policy.cashRatio > 0)
    binding.push({ kind: 'cash', name: 'cash', limit: policy.cashRatio, multiplier: null });
  targets.forEach((weight, i) => {
    const { lower, upper } = bounds[i]!;
    const name = policy.symbols[i]!;
    if (weight <= lower + tolerance && lower > 0)
      binding.push({ kind: 'lower', name, limit: lower, multiplier: null });
    if (weight >= upper - tolerance && upper < budget)
      binding.push({ kind: 'upper', name, limit: upper, multiplier: null });
  });
  const cap = first ? null : policy.turnoverOneWayMax;
  const turnoverOneWayMax = cap === null ? Number.POSITIVE_INFINITY : Math.max(cap, forced);
  return { targets, bounds, binding, budget, turnoverOneWayMax };
}

const oneWayTurnover = (book: Book, to: readonly number[]) =>
  to.reduce((sum, w, i) => sum + Math.abs(w - book.weights[i]!), 0) / 2;

/** `goal`, or as much of the way there from `nearest`, the `forced` trades, as band and turnover cap let pass. */
function limitTrading(
  goal: number[],
  nearest: number[],
  forced: number,
  book: Book,
  policy: PortfolioPolicy,
  binding: BindingConstraint[],
): number[] {
  const oneWay = (to: readonly number[]) => oneWayTurnover(book, to);
  if (forced <= tolerance && oneWay(goal) < policy.noTradeBandRatio) {
    binding.push({ kind: 'band', name: 'no-trade band', limit: policy.noTradeBandRatio, multiplier: null });
    return [...book.weights];
  }
  const cap = policy.turnoverOneWayMax;
  if (cap === null || oneWay(goal) <= cap) return goal;
  binding.push({ kind: 'turnover', name: 'one-way turnover', limit: cap, multiplier: null });
  const between = (share: number) => nearest.map((w, i) => w + share * (goal[i]! - w));
  let low = 0;
  let high = 1;
  // Turnover along the way is convex and least at its start, so the last share within the cap is unique; where the
  // forced trades alone are beyond it, it is 0.
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (oneWay(between(middle)) <= cap) low = middle;
    else high = middle;
  }
  return between(low);
}

/** The allowed weights nearest to what is held: trades that bounds and exposure force, and no more. */
function nearestAllowed(book: Book, bounds: readonly Bounds[], budget: number): number[] {
  const clipped = book.weights.map((w, i) => Math.min(Math.max(w, bounds[i]!.lower), bounds[i]!.upper));
  return invested({ weights: clipped, cash: 0 }) <= budget + tolerance
    ? clipped
    : projectToBudget(clipped, bounds, budget);
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
  weights.forEach((w, i) => {
    const { lower, upper } = bounds[i]!;
    if (!(w >= lower - guardTolerance && w <= upper + guardTolerance))
      throw new Error(`${where}: weight ${i} is ${w}, expected within ${lower} to ${upper}`);
  });
}

/** The last guard before rows: `guardWeights`, and no more invested or traded than the limits allow. */
export function guardTargets(limited: Constrained, book: Book, where: string): void {
  const { targets, bounds, budget, turnoverOneWayMax } = limited;
  const sum = targets.reduce((s, w) => s + w, 0);
  guardWeights(targets, 1 - sum, bounds, where);
  if (!(sum <= budget + guardTolerance))
    throw new Error(`${where}: ${sum} would be invested, expected at most ${budget}`);
  const turnover = oneWayTurnover(book, targets);
  if (!(turnover <= turnoverOneWayMax + guardTolerance))
    throw new Error(`${where}: the one-way turnover is ${turnover}, expected at most ${turnoverOneWayMax}`);
}
