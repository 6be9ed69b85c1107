import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { SourceError } from '../source.ts';
import { type DecodedText, inUtf8 } from './encoding.ts';

/** What a file is expected to hold, for its error messages, and the most bytes it may have, unpacked. */
export type FileExpectation = { content: string; bytesMax: number };

/**
 * The text of a file in UTF-8, unpacked where it is gzip. A file that is missing, unreadable, no text or longer than
 * allowed is a SourceError; a small gzip file that holds gigabytes is refused once it has given `bytesMax`, not when
 * memory ends.
 */
export function readBounded(path: string, expected: FileExpectation): DecodedText {
  try {
    if (statSync(path).size > expected.bytesMax) throw tooLong(path, expected);
    const bytes = readFileSync(path);
    if (bytes.length > expected.bytesMax) throw tooLong(path, expected);
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return inUtf8(path, isGzip ? gunzipSync(bytes, { maxOutputLength: expected.bytesMax }) : bytes);
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    if (codeOf(cause) === 'ERR_BUFFER_TOO_LARGE') throw tooLong(path, expected);
    throw unreadable(path, expected, cause);
  }
}

/** Tells one state of a file from another. */
export function stampOf(path: string, expected: FileExpectation): string {
  try {
    const { mtimeMs, size } = statSync(path);
    return `${mtimeMs} ${size}`;
  } catch (cause) {
    throw unreadable(path, expected, cause);
  }
}

function tooLong(path: string, { content, bytesMax }: FileExpectation): SourceError {
  const most = `at most ${bytesMax / 1024 ** 2} MiB of ${content}, unpacked`;
  return new SourceError('schema', `the file ${path} is too long; expected ${most}: is it the right file?`);
}

function unreadable(path: string, { content }: FileExpectation, cause: unknown): SourceError {
  const code = codeOf(cause) ?? String(cause);
  const found = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
  const message = `the file ${path} ${found}; expected a CSV file of ${content}, plain or gzip`;
  return new SourceError('network', message, { cause });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
