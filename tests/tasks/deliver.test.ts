import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { folderMailer } from '../../src/adapters/mail/folder.ts';
import { smtpMailer } from '../../src/adapters/mail/smtp.ts';
import { takeLetter } from '../../src/adapters/postgres/letter-rows.ts';
import { slotAt } from '../../src/core/schedule/plan.ts';
import type { Portfolio } from '../../src/tasks/portfolio.ts';
import type { Services } from '../../src/tasks/services.ts';
import { NotReadyError } from '../../src/tasks/task.ts';
import { type TestContext, testMonthEnd } from '../support/context.ts';
import { type SmtpSimulator, startSmtp } from '../support/smtp.ts';
import { type TaskBench, taskBench } from '../support/task-bench.ts';
import { runPlanned, runTask } from '../support/tasks.ts';

const session = testMonthEnd;
const from = 'Portfolio desk <desk@example.org>';
const recipients = ['one@example.org', 'two@example.org'];

let bench: TaskBench;
let context: TestContext;
let smtp: SmtpSimulator;
let mailer: Services['mailer'] & { close(): Promise<void> };
let portfolio: Portfolio;
beforeAll(async () => {
  bench = await taskBench();
  ({ context } = bench);
  smtp = await startSmtp();
  mailer = smtpMailer({ url: smtp.url, timeoutMs: 2000 });
});
afterAll(async () => {
  await mailer.close();
  await smtp.close();
  await bench.close();
});
/** A decided portfolio with two letters to send, written for real. */
beforeEach(async () => {
  smtp.setFault(null);
  smtp.received.length = 0;
  portfolio = { ...(await bench.fresh()).portfolio, letter: { from, to: recipients, statusUrl: null } };
  for (const task of ['ingest', 'revalue'] as const) await runTask(context, portfolio, task, session);
  const { letters } = context.services;
  const named = {
    ...letters,
    messageIdFor: ({ portfolio: id, recipient }: { portfolio: string; recipient: string }) =>
      `<${id}.${recipient}>`,
  };
  await runTask(context, portfolio, 'rebalance', session, { letters: named });
});

const send = (by: Services['mailer'] = mailer) =>
  runPlanned(context, portfolio, slotAt(portfolio.plan, 'deliver', session), { mailer: by });

async function letters() {
  const { rows } = await context.database.query<{
    recipient: string;
    state: string;
    attempts: number;
    error: string | null;
    finished: boolean;
  }>(
    `select recipient, state, attempts, last_error as error, finished_at is not null as finished
     from rebalanced.letters where portfolio = $1 order by letter_id`,
    [portfolio.id],
  );
  return rows;
}

const states = async () => (await letters()).map(({ state }) => state);

async function slotState(): Promise<string> {
  const { rows } = await context.database.query<{ state: string }>(
    `select state from rebalanced.slots where portfolio = $1 and task = 'deliver'`,
    [portfolio.id],
  );
  return rows[0]!.state;
}

/** As a worker that died right after it had taken the first letter. */
const dieWhileSending = () => takeLetter(context.database, portfolio.id, session);

describe('by a mail server', () => {
  test('each recipient gets the letter as it was frozen, once', async () => {
    const { rows } = await context.database.query<{ message: Buffer }>(
      'select message from rebalanced.letters where portfolio = $1 order by letter_id',
      [portfolio.id],
    );
    await send();
    expect(smtp.received.map(({ to }) => to)).toEqual(recipients.map((recipient) => [recipient]));
    expect(smtp.received.map(({ from: sender }) => sender)).toEqual(['desk@example.org', 'desk@example.org']);
    smtp.received.forEach(({ raw }, i) => {
      expect(raw.equals(rows[i]!.message)).toBe(true);
    });
    const parsed = await simpleParser(smtp.received[0]!.raw);
    expect(parsed.subject).toContain(portfolio.id);
    expect(parsed.messageId).toBe(`<${portfolio.id}.one@example.org>`);
    expect(parsed.html).toBeTruthy();
    expect(await letters()).toEqual(
      recipients.map((recipient) => ({ recipient, state: 'sent', attempts: 1, error: null, finished: true })),
    );
    expect(await slotState()).toBe('done');
    await send();
    expect(smtp.received).toHaveLength(2);
  });

  test('refused for now: it waits, and is tried again with the same bytes', async () => {
    smtp.setFault({ at: 'recipient', how: 'refuse', code: 451, text: 'greylisted' });
    await expect(send()).rejects.toThrow(NotReadyError);
    await expect(send()).rejects.toThrow('greylisted');
    expect(await letters()).toMatchObject([
      { state: 'pending', attempts: 2, finished: false },
      { state: 'pending', attempts: 0, finished: false },
    ]);
    expect(await slotState()).toBe('waiting');
    smtp.setFault(null);
    await send();
    expect(await states()).toEqual(['sent', 'sent']);
    expect(smtp.received).toHaveLength(2);
  });

  test('not to be reached at all: it waits', async () => {
    const nobody = await startSmtp();
    await nobody.close();
    const unreachable = smtpMailer({ url: nobody.url, timeoutMs: 2000 });
    await expect(send(unreachable)).rejects.toThrow(NotReadyError);
    expect(await states()).toEqual(['pending', 'pending']);
  });

  test('refused for good: it is never tried again, the other goes out, and the slot is done', async () => {
    smtp.setFault({ at: 'data', how: 'refuse', code: 554, text: 'not wanted here' });
    await send();
    expect(await letters()).toMatchObject([
      { state: 'refused', attempts: 1, finished: true },
      { state: 'refused', attempts: 1, finished: true },
    ]);
    expect((await letters())[0]!.error).toContain('not wanted here');
    expect(await slotState()).toBe('done');
    const conversations = smtp.conversations();
    await send();
    expect(smtp.conversations()).toBe(conversations);
  });

  test('lost after its text was handed over: ambiguous, shown, and never repeated', async () => {
    smtp.setFault({ at: 'data', how: 'drop' });
    await send();
    expect(await letters()).toMatchObject([
      { state: 'ambiguous', attempts: 1, finished: true },
      { state: 'ambiguous', attempts: 1, finished: true },
    ]);
    smtp.setFault(null);
    expect(await slotState()).toBe('done');
    await send();
    expect(smtp.received).toHaveLength(2); // what the server had before it dropped the line
    expect(await states()).toEqual(['ambiguous', 'ambiguous']);
  });

  test('by a process that died in the middle: that letter is ambiguous, the others are sent', async () => {
    await dieWhileSending();
    await send();
    expect(await letters()).toMatchObject([
      { state: 'ambiguous', finished: true, error: expect.stringContaining('may or may not have arrived') },
      { state: 'sent', error: null },
    ]);
    expect(smtp.received.map(({ to }) => to)).toEqual([['two@example.org']]);
    expect(await slotState()).toBe('done');
  });

  test('by a worker that was only taken for dead: what it finds out late is noted, and nothing is left to send', async () => {
    smtp.setFault({ at: 'recipient', how: 'hold' });
    const slow = send();
    await smtp.held();
    smtp.setFault({ at: 'recipient', how: 'refuse', code: 451 });
    await expect(send()).rejects.toThrow(NotReadyError);
    smtp.setFault(null);
    await send();
    expect(await states()).toEqual(['ambiguous', 'sent']);
    smtp.release();
    await slow;
    expect(await states()).toEqual(['sent', 'sent']);
    expect(smtp.received.map(({ to }) => to[0]).sort()).toEqual(recipients);
    expect(await slotState()).toBe('done');
  });

  test('refused for now, told by such a worker after the slot was done, does not hide the letter again', async () => {
    let settle = (_: Awaited<ReturnType<Services['mailer']['send']>>) => {};
    let slow: Promise<unknown> = Promise.resolve();
    await new Promise<void>((taken) => {
      slow = send({
        kind: 'smtp',
        send: () =>
          new Promise((answer) => {
            settle = answer;
            taken();
          }),
      });
    });
    await send();
    expect(await states()).toEqual(['ambiguous', 'sent']);
    settle({ outcome: 'refused', permanent: false, error: 'later' });
    await expect(slow).rejects.toThrow('later');
    expect(await states()).toEqual(['ambiguous', 'sent']);
  });
});

describe('into a folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'letters-'));
  });
  const clean = () => rm(folder, { recursive: true, force: true });

  test('a letter cut off half-way is written again, as the same file', async () => {
    const into = folderMailer({ folder });
    const letter = (await dieWhileSending())!;
    await into.send({ from, to: letter.recipient, messageId: letter.messageId, bytes: letter.bytes });
    await send(into);
    expect(await states()).toEqual(['sent', 'sent']);
    expect(await readdir(folder)).toHaveLength(2);
    await clean();
  });

  test('that cannot be written: the letters wait, and say why', async () => {
    const blocked = folderMailer({ folder: '/dev/null/letters' });
    await expect(send(blocked)).rejects.toThrow('/dev/null/letters');
    expect(await states()).toEqual(['pending', 'pending']);
    await send(folderMailer({ folder }));
    expect(await states()).toEqual(['sent', 'sent']);
    await clean();
  });
});

test('two workers at once send each letter once at most, and none is forgotten', async () => {
  const both = await Promise.allSettled([send(), send()]);
  expect(both.some(({ status }) => status === 'fulfilled')).toBe(true);
  expect(new Set(smtp.received.map(({ to }) => to[0])).size).toBe(smtp.received.length);
  expect(await states()).not.toContain('pending');
  expect(await slotState()).toBe('done');
});
