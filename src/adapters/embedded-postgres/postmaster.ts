// The server process that owns a cluster, as its postmaster.pid tells.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Port 0: the server has not yet said where it listens. */
export type Postmaster = { pid: number; port: number };

// Above any process id of Linux (4194304) and macOS (99998).
const noSuchPid = 2_147_483_647;

/**
 * The live server of `cluster`, or null. A file left by a dead server is PostgreSQL's to clear at its next start; but
 * when the dead server's id has meanwhile gone to another process, PostgreSQL would refuse to start, so the id in the
 * file is made one that no process has. The rest of the file stays: by its shared memory key PostgreSQL sees whether
 * children of the old server still live.
 */
export function livePostmaster(cluster: string): Postmaster | null {
  const file = join(cluster, 'postmaster.pid');
  const text = read(file);
  const [pid, , , port] = text.split('\n').map(Number);
  if (!pid || !isAlive(pid)) return null;
  if (commandLine(pid).includes(cluster)) return { pid, port: port || 0 };
  if (read(file) === text) writeFileSync(file, text.replace(/^\d+/, String(noSuchPid)));
  return null;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Empty for a process that has ended and was not yet waited for. */
function commandLine(pid: number): string {
  if (process.platform === 'linux') return read(`/proc/${pid}/cmdline`);
  try {
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
