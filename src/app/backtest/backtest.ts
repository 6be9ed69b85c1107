import { riskFreeReturns } from '../../core/accounting/cash-returns.ts';
import type { Session } from '../../core/calendar/session.ts';
import { annualised, type Performance, performance } from '../../core/evaluation/performance.ts';
import { type WalkForward, walkForward } from '../../core/evaluation/walk-forward.ts';
import type { Artefact } from '../../core/forecast/artefact.ts';
import {
  type ForecastResult,
  forecastFrom,
  forecastNaively,
  noForecast,
} from '../../core/forecast/forecast-result.ts';
import { sessionsRead } from '../../core/forecast/model-spec.ts';
import type { PricePanel } from '../../core/market/panel.ts';
import type { StoredBar } from '../../core/market/stored-bars.ts';
import { equalWeightPolicy } from '../../core/policy/benchmark.ts';
import type { PortfolioPolicy } from '../../core/policy/policy.ts';
import { usesForecast } from '../../core/policy/uses-forecast.ts';
import { isRebalanceSession, trainingSessions } from '../../core/schedule/plan.ts';
import { fetchQuoted, panelOf } from '../../tasks/panel.ts';
import {
  type Portfolio,
  pricedSymbols,
  rateSymbols,
  sessionsForDecision,
  sessionsForTraining,
} from '../../tasks/portfolio.ts';
import { retrainingRequest } from '../../tasks/retrain.ts';
import type { Trainer } from '../../tasks/services.ts';
import { UserError } from '../user-error.ts';
import { type FallbackCount, fallbackCounts } from './fallback-counts.ts';

/** One policy's walk, measured. */
export type Measured = {
  name: string;
  /** what the figures are annualised by */
  sessionsPerYear: number;
  /** what Sharpe and Sortino are over: as configured, else what cash has earned */
  riskFreeRatePerYear: number;
  gross: Performance;
  net: Performance;
  turnoverTwoWay: number;
  costRatio: number;
  sessions: number;
  decisions: number;
  /** the fallback levels they were made at, and why */
  fallbacks: FallbackCount[];
  last: Session;
};

/** What is put side by side of a walk, live or tested. */
export type Compared = Omit<Measured, 'decisions' | 'fallbacks' | 'last'>;

/** Gross and net measures of valuations, over what was risk-free meanwhile; `cashReturns` are of the same sessions. */
export function measuredReturns(
  policy: Pick<PortfolioPolicy, 'sessionsPerYear' | 'riskFreeRatePerYear'>,
  valued: readonly { returnGross: number; returnNet: number }[],
  cashReturns: readonly number[],
): Pick<Measured, 'sessionsPerYear' | 'riskFreeRatePerYear' | 'gross' | 'net'> {
  const { sessionsPerYear } = policy;
  const riskFree = riskFreeReturns(policy, cashReturns);
  const measure = (returns: readonly number[]) => performance(returns, sessionsPerYear, riskFree);
  return {
    sessionsPerYear,
    riskFreeRatePerYear: annualised(riskFree, sessionsPerYear),
    gross: measure(valued.map(({ returnGross }) => returnGross)),
    net: measure(valued.map(({ returnNet }) => returnNet)),
  };
}

/** Walks one policy of a portfolio over a panel and measures it. */
export function measuredWalk(
  portfolio: Portfolio,
  policy: PortfolioPolicy,
  panel: PricePanel,
  forecastAt: (panel: PricePanel) => ForecastResult,
): Measured {
  const walk = walkForward({
    panel,
    policy,
    inception: portfolio.plan.inception,
    isRebalanceSession: (session) => isRebalanceSession(portfolio.plan, session),
    forecastAt,
  });
  return measured(policy, walk);
}

function measured(policy: PortfolioPolicy, walk: WalkForward): Measured {
  const { valuations, fills, decisions, cashReturns } = walk;
  const after = valuations.slice(1);
  return {
    name: policy.allocator,
    ...measuredReturns(policy, after, cashReturns),
    turnoverTwoWay: fills.reduce((sum, fill) => sum + fill.turnoverTwoWay, 0),
    costRatio: fills.reduce((sum, fill) => sum + fill.costRatio, 0),
    sessions: after.length,
    decisions: decisions.length,
    fallbacks: fallbackCounts(decisions),
    last: valuations.at(-1)!.session,
  };
}

/**
 * Walks a configured portfolio forward from its plan's inception to `to`, beside equal weight: networks are trained
 * every step on the window that ends there and nowhere later, several at a time. Needs no database.
 */
export async function backtest(portfolio: Portfolio, trainer: Trainer, to: Session): Promise<Measured[]> {
  const panel = await fetchPanel(portfolio, to);
  const models = usesForecast(portfolio.policy) ? await trainAll(portfolio, trainer, panel) : [];
  const forecastAt = (cut: PricePanel): ForecastResult => {
    if (!usesForecast(portfolio.policy)) return noForecast('the allocator reads no forecast');
    const { forecaster, policy } = portfolio;
    const read = cut.last(sessionsForDecision(portfolio));
    if (forecaster?.kind === 'naive')
      return forecastNaively(forecaster, read, policy.symbols, policy.quality);
    const newest = models.findLast((model) => model.trainedOn <= cut.lastSession);
    return forecastFrom(newest ?? null, read, policy.quality);
  };
  return [
    measuredWalk(portfolio, portfolio.policy, panel, forecastAt),
    measuredWalk(portfolio, equalWeightPolicy(portfolio.policy), panel, () =>
      noForecast('equal weight needs none'),
    ),
  ];
}

async function fetchPanel(portfolio: Portfolio, to: Session): Promise<PricePanel> {
  const { plan, historyStart, policy } = portfolio;
  const bars: StoredBar[] = [];
  for (const symbol of pricedSymbols(portfolio))
    bars.push(...(await fetchQuoted(portfolio, symbol, historyStart, to, Number.POSITIVE_INFINITY)));
  const rates = new Set(rateSymbols(portfolio)); // they go on where nothing else trades
  const traded = bars.filter((bar) => !rates.has(bar.symbol));
  const newest = traded.reduce((latest, bar) => (bar.session > latest ? bar.session : latest), '');
  const sessions = plan.calendar.sessions(historyStart, newest < to ? newest : to);
  const { training, inference } = usesForecast(policy)
    ? sessionsRead(portfolio.forecaster!)
    : { training: 0, inference: 0 };
  const needed = Math.max(policy.quality.historySessionsMin, training, inference);
  const before = sessions.filter((session) => session <= plan.inception).length;
  if (before < needed)
    throw new UserError(
      `the walk begins on ${plan.inception} with ${before} sessions of prices before it; expected ${needed}: begin later (--from) or fetch more (historyStart)`,
    );
  return panelOf(portfolio, bars, sessions);
}

async function trainAll(portfolio: Portfolio, trainer: Trainer, panel: PricePanel): Promise<Artefact[]> {
  const { plan } = portfolio;
  const trained = trainingSessions(plan, plan.inception, panel.lastSession).map((session) =>
    trainer.train(retrainingRequest(portfolio, panel.upTo(session).last(sessionsForTraining(portfolio)))),
  );
  return (await Promise.all(trained)).map(({ artefact }) => artefact);
}
