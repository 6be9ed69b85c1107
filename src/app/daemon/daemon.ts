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

type Options = { cron: string; now(): number; wallClock?: () => number };
type Tick = { at: number; error: string | null };

/**
 * The long-running part: node-cron ticks, `reconcile` says what is due, and each task has one worker of its own.
 * `wallClock` is compared with the database's; leave it out where time is virtual.
 */
export function startDaemon(context: Context, options: Options): Daemon {
  if (!validate(options.cron))
    throw new UserError(`schedule.cron is "${options.cron}"; expected a cron line such as "* * * * *"`);
  let stopping = false;
  const stopped = () => stopping;
  const workers = createWorkers(context, options.now, stopped, () => void ticker.tick());
  const ticker = createTicker(context, options, stopped, workers.lookForWork);
  const cron = schedule(options.cron, ticker.tick, { noOverlap: true });
  const supervision = startSupervision(context, options.now, workers.lookForWork);
  return {
    tick: ticker.tick,
    async readiness() {
      const checks = [
        tickCheck(ticker.last()),
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
      const idle = Promise.all([supervision.stop(), ticker.underWay(), ...workers.underWay()]);
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

/** Reconciles all portfolios, one tick at a time, and then has work looked for. */
function createTicker(
  { log, queue, database, portfolios }: Context,
  { now, wallClock }: Options,
  stopped: () => boolean,
  lookForWork: () => void,
) {
  let last: Tick | null = null;
  let ticking: Promise<void> | null = null;
  let tickAgain = false;
  const tickOnce = async (): Promise<void> => {
    try {
      if (wallClock) await guardClock(database, wallClock, log);
      for (const portfolio of portfolios) await reconcile(database, queue, portfolio.plan, now());
      if (last?.error) log.info({}, 'the database answers again');
      last = { at: now(), error: null };
      lookForWork();
    } catch (error) {
      const message = (error as Error).message;
      // Once an outage: how a connection breaks changes from tick to tick, and readiness shows the newest reason.
      if (!last?.error) log.error({ error: message }, 'could not reconcile; trying again at the next tick');
      last = { at: now(), error: message };
    }
  };
  /** A caller that comes while it runs may know of something it has passed already, so it runs once more. */
  const tick = (): Promise<void> => {
    tickAgain = true;
    ticking ??= (async () => {
      try {
        while (tickAgain && !stopped()) {
          tickAgain = false;
          await tickOnce();
        }
      } finally {
        ticking = null;
      }
    })();
    return ticking;
  };
  return { tick, last: () => last, underWay: () => ticking };
}

/** One worker a task; `afterEach` is called after each slot, since its end may make others ready. */
function createWorkers(context: Context, now: () => number, stopped: () => boolean, afterEach: () => void) {
  const working = new Map<TaskName, Promise<void>>();
  /** Tasks whose queue may hold more than their worker has seen. */
  const asked = new Set<TaskName>();
  const work = async (task: TaskName): Promise<void> => {
    try {
      do {
        asked.delete(task);
        await workOff(context, task, { now, batch: 1, stopped, afterEach });
      } while (asked.has(task) && !stopped());
    } catch (error) {
      const { message } = error as Error;
      context.log.error({ task, error: message }, 'the queue failed; trying again at the next tick');
    } finally {
      working.delete(task); // at once, so that no tick takes this worker for one that still looks
    }
  };
  const lookForWork = (): void => {
    for (const task of taskNames) {
      asked.add(task);
      if (!working.has(task) && !stopped()) working.set(task, work(task));
    }
  };
  return { lookForWork, underWay: () => [...working.values()] };
}

function tickCheck(last: Tick | null): Readiness['checks'][number] {
  if (last === null) return { name: 'reconcile', ok: false, detail: 'has not run yet' };
  return {
    name: 'reconcile',
    ok: last.error === null,
    detail: last.error ?? `ran at ${isoInstant(last.at)}`,
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
