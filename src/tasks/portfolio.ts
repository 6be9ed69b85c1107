import type { PriceSource } from '../adapters/prices/source.ts';
import type { Calendar } from '../core/calendar/calendar.ts';
import type { Session } from '../core/calendar/session.ts';
import { type ModelSpec, panelSymbols, sessionsRead } from '../core/forecast/model-spec.ts';
import type { FxPairs } from '../core/market/currency.ts';
import { decisionSessions } from '../core/policy/decide.ts';
import { type PortfolioPolicy, symbolsRead } from '../core/policy/policy.ts';
import type { SchedulePlan } from '../core/schedule/plan.ts';

/** One configured portfolio, wired: what every task of it reads. */
export type Portfolio = {
  id: string;
  policy: PortfolioPolicy;
  forecaster: ModelSpec | null;
  configHash: string;
  plan: SchedulePlan;
  source: PriceSource;
  /** the name bars are stored under */
  sourceName: string;
  historyStart: Session;
  /** the calendar a symbol trades on; its sessions need not be the portfolio's */
  calendarOf(symbol: string): Calendar;
  /** past an ingest's deadline, the least share of symbols with a bar to go on without the others */
  coverageRatioMin: number;
  currency: string;
  /** what leads from other currencies to the portfolio's */
  fx: FxPairs;
  portfolioValue: number;
  /** the source orders are priced by; null: the portfolio's own */
  priceSource: string | null;
  letter: { from: string; to: string[]; statusUrl: string | null };
};

/** Symbols of a decision's panel: the portfolio's, what its cash follows, and the market's where a feature reads it. */
export function decisiveSymbols({ policy, forecaster }: Portfolio): string[] {
  const symbols = symbolsRead(policy);
  return forecaster ? panelSymbols(forecaster, symbols) : symbols;
}

/** The series of exchange rates a portfolio's prices are converted by. */
export function rateSymbols({ fx }: Portfolio): string[] {
  return [...new Set(Object.values(fx).map(({ symbol }) => symbol))];
}

/** Symbols whose prices are needed: those of a decision's panel, and the rates that their prices are converted by. */
export function pricedSymbols(portfolio: Portfolio): string[] {
  return [...new Set([...decisiveSymbols(portfolio), ...rateSymbols(portfolio)])];
}

/** Sessions of prices one decision reads, its own included: always as many, so that it reads the same numbers. */
export function sessionsForDecision({ policy, forecaster }: Portfolio): number {
  return Math.max(decisionSessions(policy), forecaster ? sessionsRead(forecaster).inference : 0);
}

/** Sessions of prices a training reads, with those a first gap is filled from; 0 where nothing is trained. */
export function sessionsForTraining({ forecaster, policy }: Portfolio): number {
  return forecaster?.kind === 'network'
    ? sessionsRead(forecaster).training + policy.quality.fillSessionsMax
    : 0;
}

/** The first of the `count` sessions that end with `asOf`, or the first with prices. */
export function windowStart({ plan, historyStart }: Portfolio, asOf: Session, count: number): Session {
  let from = asOf;
  for (let back = 1; back < count && from > historyStart; back += 1) from = plan.calendar.previous(from);
  return from < historyStart ? plan.calendar.next(from) : from;
}
