import type { PricePanel } from '../market/panel.ts';
import { compoundedMeanReturns, simpleReturns } from '../risk/returns.ts';
import { UnusableDataError } from '../unusable-data-error.ts';
import type { PortfolioPolicy } from './policy.ts';

/**
 * The risk-free rate per session beside expected returns, which are yearly growth divided by the sessions of a year: the
 * policy's, else what cash earns, else the mean of the symbol that cash follows over the covariance window.
 */
export function riskFreePerSession(policy: PortfolioPolicy, panel: PricePanel): number {
  const { cash, sessionsPerYear, covarianceLookbackSessions } = policy;
  const rate = policy.riskFreeRatePerYear ?? (cash.proxySymbol === null ? cash.ratePerYear : null);
  if (rate !== null) return rate / sessionsPerYear;
  const own = panel.select([cash.proxySymbol!]).last(covarianceLookbackSessions + 1);
  const mean = compoundedMeanReturns(simpleReturns(own), sessionsPerYear)[0]!;
  if (Number.isFinite(mean)) return mean;
  throw new UnusableDataError(`${cash.proxySymbol}, which cash follows, has no returns in the window`);
}
