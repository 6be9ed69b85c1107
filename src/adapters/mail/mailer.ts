/**
 * What became of one message. `refused` and `permanent`: it will never be taken as it is. `refused` and not
 * `permanent`: it was surely not taken, so it may be tried again. `ambiguous`: it was handed over and no answer came,
 * so it may have been delivered; nothing repeats it by itself.
 */
export type SendOutcome =
  | { outcome: 'sent' }
  | { outcome: 'refused'; permanent: boolean; error: string }
  | { outcome: 'ambiguous'; error: string };

/** What a letter's message is composed from; its bytes depend on nothing else. */
export type Message = {
  from: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  messageId: string;
  date: Date;
};

/** A composed message, frozen: the same bytes are sent at each attempt. */
export type OutgoingMessage = { from: string; to: string; messageId: string; bytes: Buffer };

/** Where letters go. `send` never throws for what the other side does; `close` ends what is under way. */
export type Mailer = {
  kind: 'smtp' | 'folder';
  send(message: OutgoingMessage): Promise<SendOutcome>;
  close(): Promise<void>;
};
