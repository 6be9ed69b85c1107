import type { Session } from '../core/calendar/session.ts';
import type { DrawdownState } from '../core/portfolio/drawdown.ts';
import { decimal, longDate } from './format.ts';

/** What is told of prices that came otherwise, in letters and on pages alike. */
export type ToldRestatement = {
  fromSession: Session;
  effectBps: number;
  stateBefore: DrawdownState;
  stateAfter: DrawdownState;
  reason: string;
};

/** As a sentence without its end: what was restated, since when, by how much, and what state that leaves. */
export function restatementSentence(restated: ToldRestatement): string {
  const { fromSession, effectBps, stateBefore, stateAfter, reason } = restated;
  const sign = effectBps < 0 ? '-' : '+';
  const state = stateBefore === stateAfter ? '' : `; the drawdown state is ${stateAfter}, not ${stateBefore}`;
  return `Net asset value was restated by ${sign}${decimal(Math.abs(effectBps), 1)} basis points from ${longDate(fromSession)} on (${reason})${state}`;
}
