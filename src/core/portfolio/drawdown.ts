import type { Session } from '../calendar/session.ts';

export const drawdownStates = ['normal', 'reduced', 'halted', 'recovering'] as const;
export type DrawdownState = (typeof drawdownStates)[number];

/** Ratios are losses from the high-water mark of net NAV: 0.1 is ten per cent below it. */
export type DrawdownLimits = {
  /** at this loss exposure falls to `reducedExposureRatio` */
  softRatio: number;
  /** at this loss exposure falls to zero */
  hardRatio: number;
  reducedExposureRatio: number;
  /** `reduced` ends once the loss is back inside this ratio; below `softRatio`, so that it cannot chatter */
  restoreRatio: number;
  /** `halted` may end only after this many sessions ... */
  cooldownSessions: number;
  /** ... and once the shadow portfolio's own loss is inside this ratio */
  reentryRatio: number;
  /** `recovering` lasts this many sessions before full exposure returns */
  recoverySessions: number;
};

/** The state after one session, and all it needs to go on: it is stored as rows and read back after a restart. */
export type DrawdownStatus = {
  state: DrawdownState;
  /** the session the state was entered */
  since: Session;
  sessionsInState: number;
  highWaterMark: number;
  shadowHighWaterMark: number;
  /** loss of net NAV from its mark, 0 or more */
  drawdownRatio: number;
  shadowDrawdownRatio: number;
  /** the session the mark was last rebased on a re-entry; null if never */
  rebasedOn: Session | null;
};

/** The status a portfolio starts with, its mark at its first net asset value. */
export function initialDrawdown(session: Session, nav: number): DrawdownStatus {
  return {
    state: 'normal',
    since: session,
    sessionsInState: 0,
    highWaterMark: nav,
    shadowHighWaterMark: nav,
    drawdownRatio: 0,
    shadowDrawdownRatio: 0,
    rebasedOn: null,
  };
}

/**
 * Steps the state by one revaluation. Without limits it only keeps the marks.
 * In cash the NAV can never regain its mark, so `halted` ends by cool-down and by the shadow portfolio's recovery;
 * the mark is then rebased to the present NAV and the rebasing recorded (methods: policy around the weights).
 */
export function stepDrawdown(
  before: DrawdownStatus,
  session: Session,
  navNet: number,
  shadowNavNet: number,
  limits: DrawdownLimits | null,
): DrawdownStatus {
  const highWaterMark = Math.max(before.highWaterMark, navNet);
  const shadowHighWaterMark = Math.max(before.shadowHighWaterMark, shadowNavNet);
  const marked: DrawdownStatus = {
    ...before,
    sessionsInState: before.sessionsInState + 1,
    highWaterMark,
    shadowHighWaterMark,
    drawdownRatio: 1 - navNet / highWaterMark,
    shadowDrawdownRatio: 1 - shadowNavNet / shadowHighWaterMark,
  };
  if (limits === null) return marked;
  const state = nextState(marked, limits);
  if (state === before.state) return marked;
  const entered = { ...marked, state, since: session, sessionsInState: 0 };
  if (before.state !== 'halted') return entered;
  return { ...entered, highWaterMark: navNet, drawdownRatio: 0, rebasedOn: session };
}

function nextState(now: DrawdownStatus, limits: DrawdownLimits): DrawdownState {
  if (now.state === 'halted') {
    const cooled = now.sessionsInState >= limits.cooldownSessions;
    return cooled && now.shadowDrawdownRatio <= limits.reentryRatio ? 'recovering' : 'halted';
  }
  if (now.drawdownRatio >= limits.hardRatio) return 'halted';
  if (now.state === 'normal') return now.drawdownRatio >= limits.softRatio ? 'reduced' : 'normal';
  if (now.state === 'reduced') return now.drawdownRatio <= limits.restoreRatio ? 'normal' : 'reduced';
  if (now.drawdownRatio >= limits.softRatio) return 'reduced';
  return now.sessionsInState >= limits.recoverySessions ? 'normal' : 'recovering';
}

/** The share of the proposal a state allows, 0 to 1. */
export function allowedExposure(state: DrawdownState, limits: DrawdownLimits | null): number {
  if (limits === null || state === 'normal') return 1;
  return state === 'halted' ? 0 : limits.reducedExposureRatio;
}
