// A PostgreSQL data folder: made once, complete or absent, with the password of its superuser beside it.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Account } from './account.ts';
import { checkEnterable } from './account.ts';
import type { ServerBinaries } from './binaries.ts';

/** `folder` is PostgreSQL's data directory, `password` that of the superuser `postgres`, `log` where the server writes. */
export type Cluster = { folder: string; password: string; log: string };

/** What a server must not inherit (PGDATA, LD_LIBRARY_PATH, LANG) it does not get. */
export const serverEnvironment = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** PostgreSQL's data directory within the data folder of the embedded server. */
export function clusterFolder(dataFolder: string): string {
  return join(dataFolder, 'cluster');
}

/** The cluster in `dataFolder`, made by initdb when absent; of two processes at once the first to finish wins. */
export async function openCluster(
  dataFolder: string,
  server: ServerBinaries,
  account: Account,
): Promise<Cluster> {
  if (!existsSync(clusterFolder(dataFolder))) await makeCluster(dataFolder, server, account);
  const folder = await realpath(clusterFolder(dataFolder));
  const major = (await readFile(join(folder, 'PG_VERSION'), 'utf8')).trim();
  if (major !== server.major)
    throw new Error(
      `The embedded database in ${folder} was made by PostgreSQL ${major}, and this is PostgreSQL ${server.major}: ` +
        'move the folder away to start over, or dump it with the old version and restore it.',
    );
  return { folder, password: await readPassword(folder), log: join(folder, '..', 'server.log') };
}

async function readPassword(folder: string): Promise<string> {
  const file = join(dirname(folder), 'password');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new Error(
      `The embedded database in ${folder} is there, but its superuser's password cannot be read from ${file}: restore ` +
        'that file, or move the whole folder away to start over.',
      { cause: error },
    );
  }
}

async function makeCluster(dataFolder: string, server: ServerBinaries, account: Account): Promise<void> {
  const parent = dirname(dataFolder);
  await makeFolder(parent);
  await sweepDrafts(dataFolder);
  await checkEnterable(parent, account);
  const draft = `${dataFolder}.draft-${process.pid}`;
  try {
    await mkdir(draft, { mode: 0o700 });
    const password = join(draft, 'password');
    await writeFile(password, randomBytes(24).toString('hex'), { mode: 0o600 });
    if (account) for (const path of [draft, password]) await chown(path, account.uid, account.gid);
    await initdb(server, clusterFolder(draft), password, account);
    await rename(draft, dataFolder);
  } catch (error) {
    if (!existsSync(clusterFolder(dataFolder))) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Makes `folder` and what is missing above it, each enterable by the server's account whatever the umask. */
async function makeFolder(folder: string): Promise<void> {
  const highest = await mkdir(folder, { recursive: true });
  if (!highest) return;
  for (let at = folder; at.length >= highest.length; at = dirname(at)) await chmod(at, 0o755);
}

async function initdb(
  server: ServerBinaries,
  folder: string,
  pwfile: string,
  account: Account,
): Promise<void> {
  const args = ['--pgdata', folder, '--username', 'postgres', '--pwfile', pwfile, '--auth', 'scram-sha-256'];
  args.push('--encoding', 'UTF8', '--locale', 'C', '--no-instructions');
  try {
    const options = { cwd: '/', env: serverEnvironment, timeout: 120_000, ...account };
    await promisify(execFile)(join(server.folder, 'bin', 'initdb'), args, options);
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`initdb could not make a PostgreSQL cluster in ${folder}: ${(stderr || message).trim()}`);
  }
}

/** Removes drafts of processes that are no more. */
async function sweepDrafts(dataFolder: string): Promise<void> {
  const prefix = `${basename(dataFolder)}.draft-`;
  for (const name of await readdir(dirname(dataFolder))) {
    if (!name.startsWith(prefix) || existsSync(`/proc/${name.slice(prefix.length)}`)) continue;
    await rm(join(dirname(dataFolder), name), { recursive: true, force: true });
  }
}
