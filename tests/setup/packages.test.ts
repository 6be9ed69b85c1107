import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

type Locked = {
  version: string;
  resolved?: string;
  hasInstallScript?: boolean;
  optional?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
};

const root = join(import.meta.dirname, '../..');
const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));
const manifest = read('package.json');
const { '': _project, ...locked } = read('package-lock.json').packages as Record<string, Locked>;
const nameOf = (path: string) => path.replace(/^.*node_modules\//, '');

/** Where npm finds `name` from the package at `path`: in its own node_modules, or in one above it. */
function found(path: string, name: string): boolean {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/node_modules/'))) {
    if (locked[`${at}/node_modules/${name}`]) return true;
    if (!at.includes('/node_modules/')) return locked[`node_modules/${name}`] !== undefined;
  }
}

describe('package-lock.json', () => {
  // npm leaves out what the registry at hand lacks for other platforms, and `npm ci` then refuses the lock everywhere.
  test('has an entry for every dependency, also those of other platforms', () => {
    const missing = Object.entries(locked).flatMap(([path, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !found(path, name))
        .map((name) => `${path} -> ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test('names no registry', () => {
    expect(Object.values(locked).filter(({ resolved }) => resolved)).toEqual([]);
  });

  test('has one tfjs-core, the one both backends register with', () => {
    expect(Object.keys(locked).filter((path) => nameOf(path) === '@tensorflow/tfjs-core')).toHaveLength(1);
  });
});

describe('package.json', () => {
  test('says of every install script whether it may run', () => {
    const scripted = Object.entries(locked).filter(([, { hasInstallScript }]) => hasInstallScript);
    const undecided = scripted
      .map(([path]) => nameOf(path))
      .filter((name) => !(name in manifest.allowScripts));
    expect(undecided).toEqual([]);
  });

  test('never runs the script that downloads TensorFlow from a bucket', () => {
    expect(manifest.allowScripts['@tensorflow/tfjs-node']).toBe(false);
    expect(manifest.optionalDependencies['@tensorflow/tfjs-node']).toBe(
      manifest.dependencies['@tensorflow/tfjs'],
    );
  });

  test('pins the Node that the tests run on', () => {
    expect(process.version).toBe(`v${manifest.dependencies.node}`);
  });
});
