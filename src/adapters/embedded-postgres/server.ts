// A real PostgreSQL where there is none: the programs come from npm, the data lies in a folder, and any number of
// processes share one server, which the last to leave stops.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Account } from './account.ts';
import { checkEnterable, serverAccount } from './account.ts';
import type { ServerBinaries } from './binaries.ts';
import { serverBinaries } from './binaries.ts';
import type { Cluster } from './cluster.ts';
import { clusterFolder, openCluster, serverEnvironment } from './cluster.ts';
import type { Lease } from './lease.ts';
import { takeLease } from './lease.ts';
import { isAlive, livePostmaster } from './postmaster.ts';

/** `url` leads the superuser to the database `postgres`; `startedHere` is false when a running server was found. */
export type EmbeddedServer = { url: string; startedHere: boolean; stop(): Promise<void> };

export type EmbeddedOptions = {
  /** Where the data lies; the password of the superuser and the server's log lie beside it. */
  dataFolder: string;
  /** Where the server's programs are copied to. */
  cacheFolder: string;
  /** A free one is taken when not given. A running server keeps the one it has. */
  port?: number;
  /** PostgreSQL settings, over those below. */
  settings?: Record<string, string>;
  log: (line: string) => void;
};

const startSecondsMax = 300; // crash recovery of a large cluster included
const stopSecondsMax = 60;
const startsMax = 3;
const logBytesMax = 10_000_000;
const pollMs = 20;

// For a small machine: few processes, little memory and disk; only this machine may connect, by password.
const smallMachine = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '80',
  shared_buffers: '128MB',
  max_wal_size: '512MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  io_method: 'sync',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
};

/**
 * The PostgreSQL server of `dataFolder`: the one that runs already, else a new one, made and started.
 * It does not share Ctrl-C with this process and outlives it, unless `stop` is called; `stop` gives this process's claim
 * up and stops the server when no other process has one. A process killed has none.
 * Throws when the programs are missing, when the folder cannot be used, or when the server does not start, with its last output.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const dataFolder = resolve(options.dataFolder);
  const account = await serverAccount(clusterFolder(dataFolder), options.log);
  const server = await serverBinaries(resolve(options.cacheFolder));
  await checkEnterable(server.folder, account);
  const cluster = await openCluster(dataFolder, server, account);
  await checkEnterable(cluster.folder, account);
  return attachOrStart(cluster, () => launch(cluster, server, account, options), options.log);
}

async function attachOrStart(
  cluster: Cluster,
  start: () => Promise<Launch>,
  log: (line: string) => void,
): Promise<EmbeddedServer> {
  const deadline = performance.now() + startSecondsMax * 1000;
  let started: Launch | null = null;
  for (let starts = 0; performance.now() < deadline; await delay(pollMs)) {
    const running = livePostmaster(cluster.folder);
    if (running) {
      const url = `postgres://postgres:${cluster.password}@127.0.0.1:${running.port}/postgres`;
      const lease = running.port ? await takeLease(url).catch(refused(cluster)) : null;
      if (!lease) continue;
      const startedHere = started?.child.pid === running.pid;
      log(
        `${startedHere ? 'started' : 'found'} PostgreSQL on port ${running.port}, data in ${cluster.folder}`,
      );
      return { url, startedHere, stop: stopper(cluster, lease, running.pid, log) };
    }
    if (started && started.child.exitCode === null && started.child.signalCode === null) continue;
    if (starts === startsMax)
      throw new Error(`PostgreSQL does not start in ${cluster.folder}: ${started?.lastOutput()}`);
    started = await start();
    starts += 1;
  }
  throw new Error(
    `PostgreSQL in ${cluster.folder} was not ready within ${startSecondsMax} s; see ${cluster.log}`,
  );
}

function refused(cluster: Cluster): (error: Error) => never {
  return (error) => {
    throw new Error(`PostgreSQL in ${cluster.folder} does not let its own superuser in: ${error.message}`);
  };
}

/** A server process, and what it has written to the log since it was started. */
type Launch = { child: ChildProcess; lastOutput(): string };

async function launch(
  cluster: Cluster,
  server: ServerBinaries,
  account: Account,
  options: EmbeddedOptions,
): Promise<Launch> {
  const settings = { ...smallMachine, port: String(options.port ?? (await freePort())), ...options.settings };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const isLong = (statSync(cluster.log, { throwIfNoEntry: false })?.size ?? 0) > logBytesMax;
  const log = openSync(cluster.log, isLong ? 'w' : 'a', 0o600);
  const before = statSync(cluster.log).size;
  // Detached: a group of its own, which the terminal's Ctrl-C does not reach.
  const child = spawn(join(server.folder, 'bin', 'postgres'), ['-D', cluster.folder, ...args], {
    cwd: '/',
    env: serverEnvironment,
    stdio: ['ignore', log, log],
    detached: true,
    ...account,
  });
  closeSync(log);
  child.unref();
  await new Promise<void>((done, failed) => child.once('spawn', done).once('error', failed));
  const lastOutput = () =>
    readFileSync(cluster.log).subarray(before).toString().trim().split('\n').slice(-6).join(' | ');
  return { child, lastOutput };
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });
}

function stopper(
  cluster: Cluster,
  lease: Lease,
  pid: number,
  log: (line: string) => void,
): () => Promise<void> {
  let stopped: Promise<void> | null = null;
  const stop = async () => {
    // A lease that cannot be asked has lost its server.
    const last = await lease.isLast().catch(() => false);
    if (last) await shutDown(cluster, pid);
    await lease.close();
    log(last ? 'stopped PostgreSQL' : 'left PostgreSQL running: another process uses it, or it has gone');
  };
  return () => {
    stopped ??= stop();
    return stopped;
  };
}

/** Fast shutdown, then, past the limit, immediate: PostgreSQL recovers from its log at the next start. */
async function shutDown(cluster: Cluster, pid: number): Promise<void> {
  const isRunning = () => livePostmaster(cluster.folder)?.pid === pid && isAlive(pid);
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    if (isRunning()) process.kill(pid, signal);
    const deadline = performance.now() + stopSecondsMax * 1000;
    while (isRunning() && performance.now() < deadline) await delay(pollMs);
    if (!isRunning()) return;
  }
  throw new Error(`PostgreSQL (process ${pid}, data in ${cluster.folder}) does not stop`);
}
