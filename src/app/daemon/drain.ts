import type { SchedulePlan } from '../../core/schedule/plan.ts';
import type { TaskName } from '../../core/schedule/slot.ts';
import type { Context } from '../context.ts';
import type { Job } from './queue.ts';
import { reconcile } from './reconcile.ts';
import { runSlot } from './run-slot.ts';

const heartbeatMs = 10_000;

export type WorkOptions = {
  now(): number;
  /** jobs taken at once; one where others should have their share, many where nobody else works */
  batch: number;
  /** asked before jobs are taken: what was taken and not done is nobody's until its worker is taken for dead */
  stopped?(): boolean;
  afterEach?(): void;
};

/** Takes the jobs of a task that are queued and does their slots, until none is left; returns how many there were. */
export async function workOff(
  context: Context,
  task: TaskName,
  { now, batch, stopped = () => false, afterEach = () => {} }: WorkOptions,
): Promise<number> {
  let worked = 0;
  while (!stopped()) {
    const jobs = await context.queue.take(task, batch);
    for (const job of jobs) {
      await runJob(context, job, now());
      worked += 1;
      afterEach();
    }
    if (jobs.length === 0 || (batch > 1 && jobs.length < batch)) break;
  }
  return worked;
}

/** Does a job's slot and tells the queue, with signs of life meanwhile. How it went stands in the slot's row. */
async function runJob(context: Context, job: Job, now: number): Promise<void> {
  const unheard = (error: Error) =>
    context.log.warn(
      { ...job.slot, error: error.message },
      'no sign of life: the queue may hand this work on',
    );
  const heartbeat = setInterval(() => void context.queue.keepAlive(job).catch(unheard), heartbeatMs);
  try {
    await runSlot(context, job.slot, now);
    await context.queue.finish(job);
  } finally {
    clearInterval(heartbeat);
  }
}

export type DrainOptions = {
  plans: readonly SchedulePlan[];
  /** in this order */
  tasks: readonly TaskName[];
  now: number;
  /** whether jobs that were queued before are done too: not in a replay, whose queue begins empty */
  backlog: boolean;
  stop?: AbortSignal | undefined;
};

/**
 * Queues what of `plans` is due at `now` and does it in this process, until nothing more becomes ready. `stop` ends it
 * between two batches: it rejects with the signal's reason.
 */
export async function drain(
  context: Context,
  { plans, tasks, now, backlog, stop }: DrainOptions,
): Promise<void> {
  for (let round = 0; ; round += 1) {
    const queued = new Set<TaskName>();
    for (const plan of plans)
      for (const { task } of await reconcile(context.database, context.queue, plan, now)) queued.add(task);
    let worked = 0;
    for (const task of tasks)
      if (queued.has(task) || (backlog && round === 0)) {
        stop?.throwIfAborted();
        worked += await workOff(context, task, { now: () => now, batch: 1000 });
      }
    if (worked === 0) return;
  }
}
