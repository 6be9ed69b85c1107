import {
  type ConstrainedQp,
  costSlope,
  type Multipliers,
  objectiveScale,
  quadraticGradient,
} from './constrained-qp.ts';

/**
 * Where each weight is: free, or on a bound or kink; and on which side of its current weight and of 0 (0: on the kink).
 * A free weight keeps its sides until a correction says otherwise.
 */
export type Places = {
  weights: Float64Array;
  free: Uint8Array;
  tradeSign: Int8Array;
  weightSign: Int8Array;
};

/** Rounding in a weight, and in a gradient relative to the objective's scale. */
const weightRounding = 1e-14;
const gradientRounding = 1e-12;
/** An interior-point answer is far nearer than this to the kink it belongs on. */
const nearRatio = 1e-4;

/** Puts weights on the bounds and kinks they have all but reached. */
export function settle(problem: ConstrainedQp, rough: Float64Array, multipliers: Multipliers): Places {
  const { size, lower, upper, current } = problem;
  const scale = objectiveScale(problem);
  const weights = rough.slice();
  const free = new Uint8Array(size);
  const left = leftGradient(problem, rough, multipliers);
  for (let i = 0; i < size; i += 1) {
    const weight = rough[i]!;
    const beyond = (left[i]! + multipliers.upper[i]! - multipliers.lower[i]!) / scale;
    const gross = multipliers.gross / scale;
    const slopeAt = (trade: number): number =>
      (costSlope(problem, i, trade) + multipliers.turnover / 2) / scale;
    const onCurrent = current[i] === 0 ? slopeAt(0) + gross : slopeAt(0);
    const besideCurrent = Math.abs(beyond + Math.sign(current[i]!) * gross);
    const toCurrent = Math.abs(weight - current[i]!);
    if (upper[i]! - lower[i]! < 1e-12) weights[i] = lower[i]!;
    else if (multipliers.lower[i]! / scale > weight - lower[i]!) weights[i] = lower[i]!;
    else if (multipliers.upper[i]! / scale > upper[i]! - weight) weights[i] = upper[i]!;
    else if (toCurrent < nearRatio && onCurrent - besideCurrent > toCurrent) weights[i] = current[i]!;
    else if (
      Math.abs(weight) < nearRatio &&
      gross - Math.abs(beyond - Math.sign(current[i]!) * slopeAt(current[i]!)) > Math.abs(weight)
    ) {
      weights[i] = 0;
    } else free[i] = 1;
  }
  return {
    weights,
    free,
    tradeSign: Int8Array.from(weights, (weight, i) => Math.sign(weight - current[i]!)),
    weightSign: Int8Array.from(weights, Math.sign),
  };
}

/** The gradient without bounds and kinks: P w - q, budget and groups. */
function leftGradient(problem: ConstrainedQp, weights: Float64Array, multipliers: Multipliers): Float64Array {
  const left = quadraticGradient(problem, weights);
  for (let i = 0; i < problem.size; i += 1) left[i]! += multipliers.budget;
  problem.groups.forEach(({ members }, g) => {
    for (const i of members) left[i]! += multipliers.groups[g]!.upper - multipliers.groups[g]!.lower;
  });
  return left;
}

/** Left and right derivative of the kinked terms where a weight is. */
function kinkSlopes(problem: ConstrainedQp, places: Places, multipliers: Multipliers, i: number) {
  const trade = costSlope(problem, i, places.weights[i]! - problem.current[i]!) + multipliers.turnover / 2;
  const tradeSign = places.tradeSign[i]!;
  const weightSign = places.weightSign[i]!;
  const { gross } = multipliers;
  return {
    down: (tradeSign || -1) * trade + (weightSign || -1) * gross,
    up: (tradeSign || 1) * trade + (weightSign || 1) * gross,
  };
}

/**
 * Puts back what crossed a bound or kink; where nothing did, frees what its gradient drives off its place. Returns
 * whether anything changed.
 */
export function correctPlaces(problem: ConstrainedQp, places: Places, multipliers: Multipliers): boolean {
  let crossed = false;
  for (let i = 0; i < problem.size; i += 1) if (places.free[i] && putBack(problem, places, i)) crossed = true;
  return crossed || freeByGradient(problem, places, multipliers);
}

function putBack({ lower, upper, current }: ConstrainedQp, places: Places, i: number): boolean {
  const { weights, tradeSign, weightSign } = places;
  const weight = weights[i]!;
  let place: number | undefined;
  if (tradeSign[i]! * (weight - current[i]!) < -weightRounding) place = current[i]!;
  else if (weightSign[i]! * weight < -weightRounding) place = 0;
  if ((place ?? weight) < lower[i]! - weightRounding) place = lower[i]!;
  if ((place ?? weight) > upper[i]! + weightRounding) place = upper[i]!;
  if (place === undefined) return false;
  weights[i] = place;
  places.free[i] = 0;
  tradeSign[i] = Math.sign(place - current[i]!);
  weightSign[i] = Math.sign(place);
  return true;
}

function freeByGradient(problem: ConstrainedQp, places: Places, multipliers: Multipliers): boolean {
  const { size, lower, upper, current, impact } = problem;
  const tolerance = gradientRounding * objectiveScale(problem);
  const left = leftGradient(problem, places.weights, multipliers);
  let freed = false;
  for (let i = 0; i < size; i += 1) {
    if (places.free[i] || upper[i]! - lower[i]! < 1e-12) continue;
    const { down, up } = kinkSlopes(problem, places, multipliers, i);
    const weight = places.weights[i]!;
    const drivesUp = left[i]! + up < -tolerance && weight < upper[i]!;
    const drivesDown = left[i]! + down > tolerance && weight > lower[i]!;
    if (!drivesUp && !drivesDown) continue;
    const sign = drivesUp ? 1 : -1;
    const excess = Math.abs(left[i]! + (drivesUp ? up : down));
    // Off a kink with impact the slope rises like a square root: start where it balances the excess.
    const start = places.tradeSign[i] === 0 && impact[i]! > 0 ? (excess / (1.5 * impact[i]!)) ** 2 : 0;
    places.free[i] = 1;
    places.tradeSign[i] ||= sign;
    places.weightSign[i] ||= sign;
    places.weights[i] = Math.min(upper[i]!, Math.max(lower[i]!, weight + sign * Math.min(start, 0.5)));
    if (places.weights[i] === current[i] && impact[i]! > 0) places.weights[i]! += sign * 1e-9;
    freed = true;
  }
  return freed;
}

/** What the gradient leaves on a weight that is not free is its bound's multiplier; a kink takes its part first. */
export function setBoundMultipliers(problem: ConstrainedQp, places: Places, multipliers: Multipliers): void {
  const left = leftGradient(problem, places.weights, multipliers);
  for (let i = 0; i < problem.size; i += 1) {
    if (places.free[i]) continue;
    const { down, up } = kinkSlopes(problem, places, multipliers, i);
    if (places.weights[i] === problem.lower[i]) multipliers.lower[i] = Math.max(0, left[i]! + down);
    if (places.weights[i] === problem.upper[i]) multipliers.upper[i] = Math.max(0, -left[i]! - up);
  }
}
