// The two addons: tfjs-node's own binding, and the small one that keeps TensorFlow quiet.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keepOnce } from './cache.mjs';
import { run } from './command.mjs';
import { libraries } from './recipe.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const mac = process.platform === 'darwin';
const flags = ['-O2', '-std=c++17', '-shared', '-fPIC', '-DNAPI_VERSION=8', '-w'];
const platformFlags = mac
  ? ['-undefined', 'dynamic_lookup', '-Wl,-rpath,@loader_path/../../deps/lib']
  : ['-Wl,-rpath,$ORIGIN/../../deps/lib'];

export const addonNames = ['tfjs_binding.node', 'tfjs_quiet.node'];

/** A name for everything that goes into the addons: sources, flags, and the recipe in this file. */
export async function sourceHash(tfjsNode) {
  const hash = createHash('sha256');
  for (const file of [...(await sources(tfjsNode)), join(here, 'quiet.cc'), fileURLToPath(import.meta.url)]) {
    hash.update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Where the cache keeps the addons made of these sources. */
export async function addonPlace(tensorflow, tfjsNode) {
  return join(tensorflow, `addons-${await sourceHash(tfjsNode)}`);
}

/** The folder with both addons, compiled when the cache has none of these sources. */
export async function addonFolder(tensorflow, tfjsNode, napiHeaders, say) {
  const folder = await addonPlace(tensorflow, tfjsNode);
  await keepOnce(folder, async (draft) => {
    say('compiling the TensorFlow binding');
    const libs = libraries.map((name) => join(tensorflow, 'lib', name));
    const include = [`-I${napiHeaders}`, `-I${join(tensorflow, 'include')}`];
    const shared = [...flags, ...platformFlags, ...include];
    const [binding, quiet] = addonNames.map((name) => ['-o', join(draft, name)]);
    const compiler = await findCompiler();
    await run(compiler, [...shared, ...(await sources(tfjsNode)), ...libs, ...binding]);
    await run(compiler, [
      ...shared,
      `-DTENSORFLOW_LIBRARY="${libraries[0]}"`,
      join(here, 'quiet.cc'),
      ...quiet,
    ]);
  });
  return folder;
}

async function sources(tfjsNode) {
  const folder = join(tfjsNode, 'binding');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.cc')).sort();
  return names.map((name) => join(folder, name));
}

/** The name of the compiler; throws where it does not answer. */
export async function findCompiler() {
  const program = process.env.CXX || 'g++';
  const answers = await run(program, ['--version'], { timeoutSeconds: 60 }).catch(() => null);
  if (answers === null) throw Object.assign(new Error(`${program} is missing`), { needs: 'g++' });
  return program;
}
