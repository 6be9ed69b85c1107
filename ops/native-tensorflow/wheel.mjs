// TensorFlow's libraries and headers, taken out of its Python wheel into the cache.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keepOnce } from './cache.mjs';
import { run } from './command.mjs';
import { headerFolders, libraries, platform, tensorflowVersion, wheel } from './recipe.mjs';

const unpackScript = join(dirname(fileURLToPath(import.meta.url)), 'unpack.py');

/** Where a cache keeps TensorFlow. */
export function tensorflowPlace(cache) {
  return join(cache, `tensorflow-${tensorflowVersion}-${platform}`);
}

/** The folder with `lib/` and `include/` of TensorFlow, fetched by pip when the cache has none. */
export async function tensorflowFolder(cache, say) {
  const folder = tensorflowPlace(cache);
  await keepOnce(folder, async (draft) => {
    const pip = await findPip();
    const python = await findPython(); // before 280 MB are fetched for nothing
    say(`fetching TensorFlow ${tensorflowVersion} (about 280 MB, once) into ${cache}`);
    const downloads = join(draft, 'download');
    await mkdir(downloads);
    await unpack(python, await download(pip, downloads), downloads);
    await takeOut(join(downloads, 'tensorflow'), draft);
    await rm(downloads, { recursive: true });
  });
  return folder;
}

async function download([program, ...before], folder) {
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, `${wheel.project}==${tensorflowVersion} --hash=sha256:${wheel.sha256}\n`);
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

/** pip may answer under a name of its own, so its Python is looked for by itself; zipfile is part of every Python. */
async function findPython() {
  for (const program of ['python3', 'python']) {
    const answers = await run(program, ['-I', '-c', 'import zipfile'], { timeoutSeconds: 60 }).catch(
      () => null,
    );
    if (answers !== null) return program;
  }
  throw Object.assign(new Error('Python is missing'), { needs: 'Python 3 (python3)' });
}

/** Unpacks the libraries and the headers needed into `folder`, below `tensorflow/` as in the wheel. */
export async function unpack(python, archive, folder) {
  const wanted = {
    files: libraries.map((name) => `tensorflow/${name}`),
    headers: headerFolders.map((start) => `tensorflow/include/${start}`),
  };
  await run(python, ['-I', unpackScript, archive, folder, JSON.stringify(wanted)]);
}

/** Moves what was unpacked to where the cache keeps it: `lib/` and `include/`. */
async function takeOut(unpacked, folder) {
  const absent = libraries.filter((name) => !existsSync(join(unpacked, name)));
  if (absent.length > 0)
    throw new Error(`the wheel of TensorFlow ${tensorflowVersion} has no ${absent.join(', ')}`);
  await mkdir(join(folder, 'lib'));
  for (const name of libraries) await rename(join(unpacked, name), join(folder, 'lib', name));
  const headers = join(unpacked, 'include');
  if (existsSync(headers)) await rename(headers, join(folder, 'include'));
}
