import { allocate } from '../allocation/allocator.ts';
import type { ReturnsMatrix } from '../allocation/returns-matrix.ts';
import { estimateCovariance } from '../allocation/risk.ts';
import { simpleReturns } from '../features/returns.ts';
import type { Outlook } from '../forecast/outlook.ts';
import type { PricePanel } from '../market/panel.ts';
import { cleanPanel } from '../market/quality.ts';
import type { Session } from '../market/session.ts';
import { type Book, invested, tradingTo } from './book.ts';
import { type Constrained, constrain, guardTargets } from './constraints.ts';
import type { Decision, DecisionInputs, DecisionReason, Rung } from './decision.ts';
import { allowedExposure, type DrawdownStatus } from './drawdown.ts';
import { type Bounds, boundsOf, type PortfolioPolicy } from './policy.ts';

export type DecideInput = {
  asOf: Session;
  reason: DecisionReason;
  /** levels up to `asOf` and no further */
  panel: PricePanel;
  outlook: Outlook;
  holdings: Book;
  shadowHoldings: Book;
  drawdown: DrawdownStatus;
  /** the last decision's session and shadow targets; null before the first */
  previous: { asOf: Session; targets: readonly number[] } | null;
  policy: PortfolioPolicy;
  inputs: DecisionInputs;
};

/**
 * True when this policy's weights depend on a forecast. `mvo` and `cla` take history as their mean where there is no
 * forecaster, and need no mean at all for the least variance.
 */
export function usesForecast(policy: PortfolioPolicy): boolean {
  const { allocator, allocatorOptions, signalScale, modelExpirySessions } = policy;
  if (signalScale === 0) return false;
  if (allocator === 'signal' || allocator === 'signal-inverse-vol') return true;
  const readsMean = (allocatorOptions.objective ?? 'min-variance') !== 'min-variance';
  return (allocator === 'mvo' || allocator === 'cla') && readsMean && modelExpirySessions > 0;
}

/** Sessions a panel must hold, `asOf` included, for `decide` to read the same numbers every time. */
export function decisionSessions(policy: PortfolioPolicy): number {
  // The age of a model is counted in the panel's sessions, so the panel must reach back beyond its expiry.
  return Math.max(universeSessions(policy), usesForecast(policy) ? policy.modelExpirySessions + 1 : 0);
}

/** Sessions of prices the weights are made from, with those a first gap is filled from. */
function universeSessions(policy: PortfolioPolicy): number {
  const history = Math.max(policy.covarianceLookbackSessions, policy.quality.historySessionsMin);
  return history + 1 + policy.quality.fillSessionsMax;
}

/**
 * The one composition from prices and a forecast to target weights, used live and in walk-forward alike.
 * Pure: the same input gives the same Decision, bit for bit. When a part fails it steps down the ladder
 * (full, signal off, previous covariance, last good weights, hold) and says so; it throws only when `panel`
 * is not the panel of `asOf`.
 */
export function decide(input: DecideInput): Decision {
  const { asOf, policy } = input;
  if (input.panel.lastSession !== asOf)
    throw new Error(
      `decide as of ${asOf}: the price panel ends on ${input.panel.lastSession}; ingest that session`,
    );
  const universe = cleanUniverse(input);
  const exposure = allowedExposure(input.drawdown.state, policy.drawdown);
  // The shadow portfolio never leaves the market for a drawdown, so it tells whether anything was ever invested.
  const first = invested(input.shadowHoldings) === 0;
  const failures: string[] = [];
  for (const attempt of attempts(input, universe, failures)) {
    try {
      const proposal = attempt.propose();
      const live = constrain(proposal, input.holdings, policy, universe.bounds, exposure, first);
      const shadow = constrain(proposal, input.shadowHoldings, policy, universe.bounds, 1, first);
      guardTargets(live, input.holdings, `${policy.portfolio} as of ${asOf}`);
      guardTargets(shadow, input.shadowHoldings, `the shadow of ${policy.portfolio} as of ${asOf}`);
      return compose(input, universe, attempt.rung, failures, exposure, live, shadow.targets);
    } catch (error) {
      failures.push(`${attempt.rung}: ${(error as Error).message}`);
    }
  }
  const held = hold(input, exposure, universe.bounds);
  return compose(input, universe, 'hold', failures, exposure, held, [...input.shadowHoldings.weights]);
}

type Universe = {
  /** indices into the policy's symbols of the assets whose data may be used */
  members: number[];
  returns: ReturnsMatrix;
  panel: PricePanel;
  bounds: Bounds[];
  quality: Decision['quality'];
};

function cleanUniverse({ panel, policy }: DecideInput): Universe {
  const cleaned = cleanPanel(panel.select(policy.symbols).last(universeSessions(policy)), {
    ...policy.quality,
    windowSessions: policy.covarianceLookbackSessions + 1,
  });
  const members = policy.symbols.flatMap((symbol, i) => (cleaned.panel.symbols.includes(symbol) ? [i] : []));
  const returns = commonReturns(cleaned.panel, policy.covarianceLookbackSessions);
  const bounds = boundsOf(policy).map((b, i) => (members.includes(i) ? b : { lower: 0, upper: 0 }));
  return { members, returns, panel: cleaned.panel, bounds, quality: cleaned.notes };
}

/** Simple returns of the panel's last `count` sessions, or of as many as all its symbols have levels for. */
function commonReturns(panel: PricePanel, count: number): ReturnsMatrix {
  const window = panel.last(count + 1);
  const start = window.levels.reduce(
    (latest, levels) => Math.max(latest, levels.findIndex(Number.isFinite)),
    0,
  );
  return simpleReturns(window.last(window.sessions.length - start));
}

type Attempt = { rung: Rung; propose: () => number[] };

/** The rungs to try, best first. A rung that cannot even be tried records why. */
function attempts(input: DecideInput, universe: Universe, failures: string[]): Attempt[] {
  const { policy, previous } = input;
  const list: Attempt[] = [];
  if (usesForecast(policy)) {
    const absent = whyNoSignal(input, universe);
    if (absent) failures.push(`full: ${absent}`);
    else
      list.push({
        rung: 'full',
        propose: () => propose(input, universe, universe.returns, policy.signalScale),
      });
    list.push({ rung: 'signal-off', propose: () => propose(input, universe, universe.returns, 0) });
  } else list.push({ rung: 'full', propose: () => propose(input, universe, universe.returns, 0) });
  if (previous) {
    list.push({
      rung: 'previous-covariance',
      propose: () => {
        const before = universe.panel.upTo(previous.asOf);
        return propose(input, universe, commonReturns(before, policy.covarianceLookbackSessions), 0);
      },
    });
    const sum = previous.targets.reduce((s, w) => s + w, 0);
    if (sum > 0) list.push({ rung: 'last-good', propose: () => previous.targets.map((w) => w / sum) });
  }
  return list;
}

function whyNoSignal({ asOf, outlook, policy, panel }: DecideInput, universe: Universe): string | null {
  const { forecast, trainedOn } = outlook;
  if (!forecast || !trainedOn) return outlook.reason ?? 'there is no forecast';
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

/** Weights over all of the policy's symbols; assets outside the universe get 0. */
function propose(
  input: DecideInput,
  universe: Universe,
  returns: ReturnsMatrix,
  signalScale: number,
): number[] {
  const { policy } = input;
  if (universe.members.length === 0) throw new Error('no asset has usable prices');
  const forecast = signalScale > 0 ? input.outlook.forecast : null;
  const covariance = estimateCovariance(policy.covariance, returns);
  // A proposal sums to 1, before cash is set aside: bounds in its units.
  const investedRatio = 1 - policy.cashRatio;
  const weights = allocate(
    policy.allocator,
    {
      returns,
      covariance,
      signal: forecast
        ? universe.members.map((i) => forecast.meanLogReturn[forecast.symbols.indexOf(policy.symbols[i]!)]!)
        : universe.members.map(() => 0),
      signalScale,
      bounds: {
        lower: universe.members.map((i) => universe.bounds[i]!.lower / investedRatio),
        upper: universe.members.map((i) => Math.min(1, universe.bounds[i]!.upper / investedRatio)),
      },
    },
    policy.allocatorOptions,
  );
  const all = new Array<number>(policy.symbols.length).fill(0);
  universe.members.forEach((i, k) => {
    all[i] = weights[k]!;
  });
  return all;
}

type Made = Pick<Constrained, 'targets' | 'bounds' | 'binding'>;

/** The last rung: keep what is held, cut only as far as the drawdown state demands. */
function hold(input: DecideInput, exposure: number, limits: readonly Bounds[]): Made {
  const weight = invested(input.holdings);
  const share = exposure < 1 && weight > exposure ? exposure / weight : 1;
  const targets = input.holdings.weights.map((w) => w * share);
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
  rung: Rung,
  failures: readonly string[],
  exposureRatio: number,
  live: Made,
  shadowTargets: number[],
): Decision {
  const { policy, holdings, outlook } = input;
  const trading = tradingTo(holdings, live.targets, policy.symbols, policy.costs);
  const forecast = rung === 'full' && usesForecast(policy) ? outlook.forecast : null;
  const lines = policy.symbols.map((symbol, i) => ({
    symbol,
    held: holdings.weights[i]!,
    target: live.targets[i]!,
    trade: live.targets[i]! - holdings.weights[i]!,
    lower: live.bounds[i]!.lower,
    upper: live.bounds[i]!.upper,
    forecast: finiteOrNull(forecast?.meanLogReturn[forecast.symbols.indexOf(symbol)]),
    costRatio: trading.costs[i]!,
  }));
  return {
    portfolio: policy.portfolio,
    asOf: input.asOf,
    reason: input.reason,
    allocator: policy.allocator,
    rung,
    rungReason: rung === 'full' ? null : failures.join('; '),
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
    quality: universe.quality,
    inputs: input.inputs,
  };
}

/** An asset left out of the universe may have a forecast that is no number. */
const finiteOrNull = (value: number | undefined) =>
  value !== undefined && Number.isFinite(value) ? value : null;
