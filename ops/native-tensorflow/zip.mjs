// Reads a zip archive by its central directory. Enough for a wheel: one disk, below 4 GiB, stored or deflated.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;

/**
 * The entries of an archive.
 * @returns {Promise<{name: string, method: number, packedBytes: number, bytes: number, headerOffset: number}[]>}
 */
export async function listZip(path) {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(Math.min(size, 0xffff + 22));
    await file.read(tail, 0, tail.length, size - tail.length);
    let end = tail.length - 22;
    while (end >= 0 && tail.readUInt32LE(end) !== END_OF_DIRECTORY) end -= 1;
    if (end < 0) throw new Error(`${path} is not a zip archive: it has no end-of-directory record`);
    const directory = Buffer.alloc(tail.readUInt32LE(end + 12));
    await file.read(directory, 0, directory.length, tail.readUInt32LE(end + 16));
    return readDirectory(directory, tail.readUInt16LE(end + 10), path);
  } finally {
    await file.close();
  }
}

function readDirectory(directory, count, path) {
  const entries = [];
  for (let at = 0; entries.length < count; ) {
    if (directory.readUInt32LE(at) !== DIRECTORY_ENTRY)
      throw new Error(`${path}: broken directory at byte ${at}`);
    const nameBytes = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameBytes),
      method: directory.readUInt16LE(at + 10),
      packedBytes: directory.readUInt32LE(at + 20),
      bytes: directory.readUInt32LE(at + 24),
      headerOffset: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/** Writes one entry of the archive `path` to the file `target`, making its folder; throws if the size is not as promised. */
export async function extract(path, entry, target) {
  await mkdir(dirname(target), { recursive: true });
  const file = await open(path);
  const header = Buffer.alloc(30);
  try {
    await file.read(header, 0, header.length, entry.headerOffset);
  } finally {
    await file.close();
  }
  const start = entry.headerOffset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const out = createWriteStream(target);
  if (entry.packedBytes === 0) return void out.end();
  await pipeline(
    createReadStream(path, { start, end: start + entry.packedBytes - 1, highWaterMark: 1 << 20 }),
    entry.method === 0 ? new PassThrough() : createInflateRaw({ chunkSize: 1 << 20 }),
    out,
  );
  if (out.bytesWritten !== entry.bytes) {
    throw new Error(
      `${path}: ${entry.name} gave ${out.bytesWritten} bytes where ${entry.bytes} were expected`,
    );
  }
}
