import type { Session } from '../../core/calendar/session.ts';
import { type Performance, performance } from '../../core/evaluation/performance.ts';
import { type WalkForward, walkForward } from '../../core/evaluation/walk-forward.ts';
import type { Artefact } from '../../core/forecast/artefact.ts';
import { type ForecastResult, forecastFrom, noForecast } from '../../core/forecast/forecast-result.ts';
import { sessionsNeeded } from '../../core/forecast/forecaster-config.ts';
import type { Bar } from '../../core/market/bar.ts';
import { type PricePanel, panelFromBars } from '../../core/market/panel.ts';
import type { PortfolioPolicy } from '../../core/policy/policy.ts';
import { usesForecast } from '../../core/policy/uses-forecast.ts';
import { isRebalanceSession } from '../../core/schedule/plan.ts';
import { type Portfolio, panelSessions, pricedSymbols } from '../../tasks/portfolio.ts';
import { retrainingRequest, trainingSessions } from '../../tasks/retrain.ts';
import type { Trainer } from '../../tasks/services.ts';
import { UserError } from '../user-error.ts';

export { sessionsPerYear } from '../../core/evaluation/performance.ts';

/** One policy's walk, measured. */
export type Measured = {
  name: string;
  gross: Performance;
  net: Performance;
  turnoverTwoWay: number;
  costRatio: number;
  sessions: number;
  decisions: number;
  last: Session;
};

/** What is put side by side of a walk, live or tested. */
export type Compared = Omit<Measured, 'decisions' | 'last'>;

/** 1/N over the same symbols, months and costs: no forecast, no cap, no drawdown limit. */
export function equalPolicy(policy: PortfolioPolicy): PortfolioPolicy {
  return {
    ...policy,
    allocator: 'equal',
    bounds: { lower: 0, upper: 1 },
    boundsBySymbol: {},
    cashRatio: 0,
    turnoverOneWayMax: null,
    noTradeBandRatio: 0,
    drawdown: null,
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
  return measured(policy.allocator, walk);
}

function measured(name: string, { valuations, fills, decisions }: WalkForward): Measured {
  const after = valuations.slice(1);
  return {
    name,
    gross: performance(after.map((v) => v.returnGross)),
    net: performance(after.map((v) => v.returnNet)),
    turnoverTwoWay: fills.reduce((sum, fill) => sum + fill.turnoverTwoWay, 0),
    costRatio: fills.reduce((sum, fill) => sum + fill.costRatio, 0),
    sessions: after.length,
    decisions: decisions.length,
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
    const newest = models.findLast((model) => model.trainedOn <= cut.lastSession);
    return forecastFrom(newest ?? null, cut.last(panelSessions(portfolio)), portfolio.policy.quality);
  };
  return [
    measuredWalk(portfolio, portfolio.policy, panel, forecastAt),
    measuredWalk(portfolio, equalPolicy(portfolio.policy), panel, () =>
      noForecast('equal weight needs none'),
    ),
  ];
}

async function fetchPanel(portfolio: Portfolio, to: Session): Promise<PricePanel> {
  const { plan, source, historyStart, policy } = portfolio;
  const symbols = pricedSymbols(portfolio);
  const bars: Bar[] = [];
  for (const symbol of symbols) bars.push(...(await source.fetchBars(symbol, historyStart, to)).bars);
  const newest = bars.reduce((latest, bar) => (bar.session > latest ? bar.session : latest), '');
  const sessions = plan.calendar.sessions(historyStart, newest < to ? newest : to);
  const training = usesForecast(policy) ? sessionsNeeded(portfolio.forecaster!).training : 0;
  const needed = Math.max(policy.quality.historySessionsMin, training);
  const before = sessions.filter((session) => session <= plan.inception).length;
  if (before < needed)
    throw new UserError(
      `the walk begins on ${plan.inception} with ${before} sessions of prices before it; expected ${needed}: begin later (--from) or fetch more (historyStart)`,
    );
  return panelFromBars(bars, sessions, symbols, () => source.basis);
}

async function trainAll(portfolio: Portfolio, trainer: Trainer, panel: PricePanel): Promise<Artefact[]> {
  const step = portfolio.plan.retrainEverySessions!;
  const walked = panel.sessions.filter((session) => session >= portfolio.plan.inception);
  const trained = walked
    .filter((_, i) => i % step === 0)
    .map((session) =>
      trainer.train(retrainingRequest(portfolio, panel.upTo(session).last(trainingSessions(portfolio)))),
    );
  return (await Promise.all(trained)).map(({ artefact }) => artefact);
}
