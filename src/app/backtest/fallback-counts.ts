import type { Session } from '../../core/calendar/session.ts';
import { type Decision, type FallbackLevel, fallbackLevels } from '../../core/policy/decision.ts';

/** How many decisions of a walk were made at one fallback level, and what the first of them says about it. */
export type FallbackCount = {
  level: FallbackLevel;
  decisions: number;
  firstAsOf: Session;
  /** null on `full` */
  firstReason: string | null;
};

/** The fallback levels decisions were made at, best first; levels that none was made at are left out. */
export function fallbackCounts(
  decisions: readonly Pick<Decision, 'asOf' | 'fallbackLevel' | 'fallbackReason'>[],
): FallbackCount[] {
  return fallbackLevels.flatMap((level) => {
    const made = decisions.filter(({ fallbackLevel }) => fallbackLevel === level);
    const first = made[0];
    if (!first) return [];
    return [{ level, decisions: made.length, firstAsOf: first.asOf, firstReason: first.fallbackReason }];
  });
}

/** True where nothing was ever decided but to hold what is held: the walk says nothing about the strategy. */
export const isAllHold = (counts: readonly FallbackCount[]): boolean =>
  counts.length > 0 && counts.every(({ level }) => level === 'hold');
