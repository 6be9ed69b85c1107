import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Artefact } from '../../core/forecast/artefact.ts';
import type { TrainingRequest } from '../../core/forecast/training-request.ts';
import type { BackendInfo, TrainEvent, TrainRequest } from '../../networks/messages.ts';

export type TrainingLimits = {
  /** From the order to the artefact. */
  deadlineSeconds: number;
  /** Resident memory of the process. */
  memoryLimitMiB: number;
  /** Longest silence, start-up included. */
  heartbeatSeconds: number;
};

/** One child process that trains one network at a time. */
export type TrainingProcess = {
  /** Trains one request; rejects when the process fails, dies or passes a limit, and then it is gone. */
  train(request: TrainingRequest): Promise<Artefact>;
  readonly info: BackendInfo | null;
  /** False once it was ended or died: it takes no further training. */
  readonly usable: boolean;
  /** Resident memory last seen. */
  readonly residentMiB: number;
  /** Ends the process at once; a running training rejects with `reason`. Resolves when it is gone. */
  end(reason: string): Promise<void>;
  /** Resolves when the process is gone, for whatever reason. */
  readonly gone: Promise<void>;
};

const checkEveryMs = 200;
const rememberedOutput = 2000;
/** All a training needs of the environment: no secret of the daemon's reaches the child, nor any NODE_OPTIONS. */
const passedOn = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LD_LIBRARY_PATH'];
/** One thread each: these networks are too small for more, and processes beside each other use the cores. */
const ownEnvironment = {
  OMP_NUM_THREADS: '1',
  TF_NUM_INTRAOP_THREADS: '1',
  TF_NUM_INTEROP_THREADS: '1',
  TF_CPP_MIN_LOG_LEVEL: '2',
};

/** Starts a training process. `entry` is the file it runs. */
export function startTrainingProcess(
  entry: string,
  backend: 'auto' | 'tensorflow' | 'wasm',
  limits: TrainingLimits,
): TrainingProcess {
  return new ForkedProcess(forkQuietly(entry, backend), limits);
}

class ForkedProcess implements TrainingProcess {
  info: BackendInfo | null = null;
  residentMiB = 0;
  readonly gone: Promise<void>;
  readonly #child: ChildProcess;
  readonly #limits: TrainingLimits;
  #output = '';
  #silentSince = performance.now();
  #job = 0;
  #current: Watched | null = null;
  #endReason: string | null = null;

  constructor(child: ChildProcess, limits: TrainingLimits) {
    this.#child = child;
    this.#limits = limits;
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-rememberedOutput);
    });
    child.on('message', (report: TrainEvent) => this.#onReport(report));
    this.gone = new Promise<void>((resolve) => {
      const ended = (how: string): void => {
        const byItself = `the training process ended by itself (${how})${quoted(this.#output)}`;
        this.#settle({ error: new Error(this.#endReason ?? byItself) });
        resolve();
      };
      child.on('exit', (code, signal) => ended(signal ?? `exit ${code}`));
      child.on('error', (error) => child.pid === undefined && ended(error.message));
    });
  }

  train(request: TrainingRequest): Promise<Artefact> {
    if (this.#current) throw new Error('a training process trains one network at a time');
    this.#job += 1;
    this.#silentSince = performance.now();
    setHolding(this.#child, true);
    return new Promise<Artefact>((resolve, reject) => {
      const watch = setInterval(() => this.#check(), checkEveryMs);
      this.#current = { request, resolve, reject, watch, startedAt: performance.now(), sent: false };
      if (this.usable) this.#send();
      else {
        const reason = this.#endReason ?? 'the training process is gone';
        this.#settle({ error: new Error(`${reason}${quoted(this.#output)}`) });
      }
    });
  }

  get usable(): boolean {
    const { exitCode, signalCode } = this.#child;
    return this.#endReason === null && exitCode === null && signalCode === null;
  }

  end(reason: string): Promise<void> {
    this.#kill(reason);
    setHolding(this.#child, true); // until it is gone
    return this.gone;
  }

  #onReport(report: TrainEvent): void {
    this.#silentSince = performance.now();
    if (report.type === 'ready') {
      this.info = report.info;
      this.#send();
    } else if (report.type === 'error' && report.job === null)
      this.#kill(`training cannot start: ${report.message}`);
    else if (report.job !== this.#job) return;
    else if (report.type === 'heartbeat') {
      this.residentMiB = report.residentMiB;
      this.#check();
    } else if (report.type === 'artefact') this.#settle({ artefact: report.artefact });
    else if (report.type === 'error')
      this.#settle({ error: new Error(`training failed: ${report.message}`) });
  }

  /** Sends what is to be trained, once, as soon as the process is ready. */
  #send(): void {
    const current = this.#current;
    if (!current || !this.info || current.sent) return;
    current.sent = true;
    const order = { type: 'train', job: this.#job, request: current.request } satisfies TrainRequest;
    this.#child.send(order, () => {});
  }

  #check(): void {
    this.residentMiB = residentMemoryMiB(this.#child.pid) ?? this.residentMiB;
    const now = performance.now();
    const runningSeconds = this.#current ? (now - this.#current.startedAt) / 1000 : 0;
    const silentSeconds = (now - this.#silentSince) / 1000;
    const passed = limitPassed(this.#limits, this.residentMiB, silentSeconds, runningSeconds);
    if (passed) this.#kill(`training was ended: ${passed}`);
  }

  #kill(reason: string): void {
    this.#endReason ??= reason;
    this.#child.kill('SIGKILL');
    this.#settle({ error: new Error(this.#endReason) });
  }

  #settle(outcome: { artefact: Artefact } | { error: Error }): void {
    const settled = this.#current;
    if (!settled) return;
    this.#current = null;
    clearInterval(settled.watch);
    setHolding(this.#child, false);
    if ('artefact' in outcome) settled.resolve(outcome.artefact);
    else settled.reject(outcome.error);
  }
}

type Watched = {
  request: TrainingRequest;
  resolve: (artefact: Artefact) => void;
  reject: (error: Error) => void;
  watch: NodeJS.Timeout;
  startedAt: number;
  sent: boolean;
};

/** The limit a training has passed, as half a sentence; null while it is inside all of them. */
function limitPassed(
  { memoryLimitMiB, heartbeatSeconds, deadlineSeconds }: TrainingLimits,
  residentMiB: number,
  silentSeconds: number,
  runningSeconds: number,
): string | null {
  if (residentMiB > memoryLimitMiB)
    return `it held ${Math.round(residentMiB)} MiB, the limit is ${memoryLimitMiB} MiB`;
  if (silentSeconds > heartbeatSeconds) return `no heartbeat for ${heartbeatSeconds} s`;
  if (runningSeconds > deadlineSeconds) return `not done after its deadline of ${deadlineSeconds} s`;
  return null;
}

/** Its own process group, so that a terminal's Ctrl-C reaches the daemon alone, which then ends its children. */
function forkQuietly(entry: string, backend: string): ChildProcess {
  const inherited = passedOn.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  return fork(entry, [backend], {
    execPath: process.execPath,
    execArgv: [],
    serialization: 'advanced',
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...Object.fromEntries(inherited), ...ownEnvironment },
  });
}

/** An idle child must not keep the daemon's process alive; a busy one must. */
function setHolding(child: ChildProcess, holding: boolean): void {
  type Handle = { ref(): void; unref(): void } | null | undefined;
  for (const handle of [child, child.channel, child.stderr] as Handle[]) {
    if (holding) handle?.ref();
    else handle?.unref();
  }
}

function residentMemoryMiB(pid: number | undefined): number | undefined {
  try {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match ? Number(match[1]) / 1024 : undefined;
  } catch {
    return undefined; // not Linux, or already gone: the child's own reports remain
  }
}

function quoted(output: string): string {
  const last = output.trim().split('\n').slice(-3).join(' | ');
  return last === '' ? '' : `; its last output: ${last}`;
}
