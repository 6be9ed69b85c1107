import type { DrawdownState } from '../core/portfolio/drawdown.ts';

/** What a valuation found, whoever reads it; each reader says in its own way of which session. */
export type ValuationFigures = {
  navGross: number;
  navNet: number;
  navShadow: number;
  driftOneWay: number;
  drawdownState: DrawdownState;
  drawdownRatio: number;
  highWaterMark: number;
};
