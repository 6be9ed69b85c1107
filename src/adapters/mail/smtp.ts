import { Readable } from 'node:stream';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Mailer, OutgoingMessage, SendOutcome } from './mailer.ts';
import { bareAddress } from './message.ts';
import { parseSmtpUrl, redactor, type SmtpServer } from './smtp-url.ts';

type Phase = 'connecting' | 'logging in' | 'the envelope' | 'the message';
type SmtpError = Error & { responseCode?: number };
type Envelope = { from: string; to: string };
type Limits = { timeoutMs: number; certificateAuthority: string | undefined; stop: AbortSignal };

/** Answers that blame the login or the order of commands, not the message: to be tried again once that is fixed. */
const notTheMessage = new Set([503, 530, 534, 535, 538]);

/**
 * Sends letters by SMTP, one conversation each, bounded by `timeoutMs` as a whole. `certificateAuthority` (PEM) is
 * trusted instead of the system's. An Error on a URL that cannot be read, without repeating it.
 */
export function smtpMailer(options: {
  url: string;
  timeoutMs: number;
  certificateAuthority?: string;
}): Mailer {
  const server = parseSmtpUrl(options.url);
  const stopping = new AbortController();
  const limits = {
    timeoutMs: options.timeoutMs,
    certificateAuthority: options.certificateAuthority,
    stop: stopping.signal,
  };
  return {
    kind: 'smtp',
    async send(message) {
      let envelope: Envelope;
      try {
        envelope = { from: bareAddress(message.from), to: bareAddress(message.to) };
      } catch (error) {
        return { outcome: 'refused', permanent: true, error: (error as Error).message };
      }
      return converse(server, envelope, message, limits);
    },
    async close() {
      stopping.abort();
    },
  };
}

/** One conversation, from connecting to the answer. Settles exactly once. */
function converse(
  server: SmtpServer,
  envelope: Envelope,
  { bytes }: OutgoingMessage,
  { timeoutMs, certificateAuthority, stop }: Limits,
): Promise<SendOutcome> {
  const clean = redactor(server);
  return new Promise((resolve) => {
    let phase: Phase = 'connecting';
    let settled = false;
    const connection = new SMTPConnection(connectionOptions(server, timeoutMs, certificateAuthority));
    const settle = (outcome: SendOutcome) => {
      if (settled) return;
      settled = true;
      clearTimeout(deadline);
      stop.removeEventListener('abort', stopped);
      resolve(outcome);
      if (outcome.outcome === 'sent') connection.quit();
      connection.close();
    };
    const fail = (error: SmtpError) => {
      const text = clean(`${server.host}:${server.port}, ${phase}: ${error.message}`);
      settle(judge(phase, error.responseCode ?? 0, text));
    };
    const stopped = () => fail(new Error('stopped before the server answered'));
    const deadline = setTimeout(() => fail(new Error(`no end within ${timeoutMs} ms`)), timeoutMs);
    if (stop.aborted) return stopped();
    stop.addEventListener('abort', stopped);

    // The body is read only after the server has asked for it: from then on it may have been taken.
    const body = new Readable({
      read() {
        phase = 'the message';
        this.push(bytes);
        this.push(null);
      },
    });
    const sendLetter = () => {
      phase = 'the envelope';
      connection.send(envelope, body, (error) => (error ? fail(error) : settle({ outcome: 'sent' })));
    };
    connection.on('error', fail);
    connection.on('end', () => fail(new Error('the connection ended')));
    connection.connect((error) => {
      if (error) return fail(error);
      if (server.login === null) return sendLetter();
      phase = 'logging in';
      connection.login({ ...server.login }, (refusal) => (refusal ? fail(refusal) : sendLetter()));
    });
  });
}

/** Once the body is under way only a plain refusal (4xx, 5xx) says that it was not taken. */
function judge(phase: Phase, responseCode: number, error: string): SendOutcome {
  const answered = responseCode >= 400 && responseCode <= 599;
  if (phase === 'the message' && !answered) return { outcome: 'ambiguous', error };
  const aboutTheMessage = phase === 'the envelope' || phase === 'the message';
  const permanent =
    aboutTheMessage && responseCode >= 500 && responseCode <= 599 && !notTheMessage.has(responseCode);
  return { outcome: 'refused', permanent, error };
}

function connectionOptions(server: SmtpServer, timeoutMs: number, certificateAuthority: string | undefined) {
  return {
    host: server.host,
    port: server.port,
    secure: server.secure,
    requireTLS: server.verified && !server.secure,
    // The deadline of the whole conversation comes first; these only bound what it might leave behind.
    connectionTimeout: 2 * timeoutMs,
    greetingTimeout: 2 * timeoutMs,
    dnsTimeout: 2 * timeoutMs,
    socketTimeout: 2 * timeoutMs,
    socketCloseTimeout: Math.min(timeoutMs, 1000),
    tls: {
      rejectUnauthorized: server.verified,
      ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority }),
    },
  };
}
