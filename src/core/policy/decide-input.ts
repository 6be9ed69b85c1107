import type { Outlook } from '../forecast/outlook.ts';
import type { PricePanel } from '../market/panel.ts';
import type { Session } from '../market/session.ts';
import type { Book } from './book.ts';
import type { DecisionInputs, DecisionReason } from './decision.ts';
import type { DrawdownStatus } from './drawdown.ts';
import type { PortfolioPolicy } from './policy.ts';

/** All a decision is made from. */
export type DecideInput = {
  asOf: Session;
  reason: DecisionReason;
  /** levels up to `asOf` and no further */
  panel: PricePanel;
  outlook: Outlook;
  holdings: Book;
  shadowHoldings: Book;
  drawdown: DrawdownStatus;
  /** the last decision's session and shadow targets; null before the first */
  previous: { asOf: Session; targets: readonly number[] } | null;
  policy: PortfolioPolicy;
  inputs: DecisionInputs;
};
