// Who runs the embedded server: PostgreSQL refuses to run as root.
import { execFile } from 'node:child_process';
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ownAccount = 'rebalanced-pg';

/** The account a server runs under; null when it is the one this process has. */
export type Account = { uid: number; gid: number } | null;

/**
 * The owner of `cluster` where there is one; a fresh cluster belongs to this user or, for root, to the system account
 * `rebalanced-pg` (made when absent), else `postgres`, else `nobody`.
 */
export async function serverAccount(cluster: string, log: (line: string) => void): Promise<Account> {
  const own = process.getuid?.() ?? 0;
  const owner = await stat(cluster).catch((error) => (error.code === 'ENOENT' ? null : { uid: -1, gid: -1 }));
  if (owner && own !== 0 && owner.uid !== own)
    throw new Error(
      `The embedded database in ${cluster} belongs to another user than this one (${own}): run as its owner or as root, ` +
        'or set REBALANCED_STATE_DIR to a folder of your own.',
    );
  if (own !== 0) return null;
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return (
    (await account(ownAccount)) ??
    (await makeOwnAccount(log)) ??
    (await account('postgres')) ??
    (await account('nobody')) ??
    Promise.reject(
      new Error(
        `PostgreSQL refuses to run as root, and no account "${ownAccount}" could be made: make one with ` +
          `"useradd --system ${ownAccount}", run as an ordinary user, or set DATABASE_URL.`,
      ),
    )
  );
}

async function account(name: string): Promise<Account> {
  try {
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => (await run('id', [flag, name])).stdout),
    );
    return { uid: Number(uid), gid: Number(gid) };
  } catch {
    return null;
  }
}

async function makeOwnAccount(log: (line: string) => void): Promise<Account> {
  const args = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent'];
  try {
    await run('useradd', [...args, '--shell', '/usr/sbin/nologin', ownAccount]);
    log(`made the system account "${ownAccount}", because PostgreSQL refuses to run as root`);
  } catch {
    // no such program here, or another process was first
  }
  return account(ownAccount);
}

/** Throws when `account` cannot enter `folder`, naming the folder on the way that bars it. */
export async function checkEnterable(folder: string, account: Account): Promise<void> {
  if (account === null) return;
  for (let at = await realpath(folder); ; at = dirname(at)) {
    const { mode, uid, gid } = await stat(at);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0)
      throw new Error(
        `PostgreSQL refuses to run as root, and user ${account.uid}, who runs it, cannot enter ${at} on the way to ` +
          `${folder}: allow it ("chmod o+x ${at}"), or set REBALANCED_STATE_DIR and REBALANCED_CACHE_DIR elsewhere.`,
      );
    if (at === dirname(at)) return;
  }
}
