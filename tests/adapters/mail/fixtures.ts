import type { OutgoingMessage } from '../../../src/adapters/mail/mailer.ts';
import { composeMessage, messageIdFor } from '../../../src/adapters/mail/message.ts';

export const letter = {
  from: 'Rebalanced <daemon@example.org>',
  to: 'owner@example.net',
  subject: 'us-etfs: trade 16.4% – “Übung” für später',
  text: 'Buy SPY.\n.\n.. a line that begins with dots\nEnd – fin\n',
  html: '<html lang="en"><body><p>Buy SPY – “now”</p></body></html>',
  messageId: messageIdFor({
    portfolio: 'us-etfs',
    session: '2024-01-31',
    revision: 0,
    recipient: 'owner@example.net',
    domain: 'example.org',
  }),
  date: new Date('2024-01-31T21:46:03Z'),
};

/** The letter as it lies in the outbox. */
export async function outgoing(): Promise<OutgoingMessage> {
  const { from, to, messageId } = letter;
  return { from, to, messageId, bytes: await composeMessage(letter) };
}
