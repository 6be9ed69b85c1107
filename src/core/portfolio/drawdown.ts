import type { Session } from '../calendar/session.ts';

/** What a step of exposure may miss by rounding. */
const rounding = 1e-12;

export const drawdownStates = ['normal', 'reduced', 'halted', 'recovering'] as const;
export type DrawdownState = (typeof drawdownStates)[number];

/** How `halted` ends: in cash the NAV can never regain its mark, so the shadow portfolio and time decide. */
export type ReentryLimits = {
  /** `halted` may end only after this many sessions, and then once ... */
  cooldownSessions: number;
  /** ... the shadow portfolio's own loss is inside this ratio, ... */
  reentryRatio: number;
  /** ... or it has regained this share of its fall from mark to trough, ... */
  recoveryRatio: number;
  /** ... or so many sessions have passed; null: it waits for the shadow however long that takes */
  haltSessionsMax: number | null;
  /** exposure at the first step back */
  reducedExposureRatio: number;
  /** steps, evenly over `recoverySessions`, from `reducedExposureRatio` (the first) to full exposure (the last) */
  recoverySteps: number;
  /** `recovering` lasts this many sessions before full exposure returns */
  recoverySessions: number;
};

/**
 * Ratios are losses from the high-water mark of net NAV: 0.1 is ten per cent below it. `states`: exposure is full,
 * reduced or none, with hysteresis. `cushion`: it is proportional to what is left of the greatest loss (Grossman and
 * Zhou, 1993).
 */
export type DrawdownLimits = ReentryLimits &
  (
    | {
        method: 'states';
        /** at this loss exposure falls to `reducedExposureRatio` */
        softRatio: number;
        /** at this loss exposure falls to zero */
        hardRatio: number;
        /** `reduced` ends once the loss is back inside this ratio; below `softRatio`, so that it cannot chatter */
        restoreRatio: number;
      }
    | {
        method: 'cushion';
        /** D: at this loss exposure is zero */
        drawdownRatioMax: number;
        /** k in exposure = min(1, k (1 - loss / D)) */
        multiple: number;
        /** a decision beside the monthly one is made when exposure has moved this far from that last acted on */
        stepRatio: number;
      }
  );

export const reentryReasons = ['shadow-inside-ratio', 'shadow-recovered', 'sessions-passed'] as const;
export type ReentryReason = (typeof reentryReasons)[number];

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
  /** the shadow's least NAV since its mark; absent in older rows */
  shadowTrough?: number;
  /** exposure of the newest decision filled so far; null before any, absent in older rows */
  actedExposureRatio?: number | null;
  /** what let the portfolio in again when the mark was last rebased; absent in older rows */
  rebasedWhy?: ReentryReason | null;
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
    shadowTrough: nav,
    actedExposureRatio: null,
    rebasedWhy: null,
  };
}

/**
 * Steps the state by one revaluation. `acted` is the exposure of the decision filled at this session; null for none.
 * Without limits it only keeps the marks, and a state that limits left behind ends.
 * When `halted` ends, the mark is rebased to the present NAV, and session and reason are recorded.
 */
export function stepDrawdown(
  before: DrawdownStatus,
  session: Session,
  navNet: number,
  shadowNavNet: number,
  limits: DrawdownLimits | null,
  acted: number | null = null,
): DrawdownStatus {
  const marked = mark(before, navNet, shadowNavNet, acted ?? before.actedExposureRatio ?? null);
  const reason = before.state === 'halted' && limits ? reentry(marked, limits) : null;
  const state =
    limits === null ? 'normal' : before.state === 'halted' ? afterHalt(reason) : next(marked, limits);
  if (state === before.state) return marked;
  const entered = { ...marked, state, since: session, sessionsInState: 0 };
  if (reason === null) return entered;
  return { ...entered, highWaterMark: navNet, drawdownRatio: 0, rebasedOn: session, rebasedWhy: reason };
}

function mark(before: DrawdownStatus, nav: number, shadow: number, acted: number | null): DrawdownStatus {
  const highWaterMark = Math.max(before.highWaterMark, nav);
  const shadowHighWaterMark = Math.max(before.shadowHighWaterMark, shadow);
  // What an older row does not tell is taken as of that row.
  const trough = before.shadowTrough ?? before.shadowHighWaterMark * (1 - before.shadowDrawdownRatio);
  return {
    ...before,
    sessionsInState: before.sessionsInState + 1,
    highWaterMark,
    shadowHighWaterMark,
    drawdownRatio: 1 - nav / highWaterMark,
    shadowDrawdownRatio: 1 - shadow / shadowHighWaterMark,
    shadowTrough: shadow >= shadowHighWaterMark ? shadow : Math.min(trough, shadow),
    actedExposureRatio: acted,
    rebasedWhy: before.rebasedWhy ?? null,
  };
}

const afterHalt = (reason: ReentryReason | null): DrawdownState => (reason ? 'recovering' : 'halted');

/** Why a halted portfolio may go back in; null while it may not. */
function reentry(now: DrawdownStatus, limits: ReentryLimits): ReentryReason | null {
  if (now.sessionsInState < limits.cooldownSessions) return null;
  if (now.shadowDrawdownRatio <= limits.reentryRatio) return 'shadow-inside-ratio';
  const trough = now.shadowTrough!;
  const regained = now.shadowHighWaterMark * (1 - now.shadowDrawdownRatio) - trough;
  if (regained >= limits.recoveryRatio * (now.shadowHighWaterMark - trough)) return 'shadow-recovered';
  const { haltSessionsMax } = limits;
  return haltSessionsMax !== null && now.sessionsInState >= haltSessionsMax ? 'sessions-passed' : null;
}

function next(now: DrawdownStatus, limits: DrawdownLimits): DrawdownState {
  if (now.drawdownRatio >= (limits.method === 'cushion' ? limits.drawdownRatioMax : limits.hardRatio))
    return 'halted';
  const recovering = now.state === 'recovering' && now.sessionsInState < limits.recoverySessions;
  if (limits.method === 'cushion') {
    if (recovering) return 'recovering';
    return cushion(now, limits) < 1 ? 'reduced' : 'normal';
  }
  if (now.state === 'reduced') return now.drawdownRatio <= limits.restoreRatio ? 'normal' : 'reduced';
  if (now.drawdownRatio >= limits.softRatio) return 'reduced';
  return recovering ? 'recovering' : 'normal';
}

/** Grossman and Zhou's exposure at a loss, 0 to 1. */
const cushion = (
  { drawdownRatio }: DrawdownStatus,
  { multiple, drawdownRatioMax }: Extract<DrawdownLimits, { method: 'cushion' }>,
) => Math.min(1, Math.max(0, multiple * (1 - drawdownRatio / drawdownRatioMax)));

/** The share of the proposal a status allows, 0 to 1. */
export function allowedExposure(status: DrawdownStatus, limits: DrawdownLimits | null): number {
  if (limits === null) return 1;
  if (status.state === 'halted') return 0;
  const step = status.state === 'recovering' ? recoveryExposure(status, limits) : 1;
  if (limits.method === 'cushion') return Math.min(step, cushion(status, limits));
  return status.state === 'reduced' ? limits.reducedExposureRatio : step;
}

function recoveryExposure({ sessionsInState }: DrawdownStatus, limits: ReentryLimits): number {
  const { recoverySteps, recoverySessions, reducedExposureRatio } = limits;
  if (recoverySteps === 1) return 1;
  const parts = recoverySteps - 1;
  const done =
    sessionsInState === 0 ? 0 : Math.min(parts, Math.floor((sessionsInState * parts) / recoverySessions));
  return reducedExposureRatio + ((1 - reducedExposureRatio) * done) / parts;
}

/** The losses at which exposure begins to fall, and has fallen to none. */
export function lossesOf(limits: DrawdownLimits): { softRatio: number; hardRatio: number } {
  if (limits.method === 'states') return { softRatio: limits.softRatio, hardRatio: limits.hardRatio };
  const { drawdownRatioMax, multiple } = limits;
  return { softRatio: Math.max(0, drawdownRatioMax * (1 - 1 / multiple)), hardRatio: drawdownRatioMax };
}

/**
 * Whether `after`, the status stepped from `before`, asks for a decision beside the monthly one: a change of state or of
 * exposure does. A cushion's exposure moves every session, and asks once it is `stepRatio` from what was last acted on,
 * or has become none; a step back from a halt always asks.
 */
export function actsDifferently(
  before: DrawdownStatus,
  after: DrawdownStatus,
  limits: DrawdownLimits | null,
): boolean {
  const exposure = allowedExposure(after, limits);
  const exposureBefore = allowedExposure(before, limits);
  if (limits?.method !== 'cushion') return after.state !== before.state || exposure !== exposureBefore;
  const moved = Math.abs(exposure - (after.actedExposureRatio ?? exposureBefore));
  if (moved === 0) return false;
  return exposure === 0 || moved >= limits.stepRatio - rounding || isRecoveryStep(before, after, limits);
}

function isRecoveryStep(before: DrawdownStatus, after: DrawdownStatus, limits: ReentryLimits): boolean {
  if (before.state !== 'recovering' && after.state !== 'recovering') return false;
  return before.state !== after.state || recoveryExposure(before, limits) !== recoveryExposure(after, limits);
}
