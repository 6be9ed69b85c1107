import { createServer } from 'node:net';
import { simpleParser } from 'mailparser';
import { afterEach, describe, expect, test } from 'vitest';
import type { Mailer } from '../../../src/adapters/mail/mailer.ts';
import { smtpMailer } from '../../../src/adapters/mail/smtp.ts';
import { type SmtpFault, type SmtpOptions, type SmtpSimulator, startSmtp } from '../../support/smtp.ts';
import { certificate } from '../../support/smtp-certificate.ts';
import { letter, outgoing } from './fixtures.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function server(options: SmtpOptions = {}): Promise<SmtpSimulator> {
  const smtp = await startSmtp(options);
  open.push(smtp);
  return smtp;
}

function mailer(url: string, options: { timeoutMs?: number; certificateAuthority?: string } = {}): Mailer {
  const made = smtpMailer({ url, timeoutMs: 20_000, ...options });
  open.push(made);
  return made;
}

describe.each([true, false])('over a real SMTP conversation, pipelining %s', (pipelining) => {
  test('delivers the frozen bytes as they are, with the envelope given', async () => {
    const smtp = await server({ pipelining });
    const message = await outgoing();
    expect(await mailer(smtp.url).send(message)).toEqual({ outcome: 'sent' });
    expect(smtp.received).toHaveLength(1);
    const [mail] = smtp.received;
    expect(mail).toMatchObject({ from: 'daemon@example.org', to: ['owner@example.net'], encrypted: false });
    expect(mail!.raw.toString('latin1').trimEnd()).toBe(message.bytes.toString('latin1').trimEnd());
    const parsed = await simpleParser(mail!.raw, { skipTextToHtml: true });
    expect(parsed).toMatchObject({
      messageId: letter.messageId,
      subject: letter.subject,
      date: letter.date,
      text: letter.text,
      html: letter.html,
    });
  });

  test('sends again and to the same server without leaving anything behind', async () => {
    const smtp = await server({ pipelining });
    const post = mailer(smtp.url);
    const message = await outgoing();
    const outcomes = await Promise.all([post.send(message), post.send(message), post.send(message)]);
    expect(outcomes).toEqual(Array(3).fill({ outcome: 'sent' }));
    expect(smtp.received).toHaveLength(3);
    expect(smtp.conversations()).toBe(3);
  });

  const refusals: [fault: SmtpFault, permanent: boolean][] = [
    [{ at: 'greeting', how: 'refuse', code: 421 }, false],
    [{ at: 'greeting', how: 'refuse', code: 554 }, false],
    [{ at: 'greeting', how: 'drop' }, false],
    [{ at: 'mail', how: 'refuse', code: 451 }, false],
    [{ at: 'mail', how: 'refuse', code: 530 }, false],
    [{ at: 'mail', how: 'refuse', code: 550 }, true],
    [{ at: 'mail', how: 'drop' }, false],
    [{ at: 'recipient', how: 'refuse', code: 450 }, false],
    [{ at: 'recipient', how: 'refuse', code: 503 }, false],
    [{ at: 'recipient', how: 'refuse', code: 550 }, true],
    [{ at: 'recipient', how: 'drop' }, false],
    [{ at: 'data', how: 'refuse', code: 421 }, false],
    [{ at: 'data', how: 'refuse', code: 452 }, false],
    [{ at: 'data', how: 'refuse', code: 554 }, true],
  ];
  test.each(refusals)('%j is refused, permanently: %j', async (fault, permanent) => {
    const smtp = await server({ pipelining, fault });
    const post = mailer(smtp.url);
    const outcome = await post.send(await outgoing());
    expect(outcome).toEqual({ outcome: 'refused', permanent, error: expect.stringContaining('127.0.0.1') });
    if (fault.how === 'refuse')
      expect(outcome).toMatchObject({ error: expect.stringContaining(`${fault.code}`) });
    expect(smtp.conversations()).toBe(1);

    smtp.setFault(null);
    const before = smtp.received.length;
    expect(await post.send(await outgoing())).toEqual({ outcome: 'sent' });
    expect(smtp.received).toHaveLength(before + 1);
  });

  test.each(['data', 'body'] as const)(
    'a connection lost at the %s is ambiguous and not repeated',
    async (at) => {
      const smtp = await server({ pipelining, fault: { at, how: 'drop' } });
      const outcome = await mailer(smtp.url).send(await outgoing());
      expect(outcome).toEqual({ outcome: 'ambiguous', error: expect.stringContaining('the message') });
      expect(smtp.conversations()).toBe(1);
      expect(smtp.received).toHaveLength(at === 'data' ? 1 : 0);
    },
  );

  test.each([
    ['greeting', 'refused'],
    ['recipient', 'refused'],
    ['data', 'ambiguous'],
  ] as const)('a server silent at the %s ends by the time-out as %s', async (at, outcome) => {
    const smtp = await server({ pipelining, fault: { at, how: 'hold' } });
    const result = await mailer(smtp.url, { timeoutMs: 300 }).send(await outgoing());
    expect(result).toMatchObject({ outcome, error: expect.stringContaining('no end within 300 ms') });
    expect(smtp.conversations()).toBe(1);
  });
});

test('waits for a greeting that comes late', async () => {
  const smtp = await server({ fault: { at: 'greeting', how: 'hold' } });
  const sending = mailer(smtp.url).send(await outgoing());
  await smtp.held();
  expect(smtp.received).toHaveLength(0);
  smtp.release();
  expect(await sending).toEqual({ outcome: 'sent' });
});

test('an answer to the message that is neither yes nor no is ambiguous', async () => {
  const scripted = createServer((socket) => {
    let inBody = false;
    socket.write('220 here\r\n');
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      if (inBody) {
        if (chunk.toString('latin1').endsWith('\r\n.\r\n')) socket.write('354 what?\r\n');
        return;
      }
      inBody = /^DATA/m.test(chunk.toString('latin1'));
      socket.write(inBody ? '354 go on\r\n' : '250 yes\r\n');
    });
  });
  await new Promise<void>((resolve) => scripted.listen(0, '127.0.0.1', resolve));
  open.push({ close: () => new Promise((resolve) => scripted.close(() => resolve())) });
  const { port } = scripted.address() as { port: number };
  const outcome = await mailer(`smtp://127.0.0.1:${port}`).send(await outgoing());
  expect(outcome).toEqual({ outcome: 'ambiguous', error: expect.stringContaining('354') });
});

test('a server that is not there is refused, to be tried again', async () => {
  const smtp = await startSmtp();
  await smtp.close();
  const outcome = await mailer(smtp.url).send(await outgoing());
  expect(outcome).toEqual({
    outcome: 'refused',
    permanent: false,
    error: expect.stringMatching(/^127\.0\.0\.1:\d+, connecting: .*ECONNREFUSED/),
  });
});

test('a recipient that is no address is refused for good, without a conversation', async () => {
  const smtp = await server();
  const outcome = await mailer(smtp.url).send({ ...(await outgoing()), to: 'nobody' });
  expect(outcome).toMatchObject({ outcome: 'refused', permanent: true });
  expect(smtp.conversations()).toBe(0);
});

describe('when it is closed', () => {
  test.each([
    ['recipient', { outcome: 'refused', permanent: false }],
    ['data', { outcome: 'ambiguous' }],
  ] as const)('ends a conversation under way at the %s', async (at, outcome) => {
    const smtp = await server({ fault: { at, how: 'hold' } });
    const post = mailer(smtp.url);
    const sending = post.send(await outgoing());
    await smtp.held();
    await post.close();
    expect(await sending).toMatchObject({ ...outcome, error: expect.stringContaining('stopped') });
  });

  test('starts no other', async () => {
    const smtp = await server();
    const post = mailer(smtp.url);
    await post.close();
    expect(await post.send(await outgoing())).toMatchObject({ outcome: 'refused', permanent: false });
    expect(smtp.conversations()).toBe(0);
  });
});

describe('logging in', () => {
  const credentials = { user: 'mail user', pass: 'hünter2/?%' };

  test('uses the credentials of the URL', async () => {
    const smtp = await server({ credentials });
    expect(await mailer(smtp.url).send(await outgoing())).toEqual({ outcome: 'sent' });
    expect(smtp.received[0]!.user).toBe(credentials.user);
  });

  test('refused, may be tried again, and no form of the password is in the error', async () => {
    const { user, pass } = credentials;
    const plain = Buffer.from(`\0${user}\0${pass}`).toString('base64');
    const echo = `no: ${pass} ${encodeURIComponent(pass)} ${Buffer.from(pass).toString('base64')} ${plain}`;
    for (const fault of [
      { at: 'login', how: 'refuse', code: 535, text: echo },
      { at: 'data', how: 'refuse', code: 554, text: echo },
    ] as const) {
      const smtp = await server({ credentials, fault });
      const outcome = await mailer(smtp.url).send(await outgoing());
      expect(outcome).toMatchObject({ outcome: 'refused', permanent: fault.at === 'data' });
      const { error } = outcome as { error: string };
      expect(error).toContain(`${fault.code} no: *** *** *** ***`);
      for (const secret of [pass, encodeURIComponent(pass), plain]) expect(error).not.toContain(secret);
    }
  });

  test('with a wrong password names no password either', async () => {
    const smtp = await server({ credentials });
    const outcome = await mailer(`smtp://user:wrong-secret@127.0.0.1:${smtp.port}`).send(await outgoing());
    expect(outcome).toMatchObject({
      outcome: 'refused',
      permanent: false,
      error: expect.stringContaining('535'),
    });
    expect(JSON.stringify(outcome)).not.toContain('wrong-secret');
  });
});

describe('over TLS', () => {
  test.each(['implicit', 'starttls'] as const)('%s encrypts', async (tls) => {
    const smtp = await server({ tls, credentials: { user: 'u', pass: 'p w' } });
    const post = mailer(smtp.url, { certificateAuthority: certificate });
    expect(await post.send(await outgoing())).toEqual({ outcome: 'sent' });
    expect(smtp.received[0]).toMatchObject({ encrypted: true, user: 'u' });
  });

  test('smtps refuses a certificate nobody vouches for', async () => {
    const smtp = await server({ tls: 'implicit' });
    const outcome = await mailer(smtp.url).send(await outgoing());
    expect(outcome).toMatchObject({
      outcome: 'refused',
      permanent: false,
      error: expect.stringMatching(/certificate/),
    });
    expect(smtp.received).toHaveLength(0);
  });

  test('without credentials takes STARTTLS where it is offered, vouched for or not', async () => {
    const smtp = await server({ tls: 'starttls' });
    expect(await mailer(smtp.url).send(await outgoing())).toEqual({ outcome: 'sent' });
    expect(smtp.received[0]!.encrypted).toBe(true);
  });
});
