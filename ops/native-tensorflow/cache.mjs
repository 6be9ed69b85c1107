// A folder that is either complete or absent, however many installs make it at once.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const draftHoursMax = 24;

/** Fills `folder` by `make(draft)` unless it is there already; of two makers at once, the first to finish wins. */
export async function keepOnce(folder, make) {
  if (existsSync(folder)) return;
  await mkdir(dirname(folder), { recursive: true });
  await sweep(dirname(folder));
  const draft = `${folder}.draft-${randomBytes(4).toString('hex')}`;
  await mkdir(draft);
  await chmod(draft, 0o755);
  try {
    await make(draft);
    await rename(draft, folder);
  } catch (error) {
    const lostTheRace = ['EEXIST', 'ENOTEMPTY'].includes(error.code) && existsSync(folder);
    if (!lostTheRace) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Removes drafts that a killed install left behind. */
async function sweep(parent) {
  for (const name of await readdir(parent)) {
    if (!/\.draft-[0-9a-f]{8}$/.test(basename(name))) continue;
    const ageHours = (Date.now() - (await stat(join(parent, name))).mtimeMs) / 3_600_000;
    if (ageHours > draftHoursMax) await rm(join(parent, name), { recursive: true, force: true });
  }
}
