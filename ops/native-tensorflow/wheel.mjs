// TensorFlow's libraries and headers, taken out of its Python wheel into the cache.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keepOnce } from './cache.mjs';
import { run } from './command.mjs';
import { headerFolders, libraries, platform, TENSORFLOW, wheel } from './recipe.mjs';
import { extract, listZip } from './zip.mjs';

/** Where a cache keeps TensorFlow. */
export function tensorflowPlace(cache) {
  return join(cache, `tensorflow-${TENSORFLOW}-${platform}`);
}

/** The folder with `lib/` and `include/` of TensorFlow, fetched by pip when the cache has none. */
export async function tensorflowFolder(cache, say) {
  const folder = tensorflowPlace(cache);
  await keepOnce(folder, async (draft) => {
    const pip = await findPip();
    say(`fetching TensorFlow ${TENSORFLOW} (about 280 MB, once) into ${cache}`);
    const downloads = join(draft, 'download');
    await mkdir(downloads);
    await unpack(await download(pip, downloads), draft);
    await rm(downloads, { recursive: true });
  });
  return folder;
}

async function download([program, ...before], folder) {
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, `${wheel.project}==${TENSORFLOW} --hash=sha256:${wheel.sha256}\n`);
  const args = [
    ...before,
    'download',
    '--quiet',
    '--disable-pip-version-check',
    '--no-cache-dir',
    '--no-deps',
  ];
  args.push('--only-binary=:all:', '--implementation', 'cp', '--python-version', '3.12', '--abi', 'cp312');
  args.push('--platform', wheel.tag, '--require-hashes', '--requirement', requirements, '--dest', folder);
  await run(program, args);
  const name = (await readdir(folder)).find((file) => file.endsWith('.whl'));
  if (!name) throw new Error('pip ended well but left no wheel');
  return join(folder, name);
}

/** The command under which pip answers; a name that is missing, or is a Python without pip, passes to the next. */
async function findPip() {
  for (const command of [['python3', '-m', 'pip'], ['pip3'], ['pip'], ['python', '-m', 'pip']]) {
    const [program, ...before] = command;
    const answers = await run(program, [...before, '--version'], { timeoutSeconds: 60 }).catch(() => null);
    if (answers !== null) return command;
  }
  throw Object.assign(new Error('pip is missing'), { needs: 'pip (python3-pip)' });
}

async function unpack(archive, folder) {
  const wanted = new Map(libraries.map((name) => [`tensorflow/${name}`, join('lib', name)]));
  const prefix = 'tensorflow/include/';
  for (const entry of await listZip(archive)) {
    const header = entry.name.startsWith(prefix) ? entry.name.slice(prefix.length) : '';
    const isHeader = header.endsWith('.h') || header.endsWith('.inc');
    const needed = isHeader && headerFolders.some((start) => header.startsWith(start));
    const target = wanted.get(entry.name) ?? (needed ? join('include', header) : null);
    if (target) await extract(archive, entry, join(folder, target));
  }
  const absent = libraries.filter((name) => !existsSync(join(folder, 'lib', name)));
  if (absent.length > 0) throw new Error(`the wheel of TensorFlow ${TENSORFLOW} has no ${absent.join(', ')}`);
}
