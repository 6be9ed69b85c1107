import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { isAlive, livePostmaster } from '../../../src/adapters/embedded-postgres/postmaster.ts';
import { startEmbedded } from '../../../src/adapters/embedded-postgres/server.ts';
import { cacheFolder } from '../../../src/app/config/folders.ts';
import { claimReplay } from '../../../src/app/replay/claim.ts';
import { demoName, replayDatabase } from '../../../src/app/store.ts';
import type { DecisionStatus } from '../../../src/views/status.ts';
import {
  command,
  type Ended,
  type RunningCommand,
  startCommand,
  startProgram,
} from '../../support/command.ts';

// The demo as a person runs it: a process of its own, on an embedded server of its own, with a network that trains.
const demo = ['demo', '--until', '2016-02-29', '--exit'];
const soon = { timeout: 30_000, interval: 10 };
const running = new Set<RunningCommand>();
let state: string;
let env: Record<string, string>;

beforeAll(async () => {
  state = await realpath(await mkdtemp(join(tmpdir(), 'rebalanced-demo-')));
  await chmod(state, 0o755); // the account that runs the server must enter it
  env = { REBALANCED_STATE_DIR: state };
});
afterEach(async () => {
  for (const { kill, ended } of running) {
    kill();
    await ended;
  }
  running.clear();
});
afterAll(async () => {
  await (await attach()).stop(); // whatever a failed test has left
  await rm(state, { recursive: true });
});

function start(begin: () => RunningCommand): RunningCommand {
  const started = begin();
  running.add(started);
  return started;
}

const startDemo = () => start(() => startCommand(demo, env));
const server = () => livePostmaster(join(state, 'postgres', 'cluster'));

/** Makes this process a user of the embedded server. */
function attach() {
  const cache = cacheFolder(process.env);
  return startEmbedded({ dataFolder: join(state, 'postgres'), cacheFolder: cache, log: () => {} });
}

/** The demo's database, on the server that `url` leads to. */
function inDemo(url: string): string {
  const address = new URL(url);
  address.pathname = `/${replayDatabase(demoName)}`;
  return address.toString();
}

/** A connection that keeps everybody else from a table until it is ended. */
async function lock(url: string, table: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: inDemo(url) });
  client.on('error', () => {}); // the server may be stopped under it
  await client.connect();
  await client.query('begin');
  await client.query(`lock table ${table} in access exclusive mode`);
  return client;
}

/** Resolves when a process waits for that lock. */
const awaited = (client: pg.Client) =>
  vi.waitFor(async () => {
    await client.query('select pg_stat_clear_snapshot()');
    const { rows } = await client.query(`select from pg_stat_activity where wait_event_type = 'Lock'`);
    expect(rows).not.toEqual([]);
  }, soon);

/** Processes below `root` whose command line matches. */
function processesBelow(root: number, pattern: RegExp): number[] {
  const lines = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args=']).toString().trim().split('\n');
  const rows = lines.map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)!);
  const below = new Set([root]);
  for (const [, pid, parent] of rows) if (below.has(Number(parent))) below.add(Number(pid));
  return rows
    .filter(([, pid, , args]) => below.has(Number(pid)) && pattern.test(args!))
    .map((row) => +row[1]!);
}

const training = (of: RunningCommand) => processesBelow(of.child.pid!, /networks\/child/);

/** Tells a process to end, and waits until it has: in time, and with nothing left behind. */
async function endBy(
  signal: NodeJS.Signals,
  of: RunningCommand,
  tell = () => void of.child.kill(signal),
): Promise<Ended> {
  const children = training(of);
  const toldAt = performance.now();
  tell();
  const ended = await of.ended;
  expect(performance.now() - toldAt).toBeLessThan(5_000);
  expect(server()).toBeNull();
  await vi.waitFor(() => expect(children.filter(isAlive)).toEqual([]), soon);
  return ended;
}

/** What the demo has decided, without the instants. */
async function decisions(): Promise<Partial<DecisionStatus>[]> {
  const { output } = await command(['status', '--demo', '--json'], env);
  const { decisions: all } = JSON.parse(output) as { decisions: DecisionStatus[] };
  return all.map(({ decidedAt: _, ...decision }) => decision);
}

describe('the demo', { timeout: 240_000 }, () => {
  let undisturbed: Partial<DecisionStatus>[];

  test('with a decision entered by hand while it was cut off starts over, and says so', async () => {
    const first = startDemo();
    await first.until(/ 30%/);
    expect((await endBy('SIGTERM', first)).code).toBe(143);

    const held = await attach();
    const claim = await claimReplay(inDemo(held.url), () => {});
    const refused = await command(['rebalance', '--demo'], env);
    expect([refused.code, refused.errors]).toEqual([2, expect.stringMatching(/the replay is running/)]);
    await claim.release();
    expect((await command(['rebalance', '--demo'], env)).code).toBe(0);
    await held.stop();

    const second = await startDemo().ended;
    expect(second.output).toMatch(/entered into it by hand; starting over/);
    expect(second.code).toBe(0);
    undisturbed = await decisions();
    expect(undisturbed.map(({ reason }) => reason)).toEqual(['monthly', 'monthly']);
  });

  test('ended again and again goes on where it stopped, and decides what it does undisturbed', async () => {
    const byNpm = start(() => startProgram('npm', ['run', 'demo', '--', ...demo.slice(1)], env));
    await vi.waitFor(() => expect(training(byNpm)).not.toEqual([]), soon);
    // Ctrl-C: the terminal tells the whole group, and npm hands it on besides.
    const cut = await endBy('SIGINT', byNpm, () => {
      process.kill(-byNpm.child.pid!, 'SIGINT');
    });
    expect([cut.code, cut.output]).toEqual([130, expect.stringMatching(/run the demo again to go on/)]);
    expect(cut.errors).not.toMatch(/"level":50/);

    const second = startDemo();
    await second.until(/going on where it stopped[\s\S]* 30%/);
    expect((await endBy('SIGHUP', second)).code).toBe(129);

    const held = await attach();
    const third = startDemo();
    await third.until(/going on where it stopped/);
    const locked = await lock(held.url, 'rebalanced.slots');
    await awaited(locked);
    third.child.kill('SIGTERM');
    await vi.waitFor(() => {
      third.child.kill('SIGTERM');
      expect(third.child.exitCode).toBe(143);
    }, soon);
    expect(await third.ended).toMatchObject({ output: expect.not.stringContaining('PostgreSQL running') });
    await locked.end();
    await held.stop();

    const last = await startDemo().ended;
    expect(last.output).toMatch(/going on where it stopped/);
    expect(last.output).not.toMatch(/ {2}0%/);
    expect(last.code).toBe(0);
    expect(server()).toBeNull();
    expect(await decisions()).toEqual(undisturbed);
  });
});

test('a short command that is told to end stops the server it uses, though the database makes it wait', async () => {
  const held = await attach();
  const locked = await lock(held.url, 'rebalanced.decisions');
  const status = start(() => startCommand(['status', '--demo'], env));
  await awaited(locked);
  await held.stop();
  expect(server()).not.toBeNull();
  expect((await endBy('SIGINT', status)).code).toBe(130);
});
