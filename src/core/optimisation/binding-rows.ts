import type { Places } from './active-places.ts';
import { type ConstrainedQp, type Multipliers, objectiveScale } from './constrained-qp.ts';

/** Which limits over several assets bind: the side of each group, turnover, gross exposure. */
export type Binding = {
  groups: ('lower' | 'upper' | undefined)[];
  turnover: boolean;
  gross: boolean;
};

/** A limit that binds, as an equation coefficients . w = bound, and where its multiplier is kept. */
export type BindingRow = { coefficients: Float64Array; bound: number; add: (change: number) => void };

/** The limits whose multiplier outweighs their slack. */
export function findBinding(
  problem: ConstrainedQp,
  weights: Float64Array,
  multipliers: Multipliers,
): Binding {
  const scale = objectiveScale(problem);
  return {
    groups: problem.groups.map(({ members, lower, upper }, g) => {
      const sum = members.reduce((total, i) => total + weights[i]!, 0);
      const net = (multipliers.groups[g]!.upper - multipliers.groups[g]!.lower) / scale;
      if (net > upper - sum) return 'upper';
      return -net > sum - lower ? 'lower' : undefined;
    }),
    turnover: multipliers.turnover / scale > problem.turnoverMax - traded(problem, weights),
    gross: multipliers.gross / scale > problem.grossExposureMax - grossOf(weights),
  };
}

function traded({ current }: ConstrainedQp, weights: Float64Array): number {
  return weights.reduce((sum, weight, i) => sum + Math.abs(weight - current[i]!), 0) / 2;
}

function grossOf(weights: Float64Array): number {
  return weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
}

/** The equations of the budget and the binding limits, for the sides of the kinks the weights are on. */
export function bindingRows(
  problem: ConstrainedQp,
  binding: Binding,
  { tradeSign, weightSign }: Places,
  multipliers: Multipliers,
): BindingRow[] {
  const { size, current, groups } = problem;
  const rows: BindingRow[] = [
    {
      coefficients: new Float64Array(size).fill(1),
      bound: problem.budget,
      add: (change) => {
        multipliers.budget += change;
      },
    },
  ];
  groups.forEach(({ members, lower, upper }, g) => {
    const side = binding.groups[g];
    if (!side) return;
    const coefficients = new Float64Array(size);
    for (const i of members) coefficients[i] = 1;
    const pair = multipliers.groups[g]!;
    const add = (change: number): void => {
      if (lower < upper) pair[side] += side === 'upper' ? change : -change;
      else {
        const net = pair.upper - pair.lower + change;
        pair.upper = Math.max(0, net);
        pair.lower = Math.max(0, -net);
      }
    };
    rows.push({ coefficients, bound: side === 'upper' ? upper : lower, add });
  });
  if (binding.turnover) {
    rows.push({
      coefficients: Float64Array.from(tradeSign, (sign) => sign / 2),
      bound: problem.turnoverMax + current.reduce((sum, held, i) => sum + (tradeSign[i]! * held) / 2, 0),
      add: (change) => {
        multipliers.turnover += change;
      },
    });
  }
  if (binding.gross) {
    rows.push({
      coefficients: Float64Array.from(weightSign),
      bound: problem.grossExposureMax,
      add: (change) => {
        multipliers.gross += change;
      },
    });
  }
  return rows;
}

/** Lets go of limits whose multiplier turned negative and takes up those that are broken; whether anything changed. */
export function correctBinding(
  problem: ConstrainedQp,
  binding: Binding,
  weights: Float64Array,
  multipliers: Multipliers,
): boolean {
  let changed = false;
  const set = (limit: 'turnover' | 'gross', slack: number): void => {
    const binds = binding[limit] ? multipliers[limit] >= 0 : slack < -1e-13;
    if (binds === binding[limit]) return;
    binding[limit] = binds;
    if (!binds) multipliers[limit] = 0;
    changed = true;
  };
  set('turnover', problem.turnoverMax - traded(problem, weights));
  set('gross', problem.grossExposureMax - grossOf(weights));
  problem.groups.forEach(({ members, lower, upper }, g) => {
    const side = binding.groups[g];
    if (side) {
      if (multipliers.groups[g]![side] >= 0) return;
      multipliers.groups[g]![side] = 0;
      binding.groups[g] = undefined;
      changed = true;
      return;
    }
    const sum = members.reduce((total, i) => total + weights[i]!, 0);
    if (sum > upper + 1e-13) binding.groups[g] = 'upper';
    else if (sum < lower - 1e-13) binding.groups[g] = 'lower';
    else return;
    changed = true;
  });
  return changed;
}
