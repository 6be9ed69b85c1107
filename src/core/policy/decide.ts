import { type AllocatorName, allocate } from '../allocation/allocator.ts';
import { lastSessions, type ReturnsMatrix } from '../allocation/returns-matrix.ts';
import { estimateCovariance } from '../allocation/risk.ts';
import { simpleReturns } from '../features/returns.ts';
import type { Outlook } from '../forecast/outlook.ts';
import type { PricePanel } from '../market/panel.ts';
import { cleanPanel } from '../market/quality.ts';
import type { Session } from '../market/session.ts';
import { type Book, invested, tradingTo } from './book.ts';
import { constrain, guardWeights } from './constraints.ts';
import type { BindingConstraint, Decision, DecisionInputs, DecisionReason, Rung } from './decision.ts';
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

/** Allocators that read the forecast as returns; the others see it only through a covariance. */
const readsSignal: readonly AllocatorName[] = ['signal', 'signal-inverse-vol', 'mvo', 'cla'];

/** True when this policy's weights depend on a forecast. */
export function usesForecast(policy: PortfolioPolicy): boolean {
  return policy.signalScale > 0 && readsSignal.includes(policy.allocator);
}

/** Sessions a panel must hold, `asOf` included, for `decide` to read the same numbers every time. */
export function decisionSessions(policy: PortfolioPolicy): number {
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
  const first = input.previous === null;
  const failures: string[] = [];
  for (const attempt of attempts(input, universe, failures)) {
    try {
      const proposal = attempt.propose();
      const live = constrain(proposal, input.holdings, policy, universe.bounds, exposure, first);
      const shadow = constrain(proposal, input.shadowHoldings, policy, universe.bounds, 1, first);
      guard(live.targets, live.bounds, input);
      guard(shadow.targets, shadow.bounds, input);
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
  const cleaned = cleanPanel(panel.select(policy.symbols).last(decisionSessions(policy)), {
    ...policy.quality,
    windowSessions: policy.covarianceLookbackSessions,
  });
  const members = policy.symbols.flatMap((symbol, i) => (cleaned.panel.symbols.includes(symbol) ? [i] : []));
  const window = cleaned.panel.last(policy.covarianceLookbackSessions + 1);
  const bounds = boundsOf(policy).map((b, i) => (members.includes(i) ? b : { lower: 0, upper: 0 }));
  return { members, returns: simpleReturns(window), panel: cleaned.panel, bounds, quality: cleaned.notes };
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
        const before = simpleReturns(universe.panel.upTo(previous.asOf));
        const rows = Math.min(before.rows, policy.covarianceLookbackSessions);
        return propose(input, universe, lastSessions(before, rows), 0);
      },
    });
    const sum = previous.targets.reduce((s, w) => s + w, 0);
    if (sum > 0) list.push({ rung: 'last-good', propose: () => previous.targets.map((w) => w / sum) });
  }
  return list;
}

function whyNoSignal({ outlook, policy, panel }: DecideInput, universe: Universe): string | null {
  const { forecast, trainedOn } = outlook;
  if (!forecast || !trainedOn) return outlook.reason ?? 'there is no forecast';
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
  const weights = allocate(
    policy.allocator,
    {
      returns,
      covariance,
      signal: forecast
        ? universe.members.map((i) => forecast.meanLogReturn[forecast.symbols.indexOf(policy.symbols[i]!)]!)
        : universe.members.map(() => 0),
      signalScale,
      mean: forecast ? undefined : historicalMean(returns),
      bounds: {
        lower: universe.members.map((i) => universe.bounds[i]!.lower),
        upper: universe.members.map((i) => universe.bounds[i]!.upper),
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

function historicalMean({ rows, columns, values }: ReturnsMatrix): number[] {
  return Array.from({ length: columns }, (_, i) => {
    let sum = 0;
    for (let t = 0; t < rows; t += 1) sum += values[t * columns + i]!;
    return sum / rows;
  });
}

function guard(targets: readonly number[], bounds: readonly Bounds[], { asOf, policy }: DecideInput): void {
  const cash = 1 - targets.reduce((s, w) => s + w, 0);
  guardWeights(targets, cash, bounds, `${policy.portfolio} as of ${asOf}`);
  if (cash < -1e-9) throw new Error(`${policy.portfolio} as of ${asOf}: weights sum to ${1 - cash}, above 1`);
}

/** The last rung: keep what is held, cut only as far as the drawdown state demands. */
function hold(input: DecideInput, exposure: number, limits: readonly Bounds[]) {
  const weight = invested(input.holdings);
  const share = exposure < 1 && weight > exposure ? exposure / weight : 1;
  const targets = input.holdings.weights.map((w) => w * share);
  const bounds = limits.map(({ lower, upper }, i) => ({
    lower: Math.min(lower, targets[i]!),
    upper: Math.max(upper, targets[i]!),
  }));
  return { targets, bounds, binding: [] };
}

function compose(
  input: DecideInput,
  universe: Universe,
  rung: Rung,
  failures: readonly string[],
  exposureRatio: number,
  live: { targets: number[]; bounds: Bounds[]; binding: BindingConstraint[] },
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
    forecast: forecast?.meanLogReturn[forecast.symbols.indexOf(symbol)] ?? null,
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
