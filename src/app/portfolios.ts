import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { csvSource } from '../adapters/prices/csv/csv.ts';
import type { PriceSource } from '../adapters/prices/source.ts';
import { yahooSource } from '../adapters/prices/yahoo/yahoo.ts';
import { calendarByName } from '../core/calendar/calendars.ts';
import type { Session } from '../core/calendar/session.ts';
import type { SchedulePlan } from '../core/schedule/plan.ts';
import type { Portfolio } from '../tasks/portfolio.ts';
import { forecasterOf, policyOf, portfolioBody } from './config/load.ts';
import type { Config, PortfolioConfig, SourceConfig } from './config/schema.ts';

/** Where a configured source's prices come from. */
export function sourceOf(source: SourceConfig, log: Pick<Logger, 'warn'>, signal?: AbortSignal): PriceSource {
  if (source.kind === 'file')
    return csvSource({
      path: source.path,
      basis: source.basis,
      onRead: ({ path, warnings }) => {
        for (const warning of warnings) log.warn({ file: path }, warning);
      },
    });
  return yahooSource({
    ...(source.baseUrl ? { baseUrl: source.baseUrl } : {}),
    timeoutMs: source.timeoutSeconds * 1000,
    requestsPerSecond: source.requestsPerSecond,
    attemptsMax: 3,
    now: Date.now, // a rate is kept in real time, in a replay too
    wait: (ms) => delay(ms, undefined, signal ? { signal } : {}),
    log,
    ...(signal ? { signal } : {}),
  });
}

/** A configured portfolio with its calendar, plan and source; `inception` is moved to the next session if it is none. */
export function wirePortfolio(
  config: Config,
  portfolio: PortfolioConfig,
  source: PriceSource,
  inception: Session,
): Portfolio {
  const calendar = calendarByName(portfolio.calendar);
  return {
    id: portfolio.id,
    policy: policyOf(portfolio, calendar),
    forecaster: forecasterOf(portfolio),
    configHash: portfolioBody(portfolio, config.sources).hash,
    plan: planOf(config, portfolio, inception),
    source,
    sourceName: portfolio.source,
    historyStart: portfolio.historyStart,
    calendarOf: () => calendar,
    coverageRatioMin: portfolio.coverageRatioMin,
    belief: portfolio.belief,
    rawAnswerDays: config.archive.retentionDays,
    currency: portfolio.currency,
    fx: portfolio.fx,
    portfolioValue: portfolio.portfolioValue,
    priceSource: portfolio.orders.priceSource,
    letter: portfolio.letter,
  };
}

/** When a configured portfolio's tasks fall, from `inception`, or the next session if it is none. */
export function planOf({ schedule }: Config, portfolio: PortfolioConfig, inception: Session): SchedulePlan {
  const calendar = calendarByName(portfolio.calendar);
  return {
    portfolio: portfolio.id,
    calendar,
    inception: calendar.isSession(inception) ? inception : calendar.next(inception),
    graceMinutes: schedule.graceMinutes,
    rebalanceOn: portfolio.rebalanceOn,
    lateSessionsMax: schedule.lateSessionsMax,
    retrainEverySessions: portfolio.forecaster?.kind === 'network' ? portfolio.forecaster.stepSessions : null,
    ingestDeadlineMinutes: schedule.ingestDeadlineMinutes,
    retrainDeadlineMinutes: schedule.retrainDeadlineMinutes,
  };
}
