import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { canonicalJson } from '../../core/canonical-json.ts';
import type { Artefact } from '../../core/forecast/artefact.ts';
import type { TrainingRequest } from '../../core/forecast/training-request.ts';
import type { BackendInfo } from '../../networks/messages.ts';
import { startTrainingProcess, type TrainingLimits, type TrainingProcess } from './process.ts';

export type TrainingPool = {
  /**
   * The artefact of a request. The same request asked twice, also while it runs, trains once; a failed one is
   * forgotten, so that asking again trains again. Rejects with one sentence when training fails or passes a limit.
   */
  train(request: TrainingRequest): Promise<Artefact>;
  /** How long training an artefact of this pool took; null for any other. */
  secondsOf(artefact: Artefact): number | null;
  /** What the last started process computes with; null before the first one is ready. */
  backend(): BackendInfo | null;
  /** Ends all processes at once; running and waiting trainings reject. */
  close(): Promise<void>;
};

export type TrainingPoolOptions = TrainingLimits & {
  /** Trainings beside each other, each in a process of its own. */
  size: number;
  backend: 'auto' | 'tensorflow' | 'wasm';
  log: { info(details: object, message: string): void; warn(details: object, message: string): void };
  /** Trainings after which a process is replaced, and what TensorFlow leaked goes with it. */
  jobsPerProcess?: number;
  /** Idle time after which a process is ended; TensorFlow holds some 400 MiB. */
  idleSeconds?: number;
  /** File a training process runs; tests put faulty ones here. */
  entry?: string;
};

type Job = {
  request: TrainingRequest;
  resolve: (artefact: Artefact) => void;
  reject: (error: Error) => void;
};
type Worker = { process: TrainingProcess; jobs: number; busy: boolean; idle: NodeJS.Timeout | undefined };

const rememberedArtefacts = 128;
const realEntry = fileURLToPath(new URL('../../networks/child.ts', import.meta.url));

/** Trains networks in child processes, `size` at a time, started when first needed and kept for several trainings. */
export function createTrainingPool(options: TrainingPoolOptions): TrainingPool {
  const known = new Map<string, Promise<Artefact>>();
  const tookSeconds = new WeakMap<Artefact, number>();
  const waiting: Job[] = [];
  const workers = createWorkers(options, waiting, tookSeconds);
  let closed = false;
  const enqueue = (request: TrainingRequest): Promise<Artefact> =>
    new Promise((resolve, reject) => {
      waiting.push({ request, resolve, reject });
      workers.dispatch();
    });

  return {
    train(request) {
      if (closed) return Promise.reject(new Error('the training pool is closed'));
      const key = requestKey(request);
      const before = known.get(key);
      if (before) return before;
      const training = enqueue(request);
      known.set(key, training);
      training.catch(() => known.delete(key)); // also keeps the rejection of a prefetched training from being unhandled
      if (known.size > rememberedArtefacts) known.delete(known.keys().next().value!);
      return training;
    },
    secondsOf: (artefact) => tookSeconds.get(artefact) ?? null,
    backend: workers.backend,
    async close() {
      closed = true;
      for (const job of waiting.splice(0))
        job.reject(new Error('the training pool was closed before this training'));
      await workers.end('the training pool was closed during this training');
    },
  };
}

/** The processes of a pool, which take its waiting jobs in their order; how long each training took is noted. */
function createWorkers(options: TrainingPoolOptions, waiting: Job[], tookSeconds: WeakMap<Artefact, number>) {
  const { size, backend, log, jobsPerProcess = 16, idleSeconds = 30, entry = realEntry } = options;
  const workers = new Set<Worker>();
  let info: BackendInfo | null = null;

  const start = (): Worker => {
    const process = startTrainingProcess(entry, backend, options);
    const worker: Worker = { process, jobs: 0, busy: false, idle: undefined };
    workers.add(worker);
    void process.gone.then(() => {
      clearTimeout(worker.idle);
      workers.delete(worker);
      dispatch();
    });
    return worker;
  };
  const dispatch = (): void => {
    while (waiting.length > 0) {
      const free = [...workers].find((worker) => !worker.busy && worker.process.usable);
      if (!free && workers.size >= size) return;
      void run(free ?? start(), waiting.shift()!);
    }
  };
  const run = async (worker: Worker, job: Job): Promise<void> => {
    worker.busy = true;
    worker.jobs += 1;
    clearTimeout(worker.idle);
    const settle = await trainLogged(worker.process, job, log, tookSeconds);
    settle(); // in one go with what follows: who has waited finds the worker released
    info = worker.process.info ?? info;
    release(worker);
  };
  const release = (worker: Worker): void => {
    // A worn-out process stays busy until it is gone, so that it takes no further job.
    const { usable, residentMiB } = worker.process;
    if (!usable || worker.jobs >= jobsPerProcess || residentMiB > 0.75 * options.memoryLimitMiB)
      void worker.process.end('the training process was replaced');
    else {
      worker.busy = false;
      worker.idle = setTimeout(() => {
        worker.busy = true;
        void worker.process.end('the training process was idle');
      }, idleSeconds * 1000).unref();
    }
    dispatch();
  };
  return {
    dispatch,
    backend: () => info,
    end: (reason: string) => Promise.all([...workers].map((worker) => worker.process.end(reason))),
  };
}

/** Trains one job and returns what settles it; never rejects. */
async function trainLogged(
  process: TrainingProcess,
  { request, resolve, reject }: Job,
  log: TrainingPoolOptions['log'],
  tookSeconds: WeakMap<Artefact, number>,
): Promise<() => void> {
  const startedAt = performance.now();
  const details = { symbols: request.symbols.length, session: request.panel.sessions.at(-1) };
  try {
    const artefact = await process.train(request);
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    const { id: model, epochs, inputLag1Autocorrelation } = artefact;
    log.info({ ...details, model, epochs, seconds, inputLag1Autocorrelation }, 'network trained');
    tookSeconds.set(artefact, seconds);
    return () => resolve(artefact);
  } catch (error) {
    log.warn({ ...details, error: (error as Error).message }, 'network not trained');
    return () => reject(error as Error);
  }
}

/** Equal requests have equal keys; their levels enter bit by bit. */
function requestKey({ symbols, panel, spec }: TrainingRequest): string {
  const hash = createHash('sha256');
  hash.update(canonicalJson({ symbols, sessions: panel.sessions, panelSymbols: panel.symbols, spec }));
  for (const { buffer, byteOffset, byteLength } of panel.levels)
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest('hex');
}
