import { simpleParser } from 'mailparser';
import { describe, expect, test } from 'vitest';
import { bareAddress, composeMessage, messageIdFor } from '../../../src/adapters/mail/message.ts';
import { letter } from './fixtures.ts';

const decision = {
  portfolio: 'us-etfs',
  session: '2024-01-31',
  revision: 0,
  recipient: 'owner@example.net',
  domain: 'example.org',
};

describe('a composed message', () => {
  test('says what it was given, in both parts, with its headers', async () => {
    const parsed = await simpleParser(await composeMessage(letter), { skipTextToHtml: true });
    expect(parsed.messageId).toBe(letter.messageId);
    expect(parsed.date).toEqual(letter.date);
    expect(parsed.subject).toBe(letter.subject);
    expect(parsed.from?.value).toEqual([{ name: 'Rebalanced', address: 'daemon@example.org' }]);
    expect([parsed.to].flat().flatMap((to) => to?.value ?? [])).toEqual([
      { name: '', address: 'owner@example.net' },
    ]);
    expect(parsed.text).toBe(letter.text);
    expect(parsed.html).toBe(letter.html);
    expect(parsed.headers.get('auto-submitted')).toBe('auto-generated');
    expect(parsed.attachments).toEqual([]);
  });

  test('is the same bytes each time, and its boundary follows the Message-ID alone', async () => {
    const bytes = await composeMessage(letter);
    expect(await composeMessage({ ...letter })).toEqual(bytes);
    const boundary = (raw: Buffer) => /boundary="([^"]+)"/.exec(raw.toString())![1];
    const other = await composeMessage({ ...letter, messageId: '<another@example.org>' });
    expect(boundary(other)).not.toBe(boundary(bytes));
    expect(boundary(await composeMessage({ ...letter, subject: 'x' }))).toBe(boundary(bytes));
  });

  test('is pure ASCII in CRLF lines of at most 998 bytes, as SMTP without extensions needs', async () => {
    const long = { ...letter, html: `<p>${'é'.repeat(5000)}</p>`, text: 'ü'.repeat(5000) };
    for (const message of [letter, long]) {
      const raw = (await composeMessage(message)).toString('latin1');
      expect(raw).not.toMatch(/[^\r\n\x20-\x7e\t]/);
      expect(raw.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
      expect(Math.max(...raw.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998);
    }
  });

  test('lets no line break in a subject become a header', async () => {
    const bytes = await composeMessage({ ...letter, subject: 'a\r\nBcc: victim@example.net\r\n\r\nbody' });
    const parsed = await simpleParser(bytes);
    expect(parsed.bcc).toBeUndefined();
    expect(parsed.text).toBe(letter.text);
  });

  test.each(['', 'nobody', 'a@b, c@d', 'a b@c', 'x@y\r\nBcc: z@w'])(
    'refuses the recipient %j',
    async (to) => {
      await expect(composeMessage({ ...letter, to })).rejects.toThrow(/no mail address/);
    },
  );

  test('refuses a date that is none', async () => {
    await expect(composeMessage({ ...letter, date: new Date('x') })).rejects.toThrow(/is no date/);
  });
});

describe('the Message-ID', () => {
  test('is derived, and stays what it was (letters of earlier versions must not be sent again)', () => {
    expect(messageIdFor(decision)).toBe('<2024-01-31.us-etfs.2a9e9e1f12db33e49d2d2be39ccc21c1@example.org>');
  });

  test.each([
    ['portfolio', 'us-stocks'],
    ['session', '2024-02-29'],
    ['revision', 1],
    ['recipient', 'other@example.net'],
    ['domain', 'example.com'],
  ])('differs with another %s', (part, value) => {
    expect(messageIdFor({ ...decision, [part]: value })).not.toBe(messageIdFor(decision));
  });

  test('takes an international domain in its ASCII form and refuses what is no domain', () => {
    expect(messageIdFor({ ...decision, domain: 'bücher.example' })).toMatch(/@xn--bcher-kva\.example>$/);
    for (const domain of ['', 'a b', '-x', 'x>y'])
      expect(() => messageIdFor({ ...decision, domain })).toThrow(/no domain/);
  });
});

describe('an envelope address', () => {
  test('is bare, its domain in ASCII', () => {
    expect(bareAddress('"Owner, The" <owner@bücher.example>')).toBe('owner@xn--bcher-kva.example');
  });
});
