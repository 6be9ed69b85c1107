import { schedule as alarm, validate } from 'node-cron';
import type { Readiness } from '../../adapters/http/server.ts';
import { readOpenSlots } from '../../adapters/postgres/slot-rows.ts';
import { type TaskName, taskNames } from '../../core/schedule/slot.ts';
import type { Context } from '../context.ts';
import { UserError } from '../user-error.ts';
import { guardClock } from './clock-guard.ts';
import type { Job } from './queue.ts';
import { reconcile } from './reconcile.ts';
import { runSlot } from './run-slot.ts';
import { startSupervision } from './supervision.ts';

export type Daemon = {
  /** Runs `reconcile` and the work it finds; also what the alarm clock calls. Never rejects. */
  wake(): Promise<void>;
  readiness(): Promise<Readiness>;
  /** Stops waking, lets running slots finish within `boundMs`, and gives the rest back. */
  stop(boundMs: number): Promise<void>;
};

const keepAliveMs = 10_000;

/**
 * The long-running part: node-cron rings, `reconcile` says what is due, and each task has one worker of its own.
 * `wallClock` is compared with the database's; leave it out where time is virtual.
 */
export function startDaemon(
  context: Context,
  options: { wake: string; now(): number; wallClock?: () => number },
): Daemon {
  const { log, queue, database } = context;
  if (!validate(options.wake))
    throw new UserError(`schedule.wake is "${options.wake}"; expected a cron line such as "* * * * *"`);
  const working = new Map<TaskName, Promise<void>>();
  /** Tasks whose queue may hold more than their worker has seen. */
  const asked = new Set<TaskName>();
  let stopping = false;
  let lastWake: { at: number; error: string | null } | null = null;
  let waking: Promise<void> | null = null;
  let wakeAgain = false;

  const wakeOnce = async (): Promise<void> => {
    try {
      if (options.wallClock) await guardClock(database, options.wallClock, log);
      for (const portfolio of context.portfolios)
        await reconcile(database, queue, portfolio.plan, options.now());
      if (lastWake?.error) log.info({}, 'the database answers again');
      lastWake = { at: options.now(), error: null };
      lookForWork();
    } catch (error) {
      const message = (error as Error).message;
      // Once an outage: how a connection breaks changes from wake to wake, and readiness shows the newest reason.
      if (!lastWake?.error)
        log.error({ error: message }, 'could not reconcile; trying again at the next wake');
      lastWake = { at: options.now(), error: message };
    }
  };
  const lookForWork = (): void => {
    for (const task of taskNames) {
      asked.add(task);
      if (!working.has(task) && !stopping) working.set(task, drain(task));
    }
  };
  /** Whoever calls while it runs may know of something it has passed already, so it runs once more. */
  const wake = (): Promise<void> => {
    wakeAgain = true;
    waking ??= (async () => {
      try {
        while (wakeAgain && !stopping) {
          wakeAgain = false;
          await wakeOnce();
        }
      } finally {
        waking = null;
      }
    })();
    return waking;
  };
  /** Drains one task's queue, and wakes after each slot, since its end may make others ready. */
  const drain = async (task: TaskName): Promise<void> => {
    try {
      do {
        asked.delete(task);
        for (;;) {
          const [job] = stopping ? [] : await queue.take(task, 1);
          if (!job) break;
          await runJob(job);
          void wake();
        }
      } while (asked.has(task) && !stopping);
    } catch (error) {
      log.error({ task, error: (error as Error).message }, 'the queue failed; trying again at the next wake');
    } finally {
      working.delete(task); // at once, so that no wake takes this worker for one that still looks
    }
  };
  const runJob = async (job: Job): Promise<void> => {
    const beat = setInterval(() => void queue.keepAlive(job).catch(() => {}), keepAliveMs);
    try {
      await runSlot(context, job.slot, options.now());
      await queue.finish(job);
    } finally {
      clearInterval(beat);
    }
  };

  const clock = alarm(options.wake, wake, { noOverlap: true });
  const supervision = startSupervision(context, options.now, lookForWork);
  return {
    wake,
    async readiness() {
      const checks = [
        lastWake === null
          ? { name: 'reconcile', ok: false, detail: 'has not run yet' }
          : {
              name: 'reconcile',
              ok: lastWake.error === null,
              detail: lastWake.error ?? `ran at ${new Date(lastWake.at).toISOString()}`,
            },
        supervision.check(),
        ...(await slotChecks(context, options.now()).catch((error: Error) => [
          { name: 'database', ok: false, detail: `does not answer: ${error.message}` },
        ])),
      ];
      return { ready: checks.every((check) => check.ok), checks };
    },
    async stop(boundMs) {
      stopping = true;
      await clock.destroy();
      const idle = Promise.all([supervision.stop(), waking, ...working.values()]);
      let timer: NodeJS.Timeout | undefined;
      const bound = new Promise((resolve) => {
        timer = setTimeout(resolve, boundMs);
      });
      // A training or a request is not waited for: its slot goes back to the queue.
      context.interrupt();
      await Promise.race([idle, bound]);
      clearTimeout(timer);
    },
  };
}

/** Prices that cannot be had, and slots past their deadline, make a daemon not ready. */
async function slotChecks(context: Context, now: number): Promise<Readiness['checks']> {
  const open = await readOpenSlots(context.database);
  const waiting = open.find((slot) => slot.task === 'ingest' && slot.lastError !== null);
  const overdue = open.filter((slot) => slot.deadlineAt < now);
  return [
    { name: 'database', ok: true, detail: 'answers' },
    {
      name: 'prices',
      ok: waiting === undefined,
      detail: waiting
        ? `${waiting.portfolio} waits for ${waiting.session}: ${waiting.lastError}`
        : 'no session is waited for',
    },
    {
      name: 'slots',
      ok: overdue.length === 0,
      detail:
        overdue.length === 0
          ? 'none is overdue'
          : overdue.map((s) => `${s.task} of ${s.session} is overdue`).join('; '),
    },
  ];
}
