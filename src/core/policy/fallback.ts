import { allocate } from '../allocation/allocate.ts';
import { allocatorNamed } from '../allocation/allocators.ts';
import type { MvoSolution } from '../allocation/mvo.ts';
import { AllocationError } from '../allocation-error.ts';
import type { WeightLimits } from '../optimisation/weight-limits.ts';
import { costTerms } from '../portfolio/costs.ts';
import type { Holdings } from '../portfolio/holdings.ts';
import type { Covariance } from '../risk/covariance.ts';
import { estimateCovariance } from '../risk/estimate-covariance.ts';
import { momentsOf } from '../risk/moments.ts';
import type { ReturnsMatrix } from '../risk/returns.ts';
import type { DecideInput } from './decide-input.ts';
import type { FallbackAttempt, FallbackLevel } from './decision.ts';
import { asWeightLimits, InfeasibleError, limitsOf, type ProjectedWeights } from './limits.ts';
import type { PortfolioPolicy } from './policy.ts';
import { commonReturns, type Universe } from './universe.ts';
import { UnusableDataError } from './unusable-data-error.ts';
import { usesForecast } from './uses-forecast.ts';

/** Whom a proposal is for: optimisers that weigh trading need to know what is held and how much may be. */
export type AllocationContext = { holdings: Holdings; exposure: number; isFirstInvestment: boolean };

/** Weights that sum to 1, and why an optimiser had to leave the turnover cap out; null where it did not. */
export type Proposal = ProjectedWeights & { uncapped: string | null };

/** One fallback level's way to weights that sum to 1 over all of the policy's symbols. */
export type FallbackStep = {
  fallbackLevel: FallbackLevel;
  propose(context: AllocationContext): Proposal;
  /** of the universe's members, per session; null where the fallback level looks at no prices */
  covariance(): Covariance | null;
  /** share of the proposal that may be invested, where the fallback level cannot measure its volatility */
  exposureMax: number;
};

/** Whether an error says that optimiser, limits or data have no answer, so that a lower level may; else it is a fault. */
export const isForLowerLevel = (error: unknown): boolean =>
  error instanceof AllocationError || error instanceof InfeasibleError || error instanceof UnusableDataError;

/** A level that gave nothing. */
export const failedAttempt = (level: FallbackLevel, reason: string, isFault: boolean): FallbackAttempt => ({
  level,
  outcome: 'failed',
  reason,
  isFault,
});

/** The fallback levels to try, best first. A fallback level that cannot even be tried records why. */
export function fallbackSteps(
  input: DecideInput,
  universe: Universe,
  attempts: FallbackAttempt[],
): FallbackStep[] {
  const { policy, previous } = input;
  const list: FallbackStep[] = [];
  if (usesForecast(policy)) {
    const absent = whyNoSignal(input, universe);
    if (absent) attempts.push(failedAttempt('full', absent, false));
    else list.push(fromReturns(input, universe, 'full', () => universe.returns, policy.signalScale));
    list.push(fromReturns(input, universe, 'signal-off', () => universe.returns, 0));
  } else list.push(fromReturns(input, universe, 'full', () => universe.returns, 0));
  if (previous) {
    const before = () => commonReturns(universe.panel.upTo(previous.asOf), policy.covarianceLookbackSessions);
    list.push(fromReturns(input, universe, 'previous-covariance', before, 0));
    const good = lastGood(policy, previous.targets);
    if (good) list.push(good);
  }
  return list;
}

/** The last decision's weights; under a volatility target no more of them than were held then. */
function lastGood(policy: PortfolioPolicy, previous: readonly number[]): FallbackStep | null {
  const targets = previous.map((weight, i) => (policy.symbols[i] === policy.cashProxySymbol ? 0 : weight));
  const sum = targets.reduce((s, w) => s + w, 0);
  if (!(sum > 0)) return null;
  const weights = targets.map((w) => w / sum);
  return {
    fallbackLevel: 'last-good',
    propose: () => ({ weights, multipliers: null, uncapped: null }),
    covariance: () => null,
    exposureMax: policy.volatilityTarget === null ? 1 : Math.min(1, sum / (1 - policy.cashRatio)),
  };
}

function fromReturns(
  input: DecideInput,
  universe: Universe,
  fallbackLevel: FallbackLevel,
  read: () => ReturnsMatrix,
  signalScale: number,
): FallbackStep {
  const { policy } = input;
  // Read once for both holdings, and only if this fallback level is tried.
  let made: { returns: ReturnsMatrix; covariance: Covariance } | undefined;
  const risk = () => {
    if (universe.members.length === 0) throw new UnusableDataError('no asset has usable prices');
    if (!made) {
      const returns = read();
      made = { returns, covariance: estimateCovariance(policy.covariance, returns) };
    }
    return made;
  };
  return {
    fallbackLevel,
    covariance: () => risk().covariance,
    exposureMax: 1,
    propose(context) {
      const { returns, covariance } = risk();
      const signal = signalOf(input, universe, signalScale);
      const { optimise } = allocatorNamed(policy.allocator);
      if (optimise) {
        const moments = momentsOf({ returns, covariance, signal, signalScale });
        return withinLimits(input, universe, context, (limits) =>
          optimise(moments, limits, policy.allocatorOptions),
        );
      }
      const weights = allocate(
        policy.allocator,
        { returns, covariance, signal, signalScale, bounds: proposalBounds(input, universe) },
        policy.allocatorOptions,
      );
      return { weights: scatter(input, universe, weights), multipliers: null, uncapped: null };
    },
  };
}

/** A proposal sums to 1, before cash is set aside: bounds in its units. */
function proposalBounds({ policy }: DecideInput, { members, bounds }: Universe) {
  const investedRatio = 1 - policy.cashRatio;
  return {
    lower: members.map((i) => bounds[i]!.lower / investedRatio),
    upper: members.map((i) => Math.min(1, bounds[i]!.upper / investedRatio)),
  };
}

function signalOf(
  { forecastResult, policy }: DecideInput,
  { members }: Universe,
  signalScale: number,
): number[] {
  const forecast = signalScale > 0 ? forecastResult.forecast : null;
  if (!forecast) return members.map(() => 0);
  return members.map((i) => forecast.meanLogReturn[forecast.symbols.indexOf(policy.symbols[i]!)]!);
}

/**
 * An optimiser's weights with the whole policy in its problem: bounds, groups, gross limit, the turnover cap, and the
 * costs that will be charged. Where nothing is to be had within the cap (limits force more, or no portfolio it lets through
 * earns anything), the cap is left to `constrain`, which goes as far towards the best as it may, and the reason is kept.
 */
function withinLimits(
  input: DecideInput,
  universe: Universe,
  { holdings, exposure, isFirstInvestment }: AllocationContext,
  optimise: (limits: WeightLimits) => MvoSolution,
): Proposal {
  const { policy } = input;
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
  const elsewhere = holdings.weights.reduce((s, w, i) => (position.has(i) ? s : s + Math.abs(w)), 0) / 2;
  const cap =
    isFirstInvestment || policy.turnoverOneWayMax === null ? null : policy.turnoverOneWayMax - elsewhere;
  const solve = (turnoverMax: number | undefined) =>
    optimise({
      ...asWeightLimits(own),
      trading: {
        current: members.map((i) => holdings.weights[i]!),
        costBps: terms.map(({ costBps }) => costBps),
        impactBps: terms.map(({ impactBps }) => impactBps),
        ...(turnoverMax === undefined ? {} : { turnoverMax }),
      },
    });
  const { solution, uncapped } =
    cap !== null && cap > 0
      ? withinCap(
          () => solve(cap),
          () => solve(undefined),
        )
      : { solution: solve(undefined), uncapped: null };
  const weights = solution.weights.map((weight) => weight / limits.budget);
  return {
    uncapped,
    weights: scatter(input, universe, weights),
    multipliers: {
      ...solution.multipliers,
      lower: Float64Array.from(scatter(input, universe, Array.from(solution.multipliers.lower))),
      upper: Float64Array.from(scatter(input, universe, Array.from(solution.multipliers.upper))),
    },
  };
}

/** The capped solution, or where there is none the free one and why. */
function withinCap<Solution>(
  capped: () => Solution,
  free: () => Solution,
): { solution: Solution; uncapped: string | null } {
  try {
    return { solution: capped(), uncapped: null };
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    return { solution: free(), uncapped: error.message };
  }
}

/** Values of the members over all of the policy's symbols; assets outside the universe get 0. */
function scatter({ policy }: DecideInput, { members }: Universe, values: readonly number[]): number[] {
  const all = new Array<number>(policy.symbols.length).fill(0);
  members.forEach((i, k) => {
    all[i] = values[k]!;
  });
  return all;
}

function whyNoSignal(
  { asOf, forecastResult, policy, panel }: DecideInput,
  universe: Universe,
): string | null {
  const { forecast, trainedOn } = forecastResult;
  if (!forecast || !trainedOn) return forecastResult.reason ?? 'there is no forecast';
  if (forecast.asOf !== asOf) return `the forecast is as of ${forecast.asOf}, expected ${asOf}`;
  if (trainedOn > asOf) return `the model was trained on ${trainedOn}, after ${asOf}`;
  const age = panel.sessions.filter((session) => session > trainedOn).length;
  if (age > policy.modelExpirySessions)
    return `the model trained on ${trainedOn} is ${age} sessions old and expires after ${policy.modelExpirySessions}`;
  for (const i of universe.members) {
    const symbol = policy.symbols[i]!;
    if (!Number.isFinite(forecast.meanLogReturn[forecast.symbols.indexOf(symbol)]))
      return `the forecast has no finite value for ${symbol}`;
  }
  return null;
}
