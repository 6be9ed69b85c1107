import type { Readiness } from '../../adapters/http/server.ts';
import { saveSupervision } from '../../adapters/postgres/supervision-rows.ts';
import type { Context } from '../context.ts';
import { supervisionSeconds } from './queue.ts';

/** Without one for so long readiness fails; the alert on the metric waits as long. */
const unsupervisedSecondsMax = 300;

export type Supervision = {
  check(): Readiness['checks'][number];
  /** Starts no further pass, and waits for the one under way. */
  stop(): Promise<void>;
};

/**
 * Puts the jobs of dead workers back every few seconds, notes when that went well, and calls `onSupervised` then, since
 * there may be work. What goes wrong is logged once, shown by readiness, and seen in the metric that stands still.
 */
export function startSupervision(
  { queue, database, log }: Context,
  now: () => number,
  onSupervised: () => void,
): Supervision {
  let lastAt = now();
  let lastError: string | null = null;
  let passing: Promise<void> | null = null;
  const pass = async (): Promise<void> => {
    try {
      await queue.supervise();
      await saveSupervision(database, now());
      if (lastError) log.info({}, 'the queue is supervised again');
      lastError = null;
      lastAt = now();
      onSupervised();
    } catch (error) {
      const { message } = error as Error;
      if (message !== lastError) log.error({ error: message }, 'the queue could not be supervised');
      lastError = message;
    }
  };
  const timer = setInterval(() => {
    passing ??= pass().finally(() => {
      passing = null;
    });
  }, supervisionSeconds * 1000);
  return {
    check: () => ({
      name: 'supervision',
      ok: lastError === null || now() - lastAt < unsupervisedSecondsMax * 1000,
      detail: lastError ?? 'silent workers are looked for',
    }),
    async stop() {
      clearInterval(timer);
      await passing;
    },
  };
}
