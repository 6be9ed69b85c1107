import type { Session } from '../market/session.ts';

export const taskNames = ['ingest', 'retrain', 'revalue', 'rebalance', 'deliver'] as const;
export type TaskName = (typeof taskNames)[number];

/** One thing to be done once: a task, for a portfolio, for a nominal session. Times are epoch milliseconds. */
export type Slot = {
  task: TaskName;
  portfolio: string;
  session: Session;
  /** why, for a rebalance; null for every other task */
  reason: 'monthly' | 'drawdown' | null;
  dueAt: number;
  /** after this the slot is overdue, and what it was for may be past helping */
  deadlineAt: number;
};

/** True when `slot` must wait for `other`, another open slot of the same portfolio. */
export function waitsFor(slot: Slot, other: Slot): boolean {
  if (slot.portfolio !== other.portfolio || slot.task === 'deliver') return false;
  const earlier = other.session < slot.session;
  const upTo = other.session <= slot.session;
  switch (other.task) {
    case 'ingest':
      return slot.task === 'ingest' ? earlier : upTo;
    case 'revalue':
      return slot.task === 'revalue' ? earlier : slot.task === 'rebalance' && upTo;
    case 'retrain':
      return slot.task === 'retrain' ? earlier : slot.task === 'rebalance' && upTo;
    case 'rebalance':
      // A decision is filled at the next close, so no later session is revalued before it is made.
      return (slot.task === 'revalue' || slot.task === 'rebalance') && earlier;
    case 'deliver':
      return false;
  }
}

/** The open slots that wait for no other open one. */
export function readySlots<S extends Slot>(open: readonly S[]): S[] {
  return open.filter((slot) => !open.some((other) => other !== slot && waitsFor(slot, other)));
}
