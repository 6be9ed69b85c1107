import { isUtf8 } from 'node:buffer';
import { SourceError } from '../source.ts';

/** A text file's bytes in UTF-8, and what they were in. */
export type DecodedText = { bytes: Buffer; encoding: string };

/** So many bytes tell UTF-16 without a mark from UTF-8: in names, dates and numbers every second byte is 0. */
const sampleBytes = 1024;

/**
 * The text of a file in UTF-8. Bytes that are not UTF-8 are taken for Windows-1252, of which Latin-1 is part: numbers
 * and dates are the same in both, and only names may come out wrong. A workbook, or bytes that are no text, is a
 * SourceError.
 */
export function inUtf8(path: string, bytes: Buffer): DecodedText {
  refuseWorkbook(path, bytes);
  const utf16 = utf16Of(bytes);
  if (utf16) return { bytes: fromUtf16(path, bytes, utf16), encoding: utf16 };
  if (bytes.subarray(0, sampleBytes).includes(0))
    throw new SourceError(
      'schema',
      `the file ${path} holds bytes of 0; expected text: save it as CSV in UTF-8`,
    );
  if (isUtf8(bytes)) return { bytes, encoding: 'UTF-8' };
  const text = new TextDecoder('windows-1252').decode(bytes);
  return { bytes: Buffer.from(text), encoding: 'Windows-1252, because it is no UTF-8' };
}

type Utf16 = 'UTF-16 LE' | 'UTF-16 BE';

function utf16Of(bytes: Buffer): Utf16 | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'UTF-16 LE';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'UTF-16 BE';
  const sample = bytes.subarray(0, sampleBytes);
  const zeros = (parity: number) => sample.filter((byte, i) => byte === 0 && i % 2 === parity).length;
  const [even, odd] = [zeros(0), zeros(1)];
  const most = sample.length / 4;
  if (odd > most && even === 0) return 'UTF-16 LE';
  return even > most && odd === 0 ? 'UTF-16 BE' : null;
}

function fromUtf16(path: string, bytes: Buffer, form: Utf16): Buffer {
  if (bytes.length % 2 !== 0)
    throw new SourceError(
      'schema',
      `the file ${path} is ${form} and ends amid a character; expected all of it`,
    );
  const ordered = form === 'UTF-16 LE' ? bytes : Buffer.from(bytes).swap16();
  return Buffer.from(ordered.toString('utf16le'));
}

function refuseWorkbook(path: string, bytes: Buffer): void {
  const start = bytes.toString('latin1', 0, 4);
  if (start !== 'PK\x03\x04' && start !== '\xd0\xcf\x11\xe0') return;
  const message = `the file ${path} is a workbook or an archive; expected text: open it and save it as CSV`;
  throw new SourceError('schema', message);
}
