import {
  type ConstrainedQp,
  costSlope,
  type Multipliers,
  objectiveScale,
  quadraticGradient,
} from './constrained-qp.ts';

export type Solution = { weights: Float64Array; multipliers: Multipliers };

/** Puts weights on the bounds and kinks they have all but reached; signs say on which side of a kink the others are. */
export function settle(problem: ConstrainedQp, { multipliers }: Solution, weights: Float64Array) {
  const { size, lower, upper, current } = problem;
  const scale = objectiveScale(problem);
  const smooth = quadraticGradient(problem, weights);
  problem.groups.forEach(({ members }, g) => {
    for (const i of members) smooth[i]! += multipliers.groups[g]!.upper - multipliers.groups[g]!.lower;
  });
  const signTrade = new Int8Array(size);
  const signWeight = new Int8Array(size);
  const free: number[] = [];
  for (let i = 0; i < size; i++) {
    const low = multipliers.lower[i]! / scale;
    const high = multipliers.upper[i]! / scale;
    const left = smooth[i]! + multipliers.budget + multipliers.upper[i]! - multipliers.lower[i]!;
    if (upper[i]! - lower[i]! < 1e-12) weights[i] = lower[i]!;
    else if (low > weights[i]! - lower[i]!) weights[i] = lower[i]!;
    else if (high > upper[i]! - weights[i]!) weights[i] = upper[i]!;
    else {
      const slopeAt = (trade: number): number =>
        (costSlope(problem, i, trade) + multipliers.turnover / 2) / scale;
      const kink = kinkUnder(current[i]!, weights[i]!, left / scale, slopeAt, multipliers.gross / scale);
      if (kink === undefined) free.push(i);
      else weights[i] = kink;
    }
    signTrade[i] = Math.sign(weights[i]! - current[i]!);
    signWeight[i] = Math.sign(weights[i]!);
  }
  return { free, signTrade, signWeight };
}

/**
 * The kink (the current weight, or 0) a weight belongs on, if any: the rest of the gradient is then well inside the
 * kink's two slopes, while the weight is all but there.
 */
function kinkUnder(
  current: number,
  weight: number,
  left: number,
  slopeAt: (trade: number) => number,
  grossSlope: number,
): number | undefined {
  const toCurrent = Math.abs(weight - current);
  if (toCurrent < NEAR) {
    const play = slopeAt(0) + (current === 0 ? grossSlope : 0);
    const rest = left + (current === 0 ? 0 : Math.sign(current) * grossSlope);
    if (play - Math.abs(rest) > toCurrent) return current;
  }
  const rest = left - Math.sign(current) * slopeAt(current);
  return Math.abs(weight) < NEAR && grossSlope - Math.abs(rest) > Math.abs(weight) ? 0 : undefined;
}

/** An interior-point answer is far nearer than this to the kink it belongs on. */
const NEAR = 1e-4;
