import type { Mailer, Message } from '../adapters/mail/mailer.ts';
import type { Artefact } from '../core/forecast/artefact.ts';
import type { TrainingRequest } from '../core/forecast/training-request.ts';
import type { LetterContent } from '../views/letter.ts';

/** Where a task says what happened. */
export type Log = {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
};

/** Trains networks, somewhere else than in the daemon's own process. */
export type Trainer = { train(request: TrainingRequest): Promise<{ artefact: Artefact; seconds: number }> };

/** Checks a stored model before it is used; throws when its content is not what its address says. */
export type ReadModel = (stored: unknown) => Artefact;

/** Renders a letter and composes the message that is frozen; `messageId` is derived from decision and recipient. */
export type LetterWriter = {
  write(content: LetterContent): Promise<{ subject: string; text: string; html: string }>;
  compose(message: Message): Promise<Buffer>;
  messageIdFor(key: { portfolio: string; session: string; revision: number; recipient: string }): string;
};

/** What tasks are given of the world outside the database, as ports. */
export type Services = {
  log: Log;
  trainer: Trainer;
  readModel: ReadModel;
  letters: LetterWriter;
  mailer: Pick<Mailer, 'kind' | 'send'>;
  /** of this code, as decisions name it */
  codeVersion: string;
};
