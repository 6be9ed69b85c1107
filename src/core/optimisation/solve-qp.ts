import { AllocationError } from '../allocation-error.ts';
import { type BoundedQpSolution, solveBoundedQp } from './bounded-qp.ts';
import { type ConstrainedQp, hasGross, hasTrading, type Multipliers } from './constrained-qp.ts';
import { solveInteriorPoint } from './interior-point.ts';
import { kktResidual } from './kkt.ts';
import { polish, type Solution } from './polish.ts';

/** An optimum with its proof: the multipliers, and how far both are from the Karush-Kuhn-Tucker conditions. */
export type QpSolution = Solution & {
  kktResidual: number;
  iterations: number;
  /** Where the active-set method ended, for a start from here. */
  activeSet?: BoundedQpSolution;
};

const kktResidualMax = 1e-8;

/**
 * Solves a rebalancing problem: by the active-set method when only bounds limit it, else (or where that loses its digits
 * in a singular matrix) by the interior-point method, made exact afterwards. Raises `infeasible`, or `no-convergence` when the residual is not below 1e-8.
 */
export function solveQp(problem: ConstrainedQp, start?: BoundedQpSolution): QpSolution {
  const boundsOnly = problem.groups.length === 0 && !hasTrading(problem) && !hasGross(problem);
  const quick = boundsOnly ? byActiveSet(problem, start) : undefined;
  const solution = quick && quick.kktResidual < kktResidualMax ? quick : byInteriorPoint(problem);
  if (!(solution.kktResidual < kktResidualMax))
    throw new AllocationError(
      'no-convergence',
      `The optimum fails its check: KKT residual ${solution.kktResidual.toExponential(1)}, expected below ${kktResidualMax}.`,
    );
  return solution;
}

function byActiveSet(problem: ConstrainedQp, start?: BoundedQpSolution): QpSolution | undefined {
  const activeSet = solveBoundedQp(problem, start);
  if (!activeSet) return undefined;
  const { weights, gradient, budgetMultiplier, iterations, free } = activeSet;
  const isFree = new Uint8Array(problem.size);
  for (const i of free) isFree[i] = 1;
  const beyond = (i: number): number => (isFree[i] ? 0 : gradient[i]! - budgetMultiplier);
  const multipliers: Multipliers = {
    budget: -budgetMultiplier,
    lower: Float64Array.from(weights, (_, i) => Math.max(0, beyond(i))),
    upper: Float64Array.from(weights, (_, i) => Math.max(0, -beyond(i))),
    groups: [],
    turnover: 0,
    gross: 0,
  };
  const residual = kktResidual(problem, weights, multipliers);
  return { weights, multipliers, kktResidual: residual, iterations, activeSet };
}

function byInteriorPoint(problem: ConstrainedQp): QpSolution {
  const { iterations, ...rough } = solveInteriorPoint(problem);
  const exact = polish(problem, rough);
  const roughResidual = kktResidual(problem, rough.weights, rough.multipliers);
  const exactResidual = exact
    ? kktResidual(problem, exact.weights, exact.multipliers)
    : Number.POSITIVE_INFINITY;
  return exact && exactResidual <= roughResidual
    ? { ...exact, kktResidual: exactResidual, iterations }
    : { ...rough, kktResidual: roughResidual, iterations };
}
