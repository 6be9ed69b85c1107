import type { Logger } from 'pino';
import type { Trainer } from '../../tasks/services.ts';
import type { Config } from '../config/schema.ts';
import type { Environment } from '../config/secrets.ts';
import { UserError } from '../user-error.ts';
import { createTrainingPool, type TrainingPool } from './pool.ts';

/** The processes that train, as configured. */
export function trainingPool({ training }: Config, env: Environment, log: Logger): TrainingPool {
  return createTrainingPool({
    size: training.processes,
    backend: wantedBackend(env),
    deadlineSeconds: training.deadlineMinutes * 60,
    memoryLimitMiB: training.memoryLimitMiB,
    heartbeatSeconds: 60,
    log,
  });
}

/** The pool as the retrain task sees it, with the time a training took. */
export function trainerOf(pool: TrainingPool): Trainer {
  return {
    async train(request) {
      const artefact = await pool.train(request);
      return { artefact, seconds: pool.secondsOf(artefact) ?? 0 };
    },
  };
}

/** REBALANCED_BACKEND: what networks train on. */
function wantedBackend(env: Environment): 'auto' | 'tensorflow' | 'wasm' {
  const wanted = env.REBALANCED_BACKEND || 'auto';
  if (wanted !== 'auto' && wanted !== 'tensorflow' && wanted !== 'wasm')
    throw new UserError(`REBALANCED_BACKEND is ${wanted}; expected auto, tensorflow or wasm`);
  return wanted;
}
