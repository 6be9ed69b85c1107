import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, so that any Node can run it at installation
import { keepOnce } from '../../ops/native-tensorflow/cache.mjs';
// @ts-expect-error likewise
import { headerFolders, libraries } from '../../ops/native-tensorflow/recipe.mjs';
// @ts-expect-error likewise
import { unpack } from '../../ops/native-tensorflow/wheel.mjs';

const root = join(import.meta.dirname, '../..');
/** The interpreter itself, as a shim would not run on the short PATH of an install below. */
const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], {
  encoding: 'utf8',
}).trim();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'native-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A zip archive by the book (APPNOTE 6.3.10): local header, data, central directory, end record. */
function zip(files: { name: string; content: Buffer; stored?: boolean; claimedBytes?: number }[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, stored, claimedBytes = content.length } of files) {
    const data = stored ? content : deflateRawSync(content);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(stored ? 0 : 8, 4);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(claimedBytes, 18);
    fields.writeUInt16LE(name.length, 22);
    const extra = Buffer.from('0102030405', 'hex'); // the local header alone has one: sizes must be read from it
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), extra, data]);
    local.writeUInt16LE(extra.length, 28);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, tail, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...directory, end]);
}

describe('unpacking a wheel', () => {
  const library = `tensorflow/${libraries[0]}`;
  const header = `tensorflow/include/${headerFolders[0]}`;
  const unpacked = async (files: Parameters<typeof zip>[0]) => {
    await writeFile(join(folder, 'x.whl'), zip(files));
    await unpack(python, join(folder, 'x.whl'), join(folder, 'out'));
    return (name: string) => readFile(join(folder, 'out', name));
  };

  test('gives back what was packed and is wanted, stored or deflated, empty or long', async () => {
    const contents: Record<string, Buffer> = {
      [library]: Buffer.alloc(3_000_000, 'tensor'),
      [`${header}a.h`]: Buffer.from('#pragma'),
      [`${header}b.inc`]: Buffer.alloc(0),
    };
    const unwanted = [`${header}c.cc`, 'tensorflow/include/other/d.h', 'tensorflow/e.so', `x/${library}`];
    const read = await unpacked([
      ...Object.entries(contents).map(([name, content], i) => ({ name, content, stored: i === 1 })),
      ...unwanted.map((name) => ({ name, content: Buffer.from('unwanted') })),
    ]);
    for (const [name, content] of Object.entries(contents))
      expect((await read(name)).equals(content)).toBe(true);
    for (const name of unwanted) expect(existsSync(join(folder, 'out', name))).toBe(false);
  });

  test('writes nothing outside its folder, whatever the archive calls its members', async () => {
    const name = `${header}../../../../../../escaped.h`;
    await unpacked([{ name, content: Buffer.from('#pragma') }]);
    expect(await readdir(folder)).toEqual(['out', 'x.whl']);
    expect(await readdir(join(folder, 'out', header))).toEqual(['escaped.h']);
  });

  test('refuses a member that is not what was packed, or not all of it, and what is no archive', async () => {
    const cut = { name: library, content: Buffer.from('abc'), claimedBytes: 2 };
    await expect(unpacked([cut])).rejects.toThrow('Bad CRC-32');
    const spoilt = zip([{ name: library, content: Buffer.from('abcdef'), stored: true }]);
    spoilt.write('x', spoilt.indexOf('abcdef'));
    await writeFile(join(folder, 'y.whl'), spoilt);
    await expect(unpack(python, join(folder, 'y.whl'), folder)).rejects.toThrow('Bad CRC-32');
    await writeFile(join(folder, 'y.whl'), 'moved permanently, see elsewhere');
    await expect(unpack(python, join(folder, 'y.whl'), folder)).rejects.toThrow('File is not a zip file');
  });
});

describe('the cache', () => {
  test('keeps the work of the first of two makers, and nothing of one that failed', async () => {
    const kept = join(folder, 'kept');
    const make = (name: string) => keepOnce(kept, (draft: string) => writeFile(join(draft, name), ''));
    await Promise.all([make('one'), make('two')]);
    expect(await readdir(kept)).toHaveLength(1);
    const failing = keepOnce(join(folder, 'never'), async () => Promise.reject(new Error('disk full')));
    await expect(failing).rejects.toThrow('disk full');
    expect(await readdir(folder)).toEqual(['kept']);
  });
});

describe('the postinstall', () => {
  /** A project with a tfjs-node that cannot be installed its own way, and a PATH that has only what `programs` lists. */
  async function install(programs: Record<string, string>) {
    const tfjsNode = join(folder, 'node_modules/@tensorflow/tfjs-node');
    for (const path of [
      join(tfjsNode, 'binding'),
      join(tfjsNode, 'scripts'),
      join(folder, 'path'),
      join(folder, 'cache'),
    ]) {
      await mkdir(path, { recursive: true });
    }
    await cp(join(root, 'ops/native-tensorflow'), join(folder, 'ops/native-tensorflow'), { recursive: true });
    await writeFile(join(tfjsNode, 'package.json'), '{}');
    await writeFile(join(tfjsNode, 'scripts/install.js'), 'process.exit(1)');
    for (const [name, script] of Object.entries(programs)) {
      await writeFile(join(folder, 'path', name), `#!/bin/sh\n${script}\n`);
      await chmod(join(folder, 'path', name), 0o755);
    }
    await symlink('/bin/sh', join(folder, 'path/sh'));
    const env = { PATH: join(folder, 'path'), REBALANCED_CACHE_DIR: join(folder, 'cache'), HOME: folder };
    const script = join(folder, 'ops/native-tensorflow/postinstall.mjs');
    return (await promisify(execFile)(process.execPath, [script], { env })).stdout.trim().split('\n');
  }

  /** A Python without pip, so that the `pip` of a test is the one asked. */
  const zipOnly = `case "$*" in *"-m pip"*) exit 1;; esac; exec ${python} "$@"`;

  test('goes on without pip, and says in one line what is missing', async () => {
    const lines = await install({ 'g++': '', python3: 'echo "No module named pip" >&2; exit 1' });
    expect(lines).toEqual([
      expect.stringMatching(/not available \(pip is missing\).*WebAssembly.*install pip/),
    ]);
    expect(await readdir(join(folder, 'cache'))).toEqual([]);
  });

  test('goes on without a compiler, says so in one line, and fetches nothing', async () => {
    const lines = await install({ pip: '' });
    expect(lines).toEqual([expect.stringMatching(/not available \(g\+\+ is missing\).*install g\+\+/)]);
    expect(await readdir(join(folder, 'cache'))).toEqual([]);
  });

  test('goes on where pip has no Python beside it, says so in one line, and fetches nothing', async () => {
    const lines = await install({ 'g++': '', pip: '' });
    expect(lines).toEqual([expect.stringMatching(/not available \(Python is missing\).*install Python 3/)]);
    expect(await readdir(join(folder, 'cache'))).toEqual([]);
  });

  test('goes on where the compiler fails, with its word, and keeps the libraries for the next time', async () => {
    const names = ['_cc.so.2', '_framework.so.2', '_cc.2.dylib', '_framework.2.dylib'];
    const files = names.map((name) => ({
      name: `tensorflow/libtensorflow${name}`,
      content: Buffer.from(name),
    }));
    const wheel = join(folder, 'small.whl');
    await writeFile(wheel, zip(files));
    const giving = `case "$*" in *--version*) ;; *) for last; do :; done; /bin/cp ${wheel} "$last";; esac`;
    const failing = 'case "$*" in *--version*) ;; *) echo "fatal error: out of memory" >&2; exit 1;; esac';
    const lines = await install({ pip: giving, 'g++': failing, python3: zipOnly });
    expect(lines.at(-1)).toContain('not available (g++ ended with 1: fatal error: out of memory)');
    const [kept] = await readdir(join(folder, 'cache'));
    expect(await readdir(join(folder, 'cache', kept!, 'lib'))).toHaveLength(2);
  });

  test('goes on where the wheel cannot be fetched, with the word of pip', async () => {
    const refusing = 'case "$*" in *--version*) exit 0;; esac; echo "ERROR: no network" >&2; exit 1';
    const lines = await install({ 'g++': '', pip: refusing, python3: zipOnly });
    expect(lines.at(-1)).toMatch(/not available \(pip ended with 1: ERROR: no network\).*run npm ci again/);
  });
});
