// Where the product keeps what is not in the project folder.
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Environment } from './secrets.ts';

/**
 * The folder of everything that must last for this project folder: the embedded database, letters, logs.
 * REBALANCED_STATE_DIR if given; as root under /var/lib, since another user runs the database and may not enter root's
 * folders; else under $XDG_STATE_HOME.
 */
export function stateFolder(env: Environment, projectRoot: string): string {
  if (env.REBALANCED_STATE_DIR) return resolve(env.REBALANCED_STATE_DIR);
  const project = createHash('sha256').update(resolve(projectRoot)).digest('hex').slice(0, 8);
  return join(isRoot() ? '/var/lib' : base(env, 'XDG_STATE_HOME', '.local/state'), 'rebalanced', project);
}

/**
 * The folder of what can be made again, shared by all project folders of a user: server programs, TensorFlow's library.
 * REBALANCED_CACHE_DIR if given; as root /var/cache/rebalanced; else under $XDG_CACHE_HOME.
 * ops/native-tensorflow follows the same rule.
 */
export function cacheFolder(env: Environment): string {
  if (env.REBALANCED_CACHE_DIR) return resolve(env.REBALANCED_CACHE_DIR);
  return join(isRoot() ? '/var/cache' : base(env, 'XDG_CACHE_HOME', '.cache'), 'rebalanced');
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The XDG base folder; a relative one is to be ignored (XDG Base Directory Specification 0.8). */
function base(env: Environment, name: string, underHome: string): string {
  const given = env[name];
  return given && isAbsolute(given) ? given : join(env.HOME || homedir(), underHome);
}
