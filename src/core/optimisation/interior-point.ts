import { AllocationError } from '../allocation-error.ts';
import { checkFeasible } from './bounded-qp.ts';
import { type ConstrainedQp, objectiveScale } from './constrained-qp.ts';
import { type InteriorSolution, InteriorState } from './interior-state.ts';
import { NewtonSystem } from './newton-system.ts';

const iterationsMax = 200;
const stalledMax = 12;
/** Residuals and complementarity aimed at, relative to the objective's scale. */
const residualGoal = 1e-13;
/** What is still an answer: a singular matrix costs digits here, and polishing gets them back. */
const acceptedResidual = 1e-4;
/** Slack x dual is driven no lower: below, the slope of an impact term, a square root, runs ahead of its Newton step. */
const complementarityMin = 1e-14;

/**
 * Primal-dual interior-point method with Mehrotra's predictor and corrector (Mehrotra 1992), from an infeasible start.
 * Kinks become pairs of linear limits on a variable t >= |w - current| (and u >= |w|), which the Newton system
 * eliminates, so each iteration factors one N x N matrix whatever terms there are.
 * Raises `infeasible` (no weights meet all limits) or `no-convergence`.
 */
export function solveInteriorPoint(problem: ConstrainedQp): InteriorSolution {
  checkFeasible(problem);
  const scale = 1 / objectiveScale(problem);
  const state = new InteriorState(problem, scale);
  let best = Number.POSITIVE_INFINITY;
  let answer: InteriorSolution | undefined;
  let stalled = 0;
  let iteration = 0;
  for (; iteration < iterationsMax && best > residualGoal && stalled < stalledMax; iteration += 1) {
    state.computeResiduals();
    const error = state.error();
    if (!Number.isFinite(error)) break;
    stalled = error < 0.9 * best ? 0 : stalled + 1;
    if (error < best) {
      best = error;
      if (error < acceptedResidual) answer = state.solution(iteration);
    }
    const system = new NewtonSystem(state);
    if (!system.factored) break;
    const predictor = system.direction(0);
    const reach = state.stepLength(predictor);
    // Steps that lead nowhere go round in circles far from the central path: go back to it, uncorrected.
    const lost = stalled >= 2;
    const ratio = state.complementarityAfter(predictor, reach) / state.complementarity();
    const centring = lost ? 0.5 : Math.min(1, ratio ** 3);
    const target = Math.max(complementarityMin, centring * state.complementarity());
    // A predictor that falls short says little of the curvature, so its correction is taken in part.
    const direction = system.direction(target, lost ? undefined : { predictor, weight: reach * reach });
    state.advance(direction, 0.995 * state.stepLength(direction));
  }
  if (answer) return answer;
  if (state.primalError() > 1e-7)
    throw new AllocationError(
      'infeasible',
      `No weights meet all bounds, groups and limits together: after ${iteration} iterations they are still ` +
        `${state.primalError().toExponential(1)} away. Widen a bound, a group, the turnover cap or the gross limit.`,
    );
  throw new AllocationError(
    'no-convergence',
    `The interior-point method stopped after ${iteration} iterations at a residual of ${best.toExponential(1)}, ` +
      `expected ${acceptedResidual}.`,
  );
}
