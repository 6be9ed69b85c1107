// Makes @tensorflow/tfjs-node run on TensorFlow's own library. Whatever happens here, the install goes on: without the
// native library the same models train on the WebAssembly backend, slower.
import { constants, existsSync } from 'node:fs';
import { access, copyFile, link, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './command.mjs';
import { addonFolder, addonNames, addonPlace, findCompiler, sourceHash } from './compile.mjs';
import { cacheFolder, libraries, platform, tensorflowVersion, tfjsNodeVersion, wheel } from './recipe.mjs';
import { tensorflowFolder, tensorflowPlace } from './wheel.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const modules = join(root, 'node_modules');
const tfjsNode = join(modules, '@tensorflow', 'tfjs-node');
const addons = join(tfjsNode, 'lib', 'napi-v8');
const deps = join(tfjsNode, 'deps', 'lib');
const stampFile = join(addons, 'rebalanced.stamp');
const say = (line) => console.log(`native TensorFlow: ${line}`);

async function main() {
  const omitted = process.env.npm_config_omit ?? '';
  if (omitted.includes('optional')) return say('left out, as --omit=optional asks');
  if (!existsSync(join(tfjsNode, 'package.json'))) await putBack();
  const stamp = `${tensorflowVersion} ${platform} ${await sourceHash(tfjsNode)}`;
  if (await isDone(stamp)) return;
  try {
    await build();
    await writeFile(stampFile, stamp);
    say(`TensorFlow ${tensorflowVersion} is ready`);
  } catch (error) {
    await rm(addons, { recursive: true, force: true });
    if (await ownInstaller()) return say(`built by tfjs-node's own installer, because ${error.message}`);
    const help = error.needs ? `install ${error.needs}, then run npm ci again` : 'run npm ci again to retry';
    say(`not available (${error.message}): models will train on the slower WebAssembly backend; ${help}`);
  }
}

async function isDone(stamp) {
  const written = await readFile(stampFile, 'utf8').catch(() => '');
  const places = [
    ...addonNames.map((name) => join(addons, name)),
    ...libraries.map((name) => join(deps, name)),
  ];
  return written === stamp && places.every((file) => existsSync(file));
}

/** npm before 11.16 runs tfjs-node's install script in spite of `allowScripts`, and drops the package when it fails. */
async function putBack() {
  const args = [
    'install',
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    `@tensorflow/tfjs-node@${tfjsNodeVersion}`,
  ];
  const npm = process.env.npm_execpath;
  await (npm ? run(process.execPath, [npm, ...args], { cwd: root }) : run('npm', args, { cwd: root }));
}

async function build() {
  if (!wheel) throw new Error(`TensorFlow ${tensorflowVersion} has no wheel for ${platform}`);
  const cache = await writableCache();
  const cached = await addonPlace(tensorflowPlace(cache), tfjsNode);
  if (!existsSync(cached)) await findCompiler(); // before 280 MB are fetched for nothing
  const tensorflow = await tensorflowFolder(cache, say);
  await rm(addons, { recursive: true, force: true });
  await mkdir(deps, { recursive: true });
  await mkdir(addons, { recursive: true });
  for (const name of libraries) await place(join(tensorflow, 'lib', name), join(deps, name));
  try {
    await useAddons(cached);
  } catch {
    // Not there yet, or from a machine with other system libraries.
    await rm(cached, { recursive: true, force: true });
    const headers = join(modules, 'node-api-headers', 'include');
    await useAddons(await addonFolder(tensorflow, tfjsNode, headers, say));
  }
}

async function useAddons(folder) {
  for (const name of addonNames) await copyFile(join(folder, name), join(addons, name));
  await probe();
}

async function writableCache() {
  for (const folder of [cacheFolder(), join(modules, '.cache', 'rebalanced')]) {
    try {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK | constants.X_OK);
      return folder;
    } catch {
      // the next one
    }
  }
  throw new Error(`neither ${cacheFolder()} nor ${modules} can be written`);
}

/** A hard link outlives the cache and costs no space; across file systems a symbolic link must do. */
async function place(source, target) {
  await rm(target, { force: true });
  await link(source, target).catch(() => symlink(source, target));
}

/** Loads what was built, in the Node that will use it. */
async function probe() {
  const pinned = join(modules, 'node', 'bin', 'node');
  const script = `const load = (name) => require(${JSON.stringify(addons)} + '/' + name);
    load(${JSON.stringify(addonNames[1])}); process.stdout.write(load(${JSON.stringify(addonNames[0])}).TF_Version ?? 'loaded')`;
  const node = existsSync(pinned) ? pinned : process.execPath;
  await run(node, ['-e', script], { timeoutSeconds: 120 });
}

async function ownInstaller() {
  try {
    const env = { ...process.env, PATH: `${join(modules, '.bin')}:${process.env.PATH}` };
    await run(process.execPath, ['scripts/install.js'], { cwd: tfjsNode, timeoutSeconds: 180, env });
    return existsSync(join(addons, addonNames[0]));
  } catch {
    return false;
  }
}

main().catch((error) =>
  say(`not available (${error.message}): models will train on the slower WebAssembly backend`),
);
