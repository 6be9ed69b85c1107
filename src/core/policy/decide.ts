import { allowedExposure } from '../portfolio/drawdown.ts';
import { type Book, tradingTo } from '../portfolio/holdings.ts';
import { type Constrained, constrain, guardTargets, guardWeights } from './constraints.ts';
import type { DecideInput } from './decide-input.ts';
import type { BindingConstraint, Decision, Rung } from './decision.ts';
import { type Attempt, attempts } from './fallback.ts';
import { type Bounds, type PortfolioPolicy, safeIndex } from './policy.ts';
import { cleanUniverse, type Universe, universeSessions } from './universe.ts';
import { usesForecast } from './uses-forecast.ts';
import { calmed } from './volatility-target.ts';

export type { DecideInput } from './decide-input.ts';

/** Sessions a panel must hold, `asOf` included, for `decide` to read the same numbers every time. */
export function decisionSessions(policy: PortfolioPolicy): number {
  // The age of a model is counted in the panel's sessions, so the panel must reach back beyond its expiry.
  return Math.max(universeSessions(policy), usesForecast(policy) ? policy.modelExpirySessions + 1 : 0);
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
  const universe = cleanUniverse(input.panel, policy);
  const exposure = allowedExposure(input.drawdown.state, policy.drawdown);
  // The shadow portfolio never leaves the market for a drawdown, so it tells whether anything was ever invested.
  const first = isEmpty(input.holdings) && isEmpty(input.shadowHoldings);
  const failures: string[] = [];
  for (const attempt of attempts(input, universe, failures)) {
    try {
      const live = make(input, universe, attempt, input.holdings, exposure, first);
      const shadow = make(input, universe, attempt, input.shadowHoldings, 1, first);
      return compose(input, universe, attempt.rung, failures, exposure, live, shadow.targets);
    } catch (error) {
      failures.push(`${attempt.rung}: ${(error as Error).message}`);
    }
  }
  const held = hold(input, exposure, universe.bounds);
  return compose(input, universe, 'hold', failures, exposure, held, [...input.shadowHoldings.weights]);
}

const isEmpty = ({ weights }: Book) => weights.every((weight) => weight === 0);

type Made = Pick<Constrained, 'targets' | 'bounds' | 'binding'>;

/** One book's targets by one rung: proposed, constrained, scaled to the volatility target, guarded, and made safe. */
function make(
  input: DecideInput,
  universe: Universe,
  attempt: Attempt,
  holdings: Book,
  drawdownExposure: number,
  first: boolean,
): Made {
  const { policy, asOf } = input;
  const book = withoutSafe(holdings, policy);
  const proposal = attempt.propose({ book, exposure: drawdownExposure, first });
  const most = Math.min(drawdownExposure, attempt.exposureMax);
  const at = (exposure: number) => constrain(proposal, book, policy, universe.bounds, exposure, first);
  const { made, exposure } = calmed(policy, universe, attempt.covariance(), most, at);
  const where = `${policy.portfolio} as of ${asOf}`;
  guardTargets(made, book, where);
  const cuts: BindingConstraint[] = [];
  if (drawdownExposure < 1)
    cuts.push({ kind: 'exposure', name: 'drawdown', limit: drawdownExposure, multiplier: null });
  if (exposure < drawdownExposure)
    cuts.push({ kind: 'volatility', name: 'volatility', limit: policy.volatilityTarget!, multiplier: null });
  const safe = fillSafe({ ...made, binding: [...cuts, ...made.binding] }, universe, holdings, policy);
  guardWeights(safe.targets, 1 - safe.targets.reduce((s, w) => s + w, 0), safe.bounds, where);
  return safe;
}

/** What the limits see: the safe asset counts as the cash it stands in for. */
function withoutSafe(book: Book, policy: PortfolioPolicy): Book {
  const safe = safeIndex(policy);
  if (safe === null) return book;
  const weights = book.weights.map((weight, i) => (i === safe ? 0 : weight));
  return { weights, cash: book.cash + book.weights[safe]! };
}

/** What is left uninvested, beyond the cash that is always kept, goes to the safe asset. It follows no other trade. */
function fillSafe(made: Made, { safe }: Universe, holdings: Book, policy: PortfolioPolicy): Made {
  if (safe === null) return made;
  const most = 1 - policy.cashRatio;
  const rest = Math.min(most, Math.max(0, most - made.targets.reduce((s, w) => s + w, 0)));
  const held = holdings.weights[safe]!;
  const still = made.targets.every((target, i) => i === safe || target === holdings.weights[i]);
  const target = still && Math.abs(rest - held) / 2 < policy.noTradeBandRatio ? held : rest;
  return {
    ...made,
    targets: made.targets.map((weight, i) => (i === safe ? target : weight)),
    bounds: made.bounds.map((bound, i) => (i === safe ? { lower: 0, upper: Math.max(most, target) } : bound)),
  };
}

/** The last rung: keep what is held, cut only as far as the drawdown state demands. What is freed stays in cash. */
function hold({ holdings, policy }: DecideInput, exposure: number, limits: readonly Bounds[]): Made {
  const atRisk = withoutSafe(holdings, policy).weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
  const most = (1 - policy.cashRatio) * exposure;
  const share = exposure < 1 && atRisk > most ? most / atRisk : 1;
  const targets = holdings.weights.map((w, i) => (policy.symbols[i] === policy.safeSymbol ? w : w * share));
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
