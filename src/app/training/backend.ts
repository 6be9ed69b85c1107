import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../config/secrets.ts';

export type BackendReport = { backend: string; backendVersion: string; note: string | null };

const probe = fileURLToPath(new URL('../../networks/backend-report.ts', import.meta.url));

/** What trainings will run on, asked in a process of its own, which `stop` ends: TensorFlow never enters the daemon. */
export function trainingBackend(env: Environment, stop: AbortSignal): Promise<BackendReport> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [probe, env.REBALANCED_BACKEND || 'auto'],
      { timeout: 60_000, signal: stop },
      (error, output, errors) => {
        if (!error) return resolve(JSON.parse(output));
        resolve({
          backend: 'none',
          backendVersion: 'none',
          note: errors.trim().split('\n').at(-1) || error.message,
        });
      },
    );
  });
}
