import type { ForecastResult } from '../../../src/core/forecast/forecast-result.ts';
import type { PricePanel } from '../../../src/core/market/panel.ts';
import type { DecideInput } from '../../../src/core/policy/decide.ts';
import type { Decision } from '../../../src/core/policy/decision.ts';
import type { PortfolioPolicy } from '../../../src/core/policy/policy.ts';
import {
  type DrawdownLimits,
  type DrawdownState,
  initialDrawdown,
} from '../../../src/core/portfolio/drawdown.ts';
import { emptyHoldings, type Holdings } from '../../../src/core/portfolio/holdings.ts';

/** Long-only, no cash, no cap, no limit, a short memory: 40 sessions of covariance, 41 of history. */
export function samplePolicy(
  symbols: readonly string[],
  changes: Partial<PortfolioPolicy> = {},
): PortfolioPolicy {
  return {
    portfolio: 'sample',
    symbols: [...symbols],
    sessionsPerYear: 252,
    allocator: 'signal-inverse-vol',
    allocatorOptions: {},
    covariance: 'sample',
    covarianceLookbackSessions: 40,
    signalScale: 0.5,
    modelExpirySessions: 30,
    bounds: { lower: 0, upper: 1 },
    boundsBySymbol: {},
    cashRatio: 0,
    cash: { ratePerYear: 0, proxySymbol: null },
    riskFreeRatePerYear: null,
    groups: [],
    grossExposureMax: null,
    volatilityTarget: null,
    cashProxySymbol: null,
    turnoverOneWayMax: null,
    noTradeBandRatio: 0,
    tradeRatio: 1,
    costs: {
      base: { commissionBps: 1, halfSpreadBps: 2, impactBps: 0, averageDailyValue: null },
      bySymbol: {},
      portfolioValue: 100_000,
    },
    drawdown: null,
    delisting: { afterSessions: 10, recoveryRatioBySymbol: {} },
    quality: { fillSessionsMax: 3, missingRatioMax: 0.05, historySessionsMin: 41 },
    ...changes,
  };
}

/** Re-entry by the shadow portfolio's loss alone, and in two steps; tests of the other ways widen it. */
export const sampleLimits: Extract<DrawdownLimits, { method: 'states' }> = {
  method: 'states',
  softRatio: 0.1,
  hardRatio: 0.2,
  reducedExposureRatio: 0.5,
  restoreRatio: 0.05,
  cooldownSessions: 5,
  reentryRatio: 0.1,
  recoverySessions: 4,
  recoveryRatio: 1,
  haltSessionsMax: null,
  recoverySteps: 2,
};

/** A forecast at the panel's end from its last 20 levels, so that it would see a future the panel showed. */
export function trendForecastResult(
  panel: PricePanel,
  symbols: readonly string[] = panel.symbols,
): ForecastResult {
  const row = panel.sessions.length - 1;
  return {
    forecast: {
      asOf: panel.lastSession,
      symbols: [...symbols],
      horizonSessions: 21,
      modelIds: { 'mean-return': 'naive:trend' },
      mean: {
        values: symbols.map((symbol) => {
          const levels = panel.column(symbol);
          return Math.log(levels[row]! / levels[Math.max(0, row - 20)]!) / 20;
        }),
        unit: 'log-return-per-session',
      },
    },
    trainedOn: panel.sessions[Math.max(0, row - 5)]!,
    reason: null,
  };
}

/** Everything `decide` reads, as of the panel's end, in state `normal` and with nothing held before. */
export function sampleInput(
  policy: PortfolioPolicy,
  panel: PricePanel,
  changes: Partial<DecideInput> = {},
): DecideInput {
  const asOf = panel.lastSession;
  return {
    asOf,
    reason: 'monthly',
    panel,
    forecastResult: trendForecastResult(panel, policy.symbols),
    holdings: emptyHoldings(policy.symbols.length),
    shadowHoldings: emptyHoldings(policy.symbols.length),
    drawdown: initialDrawdown(asOf, 1),
    previous: null,
    policy,
    inputs: { vintage: 'sample', modelId: null, configHash: 'sample', codeVersion: 'sample' },
    ...changes,
  };
}

export function inState(state: DrawdownState): DecideInput['drawdown'] {
  return { ...initialDrawdown('2010-01-01', 1), state };
}

/** Weights, and the rest in cash. */
export function holdingsOf(weights: readonly number[]): Holdings {
  return { weights: [...weights], cash: 1 - weights.reduce((sum, w) => sum + w, 0) };
}

export const targetsOf = (decision: Decision): number[] => decision.lines.map((line) => line.target);

/** A decision that asks for these weights, from `held`, and nothing else of note. */
export function sampleDecision(
  asOf: string,
  symbols: readonly string[],
  targets: readonly number[],
  shadowTargets: readonly number[] = targets,
  held: readonly number[] = symbols.map(() => 0),
): Decision {
  return {
    portfolio: 'sample',
    asOf,
    reason: 'monthly',
    allocator: 'equal',
    fallbackLevel: 'full',
    fallbackReason: null,
    fallbackAttempts: [],
    lines: symbols.map((symbol, i) => ({
      symbol,
      held: held[i]!,
      target: targets[i]!,
      trade: targets[i]! - held[i]!,
      lower: 0,
      upper: 1,
      forecast: null,
      costRatio: 0,
    })),
    cash: { held: holdingsOf(held).cash, target: holdingsOf(targets).cash },
    turnoverOneWay: 0,
    turnoverTwoWay: 0,
    costRatio: 0,
    signalScale: 0,
    binding: [],
    drawdown: initialDrawdown(asOf, 1),
    exposureRatio: 1,
    shadowTargets: [...shadowTargets],
    quality: [],
    inputs: { vintage: 'sample', modelId: null, configHash: 'sample', codeVersion: 'sample' },
  };
}
