import { newestPlanned, readOpenSlots, reopenQueued } from '../../adapters/postgres/slot-rows.ts';
import type { Session } from '../../core/calendar/session.ts';
import { slotAt } from '../../core/schedule/plan.ts';
import { hasFailed, taskNames } from '../../core/schedule/slot.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import type { Context } from '../context.ts';
import { drain } from '../daemon/drain.ts';
import { prefetchTrainings } from '../training/prefetch.ts';

/** How long past its deadline a slot is tried again: past prices do not come by waiting. */
const patienceMs = 3_600_000;

export type ReplayProgress = { session: Session; done: number; total: number };

/**
 * Lets the daemon's own tasks run over past sessions on a virtual clock, session by session: the clock steps to each
 * session's due time, `reconcile` queues what is due, and the queue is drained by fetching. An unfinished replay goes
 * on where it stopped. The database must belong to this replay alone. `stop` ends it between two slots: it rejects with
 * the signal's reason, and its abort must interrupt the context too, so that no training is waited for.
 */
export async function replay(
  context: Context,
  portfolio: Portfolio,
  last: Session,
  onProgress: (progress: ReplayProgress) => void,
  stop?: AbortSignal,
): Promise<void> {
  const { plan } = portfolio;
  const { calendar } = plan;
  await context.queue.clear();
  await reopenQueued(context.database);
  const resumeAt = (await newestPlanned(context.database, plan.portfolio)) ?? plan.inception;
  const sessions = calendar.sessions(resumeAt, last);
  const before = calendar.sessions(plan.inception, resumeAt).length - 1;
  await prefetchTrainings(context, portfolio, sessions, stop);
  for (const [done, session] of sessions.entries()) {
    await doSession(context, portfolio, slotAt(plan, 'ingest', session).dueAt, stop);
    onProgress({ session, done: before + done + 1, total: before + sessions.length });
  }
}

/** Does everything due at `dueAt`, and moves the clock to retries where a slot has to wait. */
async function doSession(
  context: Context,
  portfolio: Portfolio,
  dueAt: number,
  stop: AbortSignal | undefined,
): Promise<void> {
  let now = dueAt;
  for (;;) {
    await drain(context, { plans: [portfolio.plan], tasks: taskNames, now, backlog: false, stop });
    // A training that keeps failing waits for the next session, as it would in the daemon.
    const open = (await readOpenSlots(context.database)).filter(
      (slot) => !(slot.task === 'retrain' && hasFailed(slot, now)),
    );
    if (open.length === 0) return;
    const next = Math.min(...open.map((slot) => slot.retryAt ?? Number.POSITIVE_INFINITY));
    const stuck = open[0]!;
    if (!Number.isFinite(next) || now > stuck.deadlineAt + patienceMs)
      throw new Error(
        `the replay is stuck at ${stuck.task} of ${stuck.session}: ${stuck.lastError ?? 'no error'}`,
      );
    now = Math.max(now, next);
  }
}
