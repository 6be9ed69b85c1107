import { alignForecast } from '../forecast/forecast.ts';
import type { ForecastResult } from '../forecast/forecast-result.ts';
import { allowedExposure } from '../portfolio/drawdown.ts';
import { type Holdings, tradingTo } from '../portfolio/holdings.ts';
import { withoutCashProxy } from './cash-proxy.ts';
import { type Constrained, constrain, guardTargets } from './constraints.ts';
import type { DecideInput } from './decide-input.ts';
import type { BindingConstraint, Decision, FallbackAttempt, FallbackLevel } from './decision.ts';
import { type FallbackStep, failedAttempt, fallbackSteps, isForLowerLevel, unforecast } from './fallback.ts';
import { atWorth, type Bounds, type PortfolioPolicy, symbolsRead } from './policy.ts';
import type { Proposal } from './proposal.ts';
import { cleanUniverse, type Universe, universeSessions, unknownUniverse } from './universe.ts';
import { usesForecast } from './uses-forecast.ts';
import { scaleToVolatilityTarget } from './volatility-target.ts';

export type { DecideInput } from './decide-input.ts';

/** Sessions a panel must hold, `asOf` included, for `decide` to read the same numbers every time. */
export function decisionSessions(policy: PortfolioPolicy): number {
  // The age of a model is counted in the panel's sessions, so the panel must reach back beyond its expiry.
  return Math.max(universeSessions(policy), usesForecast(policy) ? policy.modelExpirySessions + 1 : 0);
}

/**
 * The one composition from prices and a forecast to target weights, used live and in walk-forward alike.
 * Pure: the same input gives the same Decision, bit for bit. When a part fails it steps down the fallback chain
 * (full, signal off, previous covariance, last good weights, hold) and says so. Only what optimiser, limits and data
 * have no answer to steps down; anything else, a guard that is broken among it, is a fault of the program: nothing of it
 * is trusted further, and what is held is held. It throws only when `panel` is not the policy's at `asOf`.
 */
export function decide(asked: DecideInput): Decision {
  const given = { ...asked, policy: atWorth(asked.policy, asked.inputs.portfolioValue) };
  const { asOf, policy } = given;
  if (given.panel.lastSession !== asOf)
    throw new Error(
      `decide as of ${asOf}: the price panel ends on ${given.panel.lastSession}; ingest that session`,
    );
  const unread = symbolsRead(policy).filter((symbol) => !given.panel.symbols.includes(symbol));
  if (unread.length > 0)
    throw new Error(
      `decide as of ${asOf}: the price panel has no ${unread.join(', ')}; expected the policy's symbols`,
    );
  const exposure = allowedExposure(given.drawdown, policy.drawdown);
  // The shadow portfolio never leaves the market for a drawdown, so it tells whether anything was ever invested.
  const isFirstInvestment = isEmpty(given.holdings) && isEmpty(given.shadowHoldings);
  const attempts: FallbackAttempt[] = [];
  const { input, universe, steps } = prepared(given, attempts);
  for (const step of steps) {
    const level = step.fallbackLevel;
    try {
      const live = targetsFor(input, universe, step, input.holdings, exposure, isFirstInvestment);
      const shadow = targetsFor(input, universe, step, input.shadowHoldings, 1, isFirstInvestment);
      attempts.push(
        ...notes(level, 'uncapped', live, shadow),
        ...notes(level, 'least-variance', live, shadow),
      );
      return compose(input, universe, level, attempts, exposure, live, shadow.targets);
    } catch (error) {
      const isFault = !isForLowerLevel(error);
      attempts.push(failedAttempt(level, (error as Error).message, isFault));
      if (isFault) break;
    }
  }
  const held = hold(input, exposure, universe.bounds);
  return compose(input, universe, 'hold', attempts, exposure, held, [...input.shadowHoldings.weights]);
}

/** What the levels start from. Where even that fails there is none to try, and nothing of the data is known. */
function prepared(given: DecideInput, attempts: FallbackAttempt[]) {
  const { policy, panel } = given;
  try {
    const input = { ...given, forecastResult: aligned(given.forecastResult, policy.symbols) };
    const universe = cleanUniverse(panel, policy);
    return { input, universe, steps: fallbackSteps(input, universe, attempts) };
  } catch (error) {
    attempts.push(failedAttempt('full', (error as Error).message, !isForLowerLevel(error)));
    return { input: given, universe: unknownUniverse(panel, policy), steps: [] };
  }
}

/** From here on the forecast is in the order of the policy's symbols. */
function aligned(result: ForecastResult, symbols: readonly string[]): ForecastResult {
  return { ...result, forecast: result.forecast && alignForecast(result.forecast, symbols) };
}

const isEmpty = ({ weights }: Holdings) => weights.every((weight) => weight === 0);

type Targets = Pick<Constrained, 'targets' | 'bounds' | 'binding'>;
type ProposalNotes = Pick<Proposal, 'uncapped' | 'leastVariance'>;

/** Targets of one set of holdings by one fallback step: proposed, constrained, scaled, guarded, the cash proxy filled. */
function targetsFor(
  input: DecideInput,
  universe: Universe,
  step: FallbackStep,
  holdings: Holdings,
  drawdownExposure: number,
  isFirstInvestment: boolean,
): Targets & ProposalNotes {
  const { policy, asOf } = input;
  const proposal = step.propose({ holdings, exposure: drawdownExposure, isFirstInvestment });
  const exposureMax = Math.min(drawdownExposure, step.exposureMax);
  const { bounds, cashProxy } = universe;
  const constrainedAt = (exposure: number) =>
    constrain(proposal, holdings, policy, { bounds, exposure, isFirstInvestment, cashProxy });
  const { targets, exposure } = scaleToVolatilityTarget(
    policy,
    universe,
    step.covariance(),
    exposureMax,
    constrainedAt,
  );
  guardTargets(targets, holdings, policy, `${policy.portfolio} as of ${asOf}`);
  const cuts: BindingConstraint[] = [];
  if (drawdownExposure < 1)
    cuts.push({ kind: 'exposure', name: 'drawdown', limit: drawdownExposure, multiplier: null });
  if (exposure < drawdownExposure)
    cuts.push({ kind: 'volatility', name: 'volatility', limit: policy.volatilityTarget!, multiplier: null });
  const { uncapped, leastVariance } = proposal;
  return { ...targets, binding: [...cuts, ...targets.binding], uncapped, leastVariance };
}

/** The last fallback level: keep what is held, cut only as far as the drawdown state demands. What is freed stays in cash. */
function hold({ holdings, policy }: DecideInput, exposure: number, limits: readonly Bounds[]): Targets {
  const atRisk = withoutCashProxy(holdings, policy).weights.reduce(
    (sum, weight) => sum + Math.abs(weight),
    0,
  );
  const investedMax = (1 - policy.cashRatio) * exposure;
  const share = exposure < 1 && atRisk > investedMax ? investedMax / atRisk : 1;
  const targets = holdings.weights.map((w, i) =>
    policy.symbols[i] === policy.cashProxySymbol ? w : w * share,
  );
  const bounds = limits.map(({ lower, upper }, i) => ({
    lower: Math.min(lower, targets[i]!),
    upper: Math.max(upper, targets[i]!),
  }));
  const cut = { kind: 'exposure', name: 'drawdown', limit: exposure, multiplier: null } as const;
  return { targets, bounds, binding: exposure < 1 ? [cut] : [] };
}

function compose(
  input: DecideInput,
  universe: Universe,
  fallbackLevel: FallbackLevel,
  attempts: FallbackAttempt[],
  exposureRatio: number,
  live: Targets,
  shadowTargets: number[],
): Decision {
  const { policy, holdings, forecastResult } = input;
  const trading = tradingTo(holdings, live.targets, policy.symbols, policy.costs);
  const forecast = fallbackLevel === 'full' && usesForecast(policy) ? forecastResult.forecast : null;
  const lines = policy.symbols.map((symbol, i) => ({
    symbol,
    held: holdings.weights[i]!,
    target: live.targets[i]!,
    trade: live.targets[i]! - holdings.weights[i]!,
    lower: live.bounds[i]!.lower,
    upper: live.bounds[i]!.upper,
    forecast: finiteOrNull(forecast?.mean?.values[i]),
    costRatio: trading.costs[i]!,
  }));
  return {
    portfolio: policy.portfolio,
    asOf: input.asOf,
    reason: input.reason,
    allocator: policy.allocator,
    fallbackLevel,
    fallbackReason: reasonOf(attempts),
    fallbackAttempts: attempts,
    lines,
    cash: { held: holdings.cash, target: 1 - live.targets.reduce((s, w) => s + w, 0) },
    turnoverOneWay: trading.turnoverOneWay,
    turnoverTwoWay: trading.turnoverTwoWay,
    costRatio: trading.costRatio,
    signalScale: forecast ? policy.signalScale : 0,
    binding: live.binding,
    drawdown: input.drawdown,
    exposureRatio,
    shadowTargets,
    quality: forecast ? [...universe.quality, ...unforecast(input, universe)] : universe.quality,
    inputs: input.inputs,
  };
}

/** What the optimiser had to do otherwise, for live and shadow holdings; once where the reason is the same. */
function notes(
  level: FallbackLevel,
  outcome: 'uncapped' | 'least-variance',
  ...[live, shadow]: [ProposalNotes, ProposalNotes]
): FallbackAttempt[] {
  const of = (made: ProposalNotes) => (outcome === 'uncapped' ? made.uncapped : made.leastVariance);
  const [ours, theirs] = [of(live), of(shadow)];
  const reasons = [ours, theirs !== null && theirs !== ours ? `shadow holdings: ${theirs}` : null];
  return reasons.flatMap((reason) => (reason === null ? [] : [{ level, outcome, reason, isFault: false }]));
}

/** Why each level that failed did, and why the least variance was taken; null where neither. */
const reasonOf = (attempts: readonly FallbackAttempt[]) =>
  attempts
    .filter(({ outcome }) => outcome !== 'uncapped')
    .map(({ level, reason }) => `${level}: ${reason}`)
    .join('; ') || null;

/** An asset left out of the universe may have a forecast that is no number. */
const finiteOrNull = (value: number | undefined) =>
  value !== undefined && Number.isFinite(value) ? value : null;
