// How this process is told to end: by a terminal (Ctrl-C, or closing it), by its supervisor, or by a reader that has gone.
// Signals belong to the process, so there is one state of it, as there is one `process`.
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** What a stop rejects with. Its exit code is the shell's: 128 and the signal's number. */
export class StoppedError extends Error {
  readonly signal: NodeJS.Signals;
  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }
  get exitCode(): number {
    return 128 + constants.signals[this.signal];
  }
}

// npm, `timeout` and our launcher hand on a signal that a terminal has sent to the whole process group already: one
// Ctrl-C comes twice, some milliseconds apart. Nobody presses it twice within this.
const echoMs = 300;
/** Work that is told to stop gets this long to end by itself, and then what it works with, to close. */
const graceMs = 2_000;
const closeMs = 1_000;

const controller = new AbortController();

/** Aborted with a `StoppedError` once the process was told to end; never, unless `listenForStop` was called. */
export const stop: AbortSignal = controller.signal;

/**
 * From now on SIGINT, SIGTERM, SIGHUP and a closed standard output abort `stop` instead of ending the process, so that
 * nothing it has started is left behind. A second signal ends it at once.
 */
export function listenForStop(): void {
  let firstAt = 0;
  const receive = (signal: NodeJS.Signals) => {
    if (!stop.aborted) {
      firstAt = performance.now();
      controller.abort(new StoppedError(signal));
    } else if (performance.now() - firstAt > echoMs) process.exit(new StoppedError(signal).exitCode);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, receive);
  // Without these listeners, a terminal or a `head` that has gone ends the process in the middle of its clean-up.
  process.stdout.on('error', () => !stop.aborted && receive('SIGPIPE'));
  process.stderr.on('error', () => {});
}

/** Resolves when the process is told to end. */
export async function stopped(): Promise<StoppedError> {
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
  return stop.reason;
}

/**
 * Runs `work`. Told to stop, it calls `interrupt`, waits until the work has ended or its grace is over, and rejects
 * with the `StoppedError` however the work ended, so that the caller's clean-up comes next.
 */
export async function untilStopped<Result>(
  work: () => Promise<Result>,
  interrupt: () => void = () => {},
): Promise<Result> {
  stop.throwIfAborted();
  const over = Promise.withResolvers<void>();
  let grace: NodeJS.Timeout | undefined;
  const onStop = () => {
    interrupt();
    grace = setTimeout(over.resolve, graceMs);
  };
  stop.addEventListener('abort', onStop, { once: true });
  try {
    const result = await Promise.race([work(), over.promise]);
    stop.throwIfAborted();
    return result as Result;
  } catch (error) {
    stop.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(grace);
    stop.removeEventListener('abort', onStop);
  }
}

/** Closes what work was done with; once the process was told to end, work that was given up is not waited for. */
export async function closeInTime(close: () => Promise<void>): Promise<void> {
  await (stop.aborted ? Promise.race([close(), delay(closeMs)]) : close());
}
