import type { Session } from '../calendar/session.ts';
import type { ForecastResult } from '../forecast/forecast-result.ts';
import type { PricePanel } from '../market/panel.ts';
import type { DrawdownStatus } from '../portfolio/drawdown.ts';
import type { Holdings } from '../portfolio/holdings.ts';
import type { DecisionInputs, DecisionReason } from './decision.ts';
import type { PortfolioPolicy } from './policy.ts';

/** All a decision is made from. */
export type DecideInput = {
  asOf: Session;
  reason: DecisionReason;
  /** levels up to `asOf` and no further */
  panel: PricePanel;
  forecastResult: ForecastResult;
  holdings: Holdings;
  shadowHoldings: Holdings;
  drawdown: DrawdownStatus;
  /** the last decision's session and shadow targets; null before the first */
  previous: { asOf: Session; targets: readonly number[] } | null;
  policy: PortfolioPolicy;
  inputs: DecisionInputs;
};
