import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mailer } from './mailer.ts';

/**
 * Writes each letter into a folder as `<session>-<portfolio>-<hash>.eml`, made when it is not there. A file appears
 * whole or not at all, and the same Message-ID is the same file.
 */
export function folderMailer({ folder }: { folder: string }): Mailer {
  return {
    kind: 'folder',
    async send({ messageId, bytes }) {
      const path = join(folder, fileName(messageId));
      try {
        await mkdir(folder, { recursive: true });
        await writeWhole(path, bytes);
        return { outcome: 'sent' };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const advice = 'check that the folder can be written and has room';
        return {
          outcome: 'refused',
          permanent: false,
          error: `cannot write letter ${path}: ${reason}; ${advice}`,
        };
      }
    },
    async close() {},
  };
}

/** From the Message-ID's readable part; a Message-ID of another make gives a name by its hash. */
function fileName(messageId: string): string {
  const parts = /^<(\d{4}-\d{2}-\d{2})\.([\w-]+)\.([0-9a-f]{32})@/.exec(messageId);
  if (parts) return `${parts[1]}-${parts[2]}-${parts[3]}.eml`;
  return `letter-${createHash('sha256').update(messageId).digest('hex').slice(0, 32)}.eml`;
}

async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    const file = await open(partial, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
