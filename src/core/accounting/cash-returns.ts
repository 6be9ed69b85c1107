import type { PricePanel } from '../market/panel.ts';
import type { PortfolioPolicy } from '../policy/policy.ts';
import { ratePerSession } from '../portfolio/cash.ts';
import { lastReturns } from './last-returns.ts';

type CashPolicy = Pick<PortfolioPolicy, 'cash' | 'sessionsPerYear'>;

/**
 * Simple return of cash over the session at `row` of a panel, its last where none is named. A symbol it follows is in the
 * panel; a rate needs no panel.
 */
export function cashReturn(
  { cash, sessionsPerYear }: CashPolicy,
  panel: PricePanel | null,
  row?: number,
): number {
  if (cash.proxySymbol === null) return ratePerSession(cash.ratePerYear, sessionsPerYear);
  if (panel === null) throw new Error(`cash earns what ${cash.proxySymbol} does; expected its prices`);
  return lastReturns([panel.column(cash.proxySymbol)], row ?? panel.sessions.length - 1)[0]!;
}

/**
 * The risk-free returns beside `cashReturns`, one a session: the configured rate, else what cash has earned (Sharpe,
 * 1994: the difference from what the same money would have earned without risk).
 */
export function riskFreeReturns(
  { riskFreeRatePerYear, sessionsPerYear }: Pick<PortfolioPolicy, 'riskFreeRatePerYear' | 'sessionsPerYear'>,
  cashReturns: readonly number[],
): number[] {
  if (riskFreeRatePerYear === null) return [...cashReturns];
  const rate = ratePerSession(riskFreeRatePerYear, sessionsPerYear);
  return cashReturns.map(() => rate);
}
