import { cashReturn } from '../accounting/cash-returns.ts';
import { lastReturnSessions } from '../accounting/last-returns.ts';
import { marketAt } from '../accounting/market.ts';
import { type Fill, openingValuation, revalue, type Valuation } from '../accounting/valuation.ts';
import type { Session } from '../calendar/session.ts';
import type { ForecastResult } from '../forecast/forecast-result.ts';
import type { PricePanel } from '../market/panel.ts';
import { decide, decisionSessions } from '../policy/decide.ts';
import type { Decision, DecisionReason } from '../policy/decision.ts';
import type { PortfolioPolicy } from '../policy/policy.ts';

export type WalkForward = {
  decisions: Decision[];
  valuations: Valuation[];
  fills: Fill[];
  /** what cash earned, for each valuation after the first */
  cashReturns: number[];
};

/**
 * Walks a policy forward over the panel's sessions from `inception` on, with the very `decide` and `revalue` that run
 * live: decided at a close from the panel cut there, filled at the next close, charged on drifted holdings.
 * `forecastAt` is given the cut panel and so cannot see further.
 */
export function walkForward(input: {
  panel: PricePanel;
  policy: PortfolioPolicy;
  inception: Session;
  isRebalanceSession(session: Session): boolean;
  forecastAt(panel: PricePanel): ForecastResult;
}): WalkForward {
  const { panel, policy } = input;
  const decisions: Decision[] = [];
  const valuations: Valuation[] = [];
  const fills: Fill[] = [];
  const cashReturns: number[] = [];
  const worthAt = ({ navNet }: Valuation) => policy.costs.portfolioValue * navNet;
  let pending: Decision | null = null;
  const first = panel.sessions.findIndex((session) => session >= input.inception);
  const sessions = first < 0 ? [] : panel.sessions.slice(first);
  for (const session of sessions) {
    const before = valuations.at(-1);
    const cut = panel.upTo(session);
    let asked: DecisionReason | null = null;
    if (before) {
      const cash = cashReturn(policy, cut.last(lastReturnSessions));
      cashReturns.push(cash);
      const market = marketAt(cut, policy.symbols, before, policy.delisting);
      const targets = decisions.at(-1)?.lines.map((line) => line.target) ?? null;
      const portfolioValue = worthAt(before);
      const step = revalue(before, session, market, pending, targets, policy, {
        portfolioValue,
        cashReturn: cash,
      });
      valuations.push(step.valuation);
      if (step.fill) fills.push(step.fill);
      if (market.closings.some((recovered) => recovered !== null)) asked = 'delisting';
      if (step.stateChanged) asked = 'drawdown';
    } else valuations.push(openingValuation(session, policy));
    pending = null;
    const reason = input.isRebalanceSession(session) ? 'monthly' : asked;
    if (reason === null) continue;
    const valuation = valuations.at(-1)!;
    const last = decisions.at(-1);
    pending = decide({
      asOf: session,
      reason,
      panel: cut.last(decisionSessions(policy)),
      forecastResult: input.forecastAt(cut),
      holdings: valuation.live,
      shadowHoldings: valuation.shadow,
      drawdown: valuation.drawdown,
      previous: last ? { asOf: last.asOf, targets: last.shadowTargets } : null,
      policy,
      inputs: {
        vintage: 'walk-forward',
        modelId: null,
        configHash: 'walk-forward',
        codeVersion: 'walk-forward',
        portfolioValue: worthAt(valuation),
      },
    });
    decisions.push(pending);
  }
  return { decisions, valuations, fills, cashReturns };
}
