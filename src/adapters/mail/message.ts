import { createHash } from 'node:crypto';
import { domainToASCII } from 'node:url';
import addressparser from 'nodemailer/lib/addressparser';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { Message } from './mailer.ts';

/**
 * The Message-ID of one decision's letter to one recipient, angle brackets included. It is derived from them, so a
 * letter made again bears the same one: `<session.portfolio.hash@domain>`, the hash the first 32 digits of a SHA-256.
 * A RangeError where the domain cannot stand in a Message-ID.
 */
export function messageIdFor(of: {
  portfolio: string;
  session: string;
  revision: number;
  recipient: string;
  domain: string;
}): string {
  const domain = domainToASCII(of.domain);
  if (!/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(domain))
    throw new RangeError(`"${of.domain}" is no domain for a Message-ID, expected one such as example.org`);
  const hash = createHash('sha256')
    .update(JSON.stringify([of.portfolio, of.session, of.revision, of.recipient]))
    .digest('hex');
  const readable = `${of.session}.${of.portfolio}`.replace(/[^\w.-]/g, '_');
  return `<${readable}.${hash.slice(0, 32)}@${domain}>`;
}

/**
 * A message as RFC 5322 bytes, a text part and an HTML part. Nothing in it is left to chance: the boundary comes from
 * the Message-ID and the date is given, so the same letter gives the same bytes.
 */
export async function composeMessage(message: Message): Promise<Buffer> {
  if (Number.isNaN(message.date.getTime()))
    throw new RangeError(`the date of message ${message.messageId} is no date`);
  bareAddress(message.from);
  bareAddress(message.to);
  const composer = new MailComposer({
    ...message,
    baseBoundary: createHash('sha256').update(message.messageId).digest('hex').slice(0, 32),
    boundaryPrefix: '=_',
    newline: 'windows',
    textEncoding: 'quoted-printable',
    // Asks auto-responders to stay silent (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return await composer.compile().build();
}

/** The address alone, of `Name <address>`, for an envelope; a RangeError unless the text is exactly one address. */
export function bareAddress(text: string): string {
  const [first, ...others] = addressparser(text, { flatten: true });
  const parts = /^([^\s@<>]+)@([^\s@<>]+)$/.exec(first?.address ?? '');
  const domain = parts === null ? '' : domainToASCII(parts[2]!);
  // The parser forgives much; a name belongs into `Name <address>`, and a line break nowhere.
  const strict = !/\p{Cc}/u.test(text) && (first?.name === '' || text.trimEnd().endsWith('>'));
  if (parts === null || domain === '' || others.length > 0 || !strict)
    throw new RangeError(`${JSON.stringify(text)} is no mail address, expected one such as name@example.org`);
  return `${parts[1]}@${domain}`;
}
