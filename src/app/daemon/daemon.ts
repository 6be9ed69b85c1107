import { schedule, validate } from 'node-cron';
import type { Readiness } from '../../adapters/http/server.ts';
import { readOpenSlots } from '../../adapters/postgres/slot-rows.ts';
import { isoInstant } from '../../core/calendar/instant.ts';
import { type TaskName, taskNames } from '../../core/schedule/slot.ts';
import type { Context } from '../context.ts';
import { UserError } from '../user-error.ts';
import { guardClock } from './clock-guard.ts';
import { workOff } from './drain.ts';
import { reconcile } from './reconcile.ts';
import { startSupervision } from './supervision.ts';

export type Daemon = {
  /** Runs `reconcile` and the work it finds; also what node-cron calls. Never rejects. */
  tick(): Promise<void>;
  readiness(): Promise<Readiness>;
  /** Stops ticking, lets running slots finish within `boundMs`, and gives the rest back. */
  stop(boundMs: number): Promise<void>;
};

/**
 * The long-running part: node-cron ticks, `reconcile` says what is due, and each task has one worker of its own.
 * `wallClock` is compared with the database's; leave it out where time is virtual.
 */
export function startDaemon(
  context: Context,
  options: { cron: string; now(): number; wallClock?: () => number },
): Daemon {
  const { log, queue, database } = context;
  if (!validate(options.cron))
    throw new UserError(`schedule.cron is "${options.cron}"; expected a cron line such as "* * * * *"`);
  const working = new Map<TaskName, Promise<void>>();
  /** Tasks whose queue may hold more than their worker has seen. */
  const asked = new Set<TaskName>();
  let stopping = false;
  let lastTick: { at: number; error: string | null } | null = null;
  let ticking: Promise<void> | null = null;
  let tickAgain = false;

  const tickOnce = async (): Promise<void> => {
    try {
      if (options.wallClock) await guardClock(database, options.wallClock, log);
      for (const portfolio of context.portfolios)
        await reconcile(database, queue, portfolio.plan, options.now());
      if (lastTick?.error) log.info({}, 'the database answers again');
      lastTick = { at: options.now(), error: null };
      lookForWork();
    } catch (error) {
      const message = (error as Error).message;
      // Once an outage: how a connection breaks changes from tick to tick, and readiness shows the newest reason.
      if (!lastTick?.error)
        log.error({ error: message }, 'could not reconcile; trying again at the next tick');
      lastTick = { at: options.now(), error: message };
    }
  };
  const lookForWork = (): void => {
    for (const task of taskNames) {
      asked.add(task);
      if (!working.has(task) && !stopping) working.set(task, work(task));
    }
  };
  /** A caller that comes while it runs may know of something it has passed already, so it runs once more. */
  const tick = (): Promise<void> => {
    tickAgain = true;
    ticking ??= (async () => {
      try {
        while (tickAgain && !stopping) {
          tickAgain = false;
          await tickOnce();
        }
      } finally {
        ticking = null;
      }
    })();
    return ticking;
  };
  /** Works off one task's queue, and ticks after each slot, since its end may make others ready. */
  const work = async (task: TaskName): Promise<void> => {
    try {
      do {
        asked.delete(task);
        await workOff(context, task, {
          now: options.now,
          batch: 1,
          stopped: () => stopping,
          afterEach: () => void tick(),
        });
      } while (asked.has(task) && !stopping);
    } catch (error) {
      log.error({ task, error: (error as Error).message }, 'the queue failed; trying again at the next tick');
    } finally {
      working.delete(task); // at once, so that no tick takes this worker for one that still looks
    }
  };

  const cron = schedule(options.cron, tick, { noOverlap: true });
  const supervision = startSupervision(context, options.now, lookForWork);
  return {
    tick,
    async readiness() {
      const checks = [
        lastTick === null
          ? { name: 'reconcile', ok: false, detail: 'has not run yet' }
          : {
              name: 'reconcile',
              ok: lastTick.error === null,
              detail: lastTick.error ?? `ran at ${isoInstant(lastTick.at)}`,
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
      await cron.destroy();
      const idle = Promise.all([supervision.stop(), ticking, ...working.values()]);
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
