import { allocate } from '../allocation/allocate.ts';
import { type AllocationOptions, allocatorNamed } from '../allocation/allocators.ts';
import { AllocationError } from '../allocation-error.ts';
import { simpleMeans } from '../forecast/forecast.ts';
import type { QualityNote } from '../market/quality.ts';
import type { Covariance } from '../risk/covariance.ts';
import { estimateCovariance } from '../risk/estimate-covariance.ts';
import { momentsOf } from '../risk/moments.ts';
import { meanReturns, type ReturnsMatrix } from '../risk/returns.ts';
import { staggeredCovariance } from '../risk/staggered-covariance.ts';
import { UnusableDataError } from '../unusable-data-error.ts';
import type { DecideInput } from './decide-input.ts';
import type { FallbackAttempt, FallbackLevel } from './decision.ts';
import { InfeasibleError } from './limits.ts';
import type { PortfolioPolicy } from './policy.ts';
import { type AllocationContext, optimisedProposal, type Proposal } from './proposal.ts';
import { riskFreePerSession } from './risk-free.ts';
import { scatter, type Universe, type WindowReturns, windowReturns } from './universe.ts';
import { usesForecast } from './uses-forecast.ts';

/** One fallback level's way to weights that sum to 1 over all of the policy's symbols. */
export type FallbackStep = {
  fallbackLevel: FallbackLevel;
  propose(context: AllocationContext): Proposal;
  /** of the universe's members, per session; null where the level looks at no prices */
  covariance(): Covariance | null;
  /** share of the proposal that may be invested, where the level cannot measure its volatility */
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

/** The fallback levels to try, best first. A level that cannot even be tried records why. */
export function fallbackSteps(
  input: DecideInput,
  universe: Universe,
  attempts: FallbackAttempt[],
): FallbackStep[] {
  const { policy, previous } = input;
  const list: FallbackStep[] = [];
  if (usesForecast(policy)) {
    const absent = whyNoSignal(input, universe);
    const isFault = input.forecastResult.isFault === true;
    if (absent) attempts.push(failedAttempt('full', absent, isFault));
    if (isFault) return [];
    if (!absent) list.push(fromReturns(input, universe, 'full', () => universe.returns, policy.signalScale));
    list.push(fromReturns(input, universe, 'signal-off', () => universe.returns, 0));
  } else list.push(fromReturns(input, universe, 'full', () => universe.returns, 0));
  if (previous) {
    const before = () => windowReturns(universe.panel.upTo(previous.asOf), policy.covarianceLookbackSessions);
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
    propose: () => ({ weights, multipliers: null, uncapped: null, leastVariance: null }),
    covariance: () => null,
    exposureMax: policy.volatilityTarget === null ? 1 : Math.min(1, sum / (1 - policy.cashRatio)),
  };
}

function fromReturns(
  input: DecideInput,
  universe: Universe,
  fallbackLevel: FallbackLevel,
  read: () => WindowReturns,
  signalScale: number,
): FallbackStep {
  const { policy } = input;
  // Read once for both holdings, and only if this level is tried.
  let made: { returns: WindowReturns; covariance: Covariance } | undefined;
  const risk = () => {
    if (universe.members.length === 0) throw new UnusableDataError('no asset has usable prices');
    if (!made) {
      const returns = read();
      const covariance = staggeredCovariance(returns.history, (part) =>
        estimateCovariance(policy.covariance, part),
      );
      made = { returns, covariance };
    }
    return made;
  };
  return {
    fallbackLevel,
    covariance: () => risk().covariance,
    exposureMax: 1,
    propose(context) {
      const { returns, covariance } = risk();
      const signal = signalOf(input, universe, returns.common, signalScale);
      const estimates = {
        returns: returns.common,
        history: returns.history,
        covariance,
        periodsPerYear: policy.sessionsPerYear,
        signal,
        signalScale,
      };
      const { optimise } = allocatorNamed(policy.allocator);
      return orLeastVariance(optionsOf(input), (options) => {
        if (optimise) {
          const moments = momentsOf(estimates);
          return optimisedProposal(policy, universe, context, (limits) => optimise(moments, limits, options));
        }
        const bounds = proposalBounds(input, universe);
        const weights = allocate(policy.allocator, { ...estimates, bounds }, options);
        return {
          weights: scatter(universe, policy.symbols.length, weights),
          multipliers: null,
          uncapped: null,
          leastVariance: null,
        };
      });
    },
  };
}

/** The allocator's options; a risk-free rate it reads and is not given is the policy's. */
function optionsOf({ policy, panel }: DecideInput): AllocationOptions {
  const { allocator, allocatorOptions } = policy;
  const { options, needs } = allocatorNamed(allocator);
  const reads = 'riskFreeRate' in options.shape && needs.mean(allocatorOptions);
  if (!reads || allocatorOptions.riskFreeRate !== undefined) return allocatorOptions;
  return { ...allocatorOptions, riskFreeRate: riskFreePerSession(policy, panel) };
}

/**
 * Where nothing earns more than the risk-free rate there is no Sharpe ratio to take risk for: then as little risk is
 * taken as the limits let, and the reason is kept. Older estimates, in which something still earned, are not asked.
 */
function orLeastVariance(
  options: AllocationOptions,
  propose: (options: AllocationOptions) => Proposal,
): Proposal {
  try {
    return propose(options);
  } catch (error) {
    if (!(error instanceof AllocationError && error.reason === 'no-positive-mean')) throw error;
    const proposal = propose({ ...options, objective: 'min-variance' });
    return { ...proposal, leastVariance: `${error.message} These are the weights of least variance.` };
  }
}

/** A proposal sums to 1, before cash is set aside: bounds in its units. */
function proposalBounds({ policy }: DecideInput, { members, bounds }: Universe) {
  const investedRatio = 1 - policy.cashRatio;
  return {
    lower: members.map((i) => bounds[i]!.lower / investedRatio),
    upper: members.map((i) => Math.min(1, bounds[i]!.upper / investedRatio)),
  };
}

/**
 * The forecast means of the members, 0 without a forecast. Allocators that weigh by the forecast itself take it as the
 * model gave it; the others as simple returns, for they blend it with historical ones and add it up across assets.
 * A member that the forecast does not know has a neutral one, which moves nothing: the average of the known ones, or its
 * own history's mean where that is blended with.
 */
function signalOf(
  { forecastResult, policy }: DecideInput,
  { members }: Universe,
  returns: ReturnsMatrix,
  signalScale: number,
): number[] {
  const mean = signalScale > 0 ? forecastResult.forecast?.mean : undefined;
  if (!mean) return members.map(() => 0);
  const weighsBySignal = allocatorNamed(policy.allocator).needs.forecast;
  const values = weighsBySignal ? mean.values : simpleMeans(mean);
  const own = members.map((i) => values[i]!);
  const known = own.filter(Number.isFinite);
  if (known.length === own.length) return own;
  const average = known.reduce((sum, value) => sum + value, 0) / known.length;
  const history = weighsBySignal ? null : meanReturns(returns);
  return own.map((value, k) => (Number.isFinite(value) ? value : (history?.[k] ?? average)));
}

/** Members that a forecast in use has no value for; noted with the decision. */
export function unforecast(
  { forecastResult, policy }: Pick<DecideInput, 'forecastResult' | 'policy'>,
  { members }: Pick<Universe, 'members'>,
): QualityNote[] {
  const values = forecastResult.forecast?.mean?.values;
  return members
    .filter((i) => !Number.isFinite(values?.[i]))
    .map((i) => ({
      symbol: policy.symbols[i]!,
      kind: 'unforecast',
      sessions: 0,
      reason: 'the forecast has no value for it, so a neutral one was taken',
    }));
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
  const isKnown = (i: number) => Number.isFinite(forecast.mean?.values[i]);
  return universe.members.length === 0 || universe.members.some(isKnown)
    ? null
    : `the forecast has no finite value for any of ${universe.members.map((i) => policy.symbols[i]).join(', ')}`;
}
