import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { folderMailer } from '../../../src/adapters/mail/folder.ts';
import { messageIdFor } from '../../../src/adapters/mail/message.ts';
import { letter, outgoing } from './fixtures.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'letters-'));
});
afterEach(() => rm(root, { recursive: true }));

test('writes a letter as a whole file, named by session and portfolio', async () => {
  const folder = join(root, 'new', 'letters');
  const message = await outgoing();
  expect(await folderMailer({ folder }).send(message)).toEqual({ outcome: 'sent' });
  const [name, ...others] = await readdir(folder);
  expect(others).toEqual([]);
  expect(name).toMatch(/^2024-01-31-us-etfs-[0-9a-f]{32}\.eml$/);
  const bytes = await readFile(join(folder, name!));
  expect(bytes).toEqual(message.bytes);
  expect((await simpleParser(bytes)).messageId).toBe(letter.messageId);
});

test('writes the same Message-ID to the same file, even at the same time, and another to another', async () => {
  const message = await outgoing();
  const mailer = folderMailer({ folder: root });
  await Promise.all(Array.from({ length: 8 }, () => mailer.send(message)));
  expect(await readdir(root)).toHaveLength(1);
  const other = messageIdFor({
    portfolio: 'us-etfs',
    session: '2024-01-31',
    revision: 1,
    recipient: letter.to,
    domain: 'example.org',
  });
  await mailer.send({ ...message, messageId: other });
  expect(await readdir(root)).toHaveLength(2);
});

test('keeps a Message-ID of another make inside the folder', async () => {
  const mailer = folderMailer({ folder: join(root, 'letters') });
  await mailer.send({ ...(await outgoing()), messageId: '<../../escaped@example.org>' });
  expect(await readdir(root)).toEqual(['letters']);
  expect((await readdir(join(root, 'letters')))[0]).toMatch(/^letter-[0-9a-f]{32}\.eml$/);
});

test('a folder that cannot be written is refused, to be tried again, and says where', async () => {
  const folder = join(root, 'a-file');
  await writeFile(folder, '');
  expect(await folderMailer({ folder }).send(await outgoing())).toEqual({
    outcome: 'refused',
    permanent: false,
    error: expect.stringContaining(folder),
  });
  expect(await readdir(root)).toEqual(['a-file']);
});
