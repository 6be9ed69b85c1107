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
  const child = forkQuietly(entry, backend);
  let info: BackendInfo | null = null;
  let residentMiB = 0;
  let output = '';
  let silentSince = performance.now();
  let job = 0;
  let current: Watched | null = null;
  let endReason: string | null = null;

  const usable = (): boolean => endReason === null && child.exitCode === null && child.signalCode === null;
  const settle = (outcome: { artefact: Artefact } | { error: Error }): void => {
    const settled = current;
    if (!settled) return;
    current = null;
    clearInterval(settled.watch);
    setHolding(child, false);
    if ('artefact' in outcome) settled.resolve(outcome.artefact);
    else settled.reject(outcome.error);
  };
  const kill = (reason: string): void => {
    endReason ??= reason;
    child.kill('SIGKILL');
    settle({ error: new Error(endReason) });
  };
  const check = (): void => {
    residentMiB = residentMemoryMiB(child.pid) ?? residentMiB;
    const now = performance.now();
    const runningSeconds = current ? (now - current.startedAt) / 1000 : 0;
    const passed = limitPassed(limits, residentMiB, (now - silentSince) / 1000, runningSeconds);
    if (passed) kill(`training was ended: ${passed}`);
  };
  const send = (): void => {
    if (current && info && !current.sent) {
      current.sent = true;
      child.send({ type: 'train', job, request: current.request } satisfies TrainRequest, () => {});
    }
  };

  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-rememberedOutput);
  });
  child.on('message', (report: TrainEvent) => {
    silentSince = performance.now();
    if (report.type === 'ready') {
      info = report.info;
      send();
    } else if (report.type === 'error' && report.job === null)
      kill(`training cannot start: ${report.message}`);
    else if (report.job !== job) return;
    else if (report.type === 'heartbeat') {
      residentMiB = report.residentMiB;
      check();
    } else if (report.type === 'artefact') settle({ artefact: report.artefact });
    else if (report.type === 'error') settle({ error: new Error(`training failed: ${report.message}`) });
  });
  const gone = new Promise<void>((resolve) => {
    const ended = (how: string): void => {
      const byItself = `the training process ended by itself (${how})${quoted(output)}`;
      settle({ error: new Error(endReason ?? byItself) });
      resolve();
    };
    child.on('exit', (code, signal) => ended(signal ?? `exit ${code}`));
    child.on('error', (error) => child.pid === undefined && ended(error.message));
  });

  return {
    train(request) {
      if (current) throw new Error('a training process trains one network at a time');
      job += 1;
      silentSince = performance.now();
      setHolding(child, true);
      return new Promise<Artefact>((resolve, reject) => {
        const watch = setInterval(check, checkEveryMs);
        current = { request, resolve, reject, watch, startedAt: performance.now(), sent: false };
        if (usable()) send();
        else settle({ error: new Error(`${endReason ?? 'the training process is gone'}${quoted(output)}`) });
      });
    },
    get info() {
      return info;
    },
    get usable() {
      return usable();
    },
    get residentMiB() {
      return residentMiB;
    },
    end(reason) {
      kill(reason);
      setHolding(child, true); // until it is gone
      return gone;
    },
    gone,
  };
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
