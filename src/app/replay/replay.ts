import { finishReplay } from '../../adapters/postgres/replay-rows.ts';
import { newestPlanned, readOpenSlots, reopenQueued } from '../../adapters/postgres/slot-rows.ts';
import type { Session } from '../../core/calendar/session.ts';
import { slotAt } from '../../core/schedule/plan.ts';
import { hasFailed, taskNames } from '../../core/schedule/slot.ts';
import type { Portfolio } from '../../tasks/portfolio.ts';
import type { Context } from '../context.ts';
import { drain } from '../daemon/drain.ts';
import { prefetchTrainings } from '../training/prefetch.ts';

/** How long past its deadline an ingest is tried again: past prices do not come by waiting. */
const patienceMs = 3_600_000;

export type ReplayProgress = { session: Session; done: number; total: number };

/** One portfolio's session, at the instant its first slot is due. */
type Step = { session: Session; dueAt: number };

/**
 * Lets the daemon's own tasks run over past sessions on a virtual clock, session by session, for all portfolios of the
 * context: the clock steps to each session's due time, `reconcile` queues what is due, and the queue is drained by
 * fetching. An unfinished replay goes on where it stopped. The database must belong to this replay alone. `stop` ends
 * it between two slots: it rejects with the signal's reason, and its abort must interrupt the context too, so that no
 * training is waited for.
 */
export async function replay(
  context: Context,
  last: Session,
  onProgress: (progress: ReplayProgress) => void,
  stop?: AbortSignal,
): Promise<void> {
  const { database, queue, portfolios } = context;
  await queue.clear();
  await reopenQueued(database);
  const steps: Step[] = [];
  let before = 0;
  for (const portfolio of portfolios) {
    const { plan } = portfolio;
    const resumeAt = (await newestPlanned(database, plan.portfolio)) ?? plan.inception;
    const sessions = resumeAt > last ? [] : plan.calendar.sessions(resumeAt, last);
    before += Math.max(0, plan.calendar.sessions(plan.inception, resumeAt).length - 1);
    await prefetchTrainings(context, portfolio, sessions, stop);
    steps.push(...sessions.map((session) => ({ session, dueAt: slotAt(plan, 'ingest', session).dueAt })));
  }
  steps.sort((a, b) => a.dueAt - b.dueAt);
  for (const [done, { session, dueAt }] of steps.entries()) {
    const next = steps[done + 1]?.dueAt ?? Number.POSITIVE_INFINITY;
    if (next > dueAt) await doUntil(context, portfolios, dueAt, next, stop);
    onProgress({ session, done: before + done + 1, total: before + steps.length });
  }
  await finishReplay(database, steps.at(-1)?.dueAt ?? Date.parse(`${last}T23:59:59Z`));
}

/**
 * Does everything due at `dueAt`, and moves the clock to retries where a slot has to wait, until the next session is
 * due. What still waits then goes on waiting, as it would in the daemon; but prices that do not come end the replay.
 */
async function doUntil(
  context: Context,
  portfolios: readonly Portfolio[],
  dueAt: number,
  next: number,
  stop: AbortSignal | undefined,
): Promise<void> {
  const plans = portfolios.map(({ plan }) => plan);
  let now = dueAt;
  for (;;) {
    await drain(context, { plans, tasks: taskNames, now, backlog: false, stop });
    // A training that keeps failing waits for the next session.
    const open = (await readOpenSlots(context.database)).filter(
      (slot) => !(slot.task === 'retrain' && hasFailed(slot, now)),
    );
    if (open.length === 0) return;
    const stuck = open.find((slot) => slot.task === 'ingest' && now > slot.deadlineAt + patienceMs);
    const retryAt = Math.min(...open.map((slot) => slot.retryAt ?? slot.dueAt).filter((at) => at > now));
    if (stuck || (!Number.isFinite(retryAt) && !Number.isFinite(next)))
      throw new Error(describeStuck(stuck ?? open[0]!));
    if (retryAt >= next) return;
    now = retryAt;
  }
}

const describeStuck = (slot: { task: string; session: Session; lastError: string | null }) =>
  `the replay is stuck at ${slot.task} of ${slot.session}: ${slot.lastError ?? 'no error'}`;
