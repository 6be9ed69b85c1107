import type { Calendar } from '../calendar/calendar.ts';
import { minuteMs } from '../calendar/milliseconds.ts';
import type { Session } from '../calendar/session.ts';
import type { Slot, TaskName } from './slot.ts';

/** When a portfolio's tasks fall. Slots come from the exchange calendar, never from cron fields. */
export type SchedulePlan = {
  portfolio: string;
  calendar: Calendar;
  /** the first session with slots */
  inception: Session;
  /** a bar is taken for final this long after the close */
  graceMinutes: number;
  rebalanceOn: 'first-session' | 'last-session';
  /** a rebalance missed by at most this many sessions is made late, as of the newest session */
  lateSessionsMax: number;
  /** sessions from one training to the next; null where nothing is trained */
  retrainEverySessions: number | null;
  ingestDeadlineMinutes: number;
  retrainDeadlineMinutes: number;
};

/** The newest session whose close and grace have passed at `now`; null when none since inception has. */
export function newestClosed(
  plan: Pick<SchedulePlan, 'calendar' | 'graceMinutes' | 'inception'>,
  now: number,
): Session | null {
  const { calendar } = plan;
  const today = new Date(now).toISOString().slice(0, 10);
  let session = calendar.previous(calendar.next(today));
  while (calendar.closeAt(session) + plan.graceMinutes * minuteMs > now) session = calendar.previous(session);
  return session < plan.inception ? null : session;
}

/** True when `session` is the month's rebalance session. */
export function isRebalanceSession(plan: SchedulePlan, session: Session): boolean {
  const other =
    plan.rebalanceOn === 'last-session' ? plan.calendar.next(session) : plan.calendar.previous(session);
  return other.slice(0, 7) !== session.slice(0, 7);
}

/** The sessions from `from` to `to` that end with a training: inception, and every so many sessions after it. */
export function trainingSessions(
  { calendar, inception, retrainEverySessions }: SchedulePlan,
  from: Session,
  to: Session,
): Session[] {
  if (retrainEverySessions === null) return [];
  return calendar
    .sessions(inception, to)
    .filter((session, i) => i % retrainEverySessions === 0 && session >= from);
}

/**
 * Every slot due at `now` for sessions after `after` (null: from inception on), ascending by session.
 * After a downtime: every session is ingested and revalued; only the newest training is due; only the newest
 * monthly rebalance is due, moved to the newest session when its own fill has already passed, and not at all when it
 * is later than `lateSessionsMax`.
 */
export function dueSlots(plan: SchedulePlan, after: Session | null, now: number): Slot[] {
  const newest = newestClosed(plan, now);
  if (newest === null) return [];
  const from = after === null || after < plan.inception ? plan.inception : plan.calendar.next(after);
  if (from > newest) return [];
  const sessions = plan.calendar.sessions(from, newest);
  const slots = sessions.flatMap((session) => [
    slotAt(plan, 'ingest', session),
    slotAt(plan, 'revalue', session),
  ]);
  const training = trainingSessions(plan, from, newest).at(-1);
  if (training) slots.push(slotAt(plan, 'retrain', training));
  const month = sessions.findLast((session) => isRebalanceSession(plan, session));
  if (month) {
    const late = plan.calendar.sessions(month, newest).length - 1;
    if (late <= plan.lateSessionsMax) slots.push(slotAt(plan, 'rebalance', late === 0 ? month : newest));
  }
  return slots.sort((a, b) => (a.session < b.session ? -1 : a.session > b.session ? 1 : 0));
}

/** One slot of a session, with its due time and deadline. */
export function slotAt(
  plan: SchedulePlan,
  task: TaskName,
  session: Session,
  reason: Slot['reason'] = task === 'rebalance' ? 'monthly' : null,
): Slot {
  const { calendar } = plan;
  const dueAt = calendar.closeAt(session) + plan.graceMinutes * minuteMs;
  const fillAt = calendar.closeAt(calendar.next(session));
  const deadlines: Record<TaskName, number> = {
    ingest: dueAt + plan.ingestDeadlineMinutes * minuteMs,
    confirm: fillAt,
    retrain: dueAt + plan.retrainDeadlineMinutes * minuteMs,
    revalue: fillAt,
    rebalance: fillAt,
    deliver: fillAt,
  };
  return {
    task,
    portfolio: plan.portfolio,
    session,
    reason,
    dueAt,
    deadlineAt: Math.max(dueAt, deadlines[task]),
  };
}

/** The next slot of each scheduled task after the newest planned session (null: from inception), by the calendar alone. */
export function upcomingSlots(plan: SchedulePlan, after: Session | null): Slot[] {
  const { calendar } = plan;
  const first = after === null || after < plan.inception ? firstSession(plan) : calendar.next(after);
  const slots = [slotAt(plan, 'ingest', first), slotAt(plan, 'revalue', first)];
  if (plan.retrainEverySessions !== null) {
    let latest = first;
    for (let ahead = 1; ahead < plan.retrainEverySessions; ahead += 1) latest = calendar.next(latest);
    slots.push(slotAt(plan, 'retrain', trainingSessions(plan, first, latest)[0]!));
  }
  let month = first;
  while (!isRebalanceSession(plan, month)) month = calendar.next(month);
  slots.push(slotAt(plan, 'rebalance', month));
  return slots;
}

function firstSession({ calendar, inception }: SchedulePlan): Session {
  return calendar.isSession(inception) ? inception : calendar.next(inception);
}
