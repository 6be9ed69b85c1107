import type { Session } from '../calendar/session.ts';

export const taskNames = ['ingest', 'confirm', 'retrain', 'revalue', 'rebalance', 'deliver'] as const;
export type TaskName = (typeof taskNames)[number];

export const slotStates = ['waiting', 'queued', 'done', 'missed'] as const;
export type SlotState = (typeof slotStates)[number];

/** Why a portfolio is decided: by the calendar, or for what a revaluation has found. */
export type RebalanceReason = 'monthly' | 'drawdown' | 'restatement' | 'delisting';

/** One thing to be done once: a task, for a portfolio, for a nominal session. Times are epoch milliseconds. */
export type Slot = {
  task: TaskName;
  portfolio: string;
  session: Session;
  /** why, for a rebalance; null for every other task */
  reason: RebalanceReason | null;
  dueAt: number;
  /** after this the slot is overdue, and what it was for may be past helping */
  deadlineAt: number;
};

/** A slot that is neither done nor missed; `attempts` have failed. */
export type Attempted = Slot & { attempts: number };

/**
 * True when `slot` must wait, at `now`, for `other`, another open slot of the same portfolio.
 * A training is late by nature when a daemon catches up, so lateness alone makes nothing go ahead without it: only one
 * that has failed and is past its deadline is not waited for any more.
 */
export function waitsFor(slot: Slot, other: Attempted, now: number): boolean {
  if (slot.portfolio !== other.portfolio || slot.task === 'deliver') return false;
  const earlier = other.session < slot.session;
  const upTo = other.session <= slot.session;
  switch (other.task) {
    case 'ingest':
      return slot.task === 'ingest' ? earlier : upTo;
    case 'revalue':
      return slot.task === 'revalue' ? earlier : slot.task === 'rebalance' && upTo;
    case 'retrain':
      // A newer training makes an older one needless, unless it fails.
      if (slot.task === 'retrain') return other.session > slot.session && other.attempts === 0;
      return slot.task === 'rebalance' && upTo && !hasFailed(other, now);
    case 'rebalance':
      // A decision is filled at the next close, so no later session is revalued before it is made.
      return (slot.task === 'revalue' || slot.task === 'rebalance') && earlier;
    case 'confirm': // it only tells whether what others read was final
    case 'deliver':
      return false;
  }
}

/** True of a slot that has failed and is past its deadline: it is tried again, but whatever can does without it. */
export const hasFailed = ({ attempts, deadlineAt }: Attempted, now: number): boolean =>
  attempts > 0 && deadlineAt < now;

/** The open slots that wait for no other open one at `now`. */
export function readySlots<S extends Attempted>(open: readonly S[], now: number): S[] {
  return open.filter((slot) => !open.some((other) => other !== slot && waitsFor(slot, other, now)));
}
