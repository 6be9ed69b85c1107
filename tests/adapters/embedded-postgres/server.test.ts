import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { checkEnterable } from '../../../src/adapters/embedded-postgres/account.ts';
import { livePostmaster } from '../../../src/adapters/embedded-postgres/postmaster.ts';
import type { EmbeddedServer } from '../../../src/adapters/embedded-postgres/server.ts';
import { startEmbedded } from '../../../src/adapters/embedded-postgres/server.ts';

const root = join(import.meta.dirname, '../../..');
const isRoot = process.getuid?.() === 0;
const nobody = 65534;
const said: string[] = [];

let folder: string;
let dataFolder: string;
let cacheFolder: string;
const holders = new Set<ChildProcess>();

/** A process of its own that holds the server; `first` is what it said when ready. */
async function holder(data = dataFolder, project = root, options: SpawnOptions = {}) {
  const script = join(project, 'tests/adapters/embedded-postgres/holder.ts');
  const node = join(project, 'node_modules/node/bin/node');
  const child = spawn(node, [script, data, cacheFolder], { stdio: ['pipe', 'pipe', 'inherit'], ...options });
  holders.add(child);
  child.once('exit', () => holders.delete(child));
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const first = JSON.parse(String((await lines.next()).value)) as EmbeddedServer & { error?: string };
  const stop = async () => {
    child.stdin!.write('stop\n');
    return (await lines.next()).value;
  };
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await once(child, 'exit');
  };
  return { first, stop, kill };
}

function start(data = dataFolder): Promise<EmbeddedServer> {
  return startEmbedded({ dataFolder: data, cacheFolder, log: (line) => said.push(line) });
}

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query({ text: sql, rowMode: 'array' });
  await client.end();
  return rows[0]?.[0];
}

const cluster = () => join(dataFolder, 'cluster');
const isRunning = () => livePostmaster(cluster()) !== null;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embedded-'));
  await chmod(folder, 0o755); // the server's account must get in
  dataFolder = join(folder, 'state', 'postgres');
  cacheFolder = join(folder, 'cache');
});

afterEach(async () => {
  for (const child of holders) child.kill('SIGKILL');
  if (isRunning()) await (await start()).stop(); // a killed holder's server has no other user
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the embedded server', () => {
  test('starts a real PostgreSQL that keeps its data, and stops it', async () => {
    const server = await start();
    expect(server.startedHere).toBe(true);
    expect(await ask(server.url, 'show server_version_num')).toMatch(/^18/);
    expect(
      await ask(
        server.url,
        "select current_user || ' ' || pg_encoding_to_char(encoding) || ' ' || datcollate from pg_database where datname = current_database()",
      ),
    ).toBe('postgres UTF8 C');
    await ask(server.url, 'create table kept as select 42 as answer');
    await server.stop();
    expect(isRunning()).toBe(false);

    const again = await start();
    expect(await ask(again.url, 'select answer from kept')).toBe(42);
    await Promise.all([again.stop(), again.stop()]);
    expect(isRunning()).toBe(false);
  });

  test('runs under an account that is not root, and lets nobody in without the password', async () => {
    const server = await start();
    const { uid, mode } = statSync(cluster());
    expect(uid).not.toBe(0);
    expect(mode & 0o077).toBe(0);
    expect(statSync(join(dataFolder, 'password')).mode & 0o777).toBe(0o600);
    const wrong = server.url.replace(/:[0-9a-f]+@/, ':wrong@');
    await expect(ask(wrong, 'select 1')).rejects.toThrow('password authentication failed');
    await server.stop();
  });

  test('is found again after its parent was killed, and belongs to who found it', async () => {
    const killed = await holder();
    expect(killed.first.startedHere).toBe(true);
    await killed.kill('SIGKILL');
    expect(isRunning()).toBe(true);

    const server = await start();
    expect(server.startedHere).toBe(false);
    expect(server.url).toBe(killed.first.url);
    await server.stop();
    expect(isRunning()).toBe(false);
  });

  test('is not stopped under another process', async () => {
    const server = await start();
    const other = await holder();
    expect(other.first).toEqual({ url: server.url, startedHere: false });
    await server.stop();
    expect(await ask(other.first.url, 'select 1')).toBe(1);
    expect(said.at(-1)).toContain('left PostgreSQL running');
    expect(await other.stop()).toBe('stopped');
    expect(isRunning()).toBe(false);
  });

  test('does not get the Ctrl-C of the group of its parent', async () => {
    const parent = await holder(dataFolder, root, { detached: true });
    const pid = [...holders][0]!.pid!;
    process.kill(-pid, 'SIGINT');
    await once([...holders][0]!, 'exit');
    expect(await ask(parent.first.url, 'select 1')).toBe(1);
  });

  test('starts after a crash, although its process id now belongs to another process', async () => {
    const server = await start();
    const { pid } = livePostmaster(cluster())!;
    const file = join(cluster(), 'postmaster.pid');
    const left = await readFile(file, 'utf8');
    process.kill(pid, 'SIGKILL');
    // A process of the same account, which PostgreSQL by itself takes for the old server.
    const { uid, gid } = statSync(cluster());
    const otherProcess = spawn('sleep', ['600'], { uid, gid, cwd: '/' });
    await once(otherProcess, 'spawn');
    await writeFile(file, left.replace(String(pid), String(otherProcess.pid)));
    await server.stop();

    const again = await start();
    expect(again.startedHere).toBe(true);
    expect(await ask(again.url, 'select 1')).toBe(1);
    await again.stop();
    expect(otherProcess.exitCode).toBe(null);
    otherProcess.kill();
  });

  test('is one server for two processes that start at once, on a folder made by one of them', async () => {
    const fresh = join(folder, 'race', 'postgres');
    const both = await Promise.all([holder(fresh), holder(fresh)]);
    expect(both.map(({ first }) => first.startedHere).sort()).toEqual([false, true]);
    expect(both[0].first.url).toBe(both[1].first.url);
    for (const one of both) expect(await one.stop()).toBe('stopped');
    expect(livePostmaster(join(fresh, 'cluster'))).toBe(null);
  });
});

describe('what the embedded server says when it cannot start', () => {
  test('the words of PostgreSQL', async () => {
    const settings = { max_connections: 'many' };
    const failing = startEmbedded({ dataFolder, cacheFolder, settings, log: () => {} });
    await expect(failing).rejects.toThrow(/does not start in .*max_connections/);
  });

  test('that the data was made by another version', async () => {
    const file = join(cluster(), 'PG_VERSION');
    await writeFile(file, '15\n');
    await expect(start()).rejects.toThrow('was made by PostgreSQL 15, and this is PostgreSQL 18');
    await writeFile(file, '18\n');
  });

  test('that the password is missing', async () => {
    const file = join(dataFolder, 'password');
    await rename(file, `${file}.away`);
    await expect(start()).rejects.toThrow(`cannot be read from ${file}`);
    await rename(`${file}.away`, file);
  });

  test('which folder its account cannot enter', async () => {
    const closed = join(folder, 'closed');
    await mkdir(join(closed, 'inner'), { recursive: true });
    await chmod(closed, 0o700);
    const otherUser = { uid: nobody, gid: nobody };
    await expect(checkEnterable(join(closed, 'inner'), otherUser)).rejects.toThrow(`chmod o+x ${closed}`);
    await chmod(closed, 0o701);
    await expect(checkEnterable(join(closed, 'inner'), otherUser)).resolves.toBe(undefined);
  });
});

/** The embedded server's part of the project, in a folder an ordinary user may read. */
async function readableProject(target: string): Promise<void> {
  const paths = ['src/adapters/embedded-postgres', 'tests/adapters/embedded-postgres'];
  paths.push('node_modules/node/bin', 'package.json');
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const wanted = ['embedded-postgres', `@embedded-postgres/${process.platform}-${process.arch}`, 'pg'];
  for (const name of wanted) {
    wanted.push(
      ...Object.keys(lock[`node_modules/${name}`]?.dependencies ?? {}).filter((n) => !wanted.includes(n)),
    );
  }
  paths.push(...wanted.map((name) => `node_modules/${name}`).filter((path) => existsSync(join(root, path))));
  for (const path of paths) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await cp(join(root, path), join(target, path), { recursive: true });
  }
}

// An ordinary user's run of this file is all of it on that path; root's looks at it once.
if (isRoot) {
  test('runs as an ordinary user who starts it', async () => {
    const home = join(folder, 'home');
    await mkdir(home);
    await chown(home, nobody, nobody);
    await readableProject(join(folder, 'project'));
    const data = join(home, 'state', 'postgres');
    const user = { uid: nobody, gid: nobody, cwd: home, env: { PATH: process.env.PATH, HOME: home } };
    const one = await holder(data, join(folder, 'project'), user);
    expect(one.first).toMatchObject({ startedHere: true });
    expect(await ask(one.first.url, 'select 1')).toBe(1);
    expect(statSync(join(data, 'cluster')).uid).toBe(nobody);
    expect(await one.stop()).toBe('stopped');

    // Root leaves the folder to its owner.
    const server = await start(data);
    expect(statSync(join(data, 'cluster', 'postmaster.pid')).uid).toBe(nobody);
    await server.stop();

    const foreign = await holder(dataFolder, join(folder, 'project'), user);
    expect(foreign.first.error).toContain('belongs to another user');
  });
}
