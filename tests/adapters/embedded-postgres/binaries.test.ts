import { lstatSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { serverBinaries } from '../../../src/adapters/embedded-postgres/binaries.ts';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return { ...real, readFile: vi.fn(real.readFile) };
});

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'rebalanced-binaries-'));
});
afterEach(async () => {
  vi.mocked(readFile).mockReset();
  await rm(cache, { recursive: true });
});

/** The list of links is answered by this error, every other file as it is. */
function listFails(code: string): void {
  const real = vi.mocked(readFile).getMockImplementation()!;
  vi.mocked(readFile).mockImplementation(async (path, options) => {
    if (String(path).endsWith('pg-symlinks.json')) throw Object.assign(new Error(code), { code });
    return real(path, options);
  });
}

const links = (folder: string): string[] =>
  readdirSync(join(folder, 'lib')).filter((name) => lstatSync(join(folder, 'lib', name)).isSymbolicLink());

test('the programs are copied with the links that their package lists', async () => {
  const { folder } = await serverBinaries(cache);
  expect(readdirSync(join(folder, 'bin'))).toContain('postgres');
  const listed = JSON.parse(await readFile(join(folder, 'pg-symlinks.json'), 'utf8')) as { target: string }[];
  const inLib = listed.filter(({ target }) => target.startsWith('native/lib/'));
  expect(links(folder)).toHaveLength(inLib.length);
});

test('a package that lists no links is copied without them', async () => {
  listFails('ENOENT');
  const { folder } = await serverBinaries(cache);
  expect(readdirSync(join(folder, 'bin'))).toContain('postgres');
});

test('a list that cannot be read is said, and nothing is left in the cache', async () => {
  listFails('EACCES');
  await expect(serverBinaries(cache)).rejects.toThrow('EACCES');
  expect(readdirSync(cache)).toEqual([]);
});
