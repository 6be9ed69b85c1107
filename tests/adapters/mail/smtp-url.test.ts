import { describe, expect, test } from 'vitest';
import { parseSmtpUrl } from '../../../src/adapters/mail/smtp-url.ts';

describe('the address of a mail server', () => {
  test.each([
    [
      'smtp://mail.example.org',
      { host: 'mail.example.org', port: 587, secure: false, verified: false, login: null },
    ],
    ['smtps://mail.example.org/', { port: 465, secure: true, verified: true }],
    ['smtp://[::1]:2525', { host: '::1', port: 2525 }],
    [
      'smtp://u:p%2Fw%25@mail.example.org:25',
      { port: 25, verified: true, login: { user: 'u', pass: 'p/w%' } },
    ],
    ['smtp://u:p@127.0.0.1:1025', { verified: false }],
    ['smtp://u:p@localhost:1025', { verified: false }],
    // Not this machine, however much it looks like it: the password must not go there in the clear.
    ['smtp://u:p@127.evil.example', { verified: true }],
  ])('%s', (url, server) => {
    expect(parseSmtpUrl(url)).toMatchObject(server);
  });

  test.each([
    'not a url secret',
    'http://u:secret@host',
    'smtp:',
    'secret:password@host',
    'smtp://u:secret@',
    'smtp://u:secret@host:99999',
    'smtp://u:secret@host/path',
    'smtp://u:secret@host?x=1',
    'smtp://:secret@host',
    'smtp://secret@host',
    'smtp://u:secret%zz@host',
  ])('%s is refused without being repeated', (url) => {
    expect(() => parseSmtpUrl(url)).toThrow(/mail server/);
    expect(() => parseSmtpUrl(url)).not.toThrow(/secret/);
  });
});
