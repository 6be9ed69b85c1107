import { isoInstant } from '../calendar/instant.ts';
import type { Session } from '../calendar/session.ts';
import { isRebalanceSession, newestClosed, type SchedulePlan } from './plan.ts';

/**
 * The month's rebalance sessions from the inception on that are never decided, because their fill had passed when the
 * portfolio was first started, at `registeredAt` in epoch milliseconds. The newest is made late where it may be.
 */
export function pastMonths(plan: SchedulePlan, registeredAt: number): Session[] {
  const { calendar, inception, lateSessionsMax } = plan;
  if (isoInstant(registeredAt).slice(0, 10) <= inception) return [];
  const newest = newestClosed(plan, registeredAt);
  if (newest === null) return [];
  const months = calendar.sessions(inception, newest).filter((session) => isRebalanceSession(plan, session));
  const last = months.at(-1);
  if (last === undefined) return [];
  const isStillMade = calendar.sessions(last, newest).length - 1 <= lateSessionsMax;
  return isStillMade ? months.slice(0, -1) : months;
}
