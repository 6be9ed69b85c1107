import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server';
import { certificate, key } from './smtp-certificate.ts';

/** Where the server misbehaves, and how. `hold` keeps an answer back until `release()`, or for ever. */
export type SmtpFault =
  | { at: 'greeting' | 'login' | 'mail' | 'recipient' | 'data'; how: 'refuse'; code: number; text?: string }
  | { at: 'greeting' | 'login' | 'mail' | 'recipient' | 'body' | 'data'; how: 'drop' }
  | { at: 'greeting' | 'login' | 'mail' | 'recipient' | 'data'; how: 'hold' };

/** A message the server has in full, whether or not it said so. */
export type ReceivedMail = {
  from: string;
  to: string[];
  raw: Buffer;
  encrypted: boolean;
  user: string | null;
};

export type SmtpOptions = {
  fault?: SmtpFault | null;
  /** asked for at login; without them no login is offered */
  credentials?: { user: string; pass: string };
  /** `implicit` from the first byte, `starttls` on offer, none by default */
  tls?: 'implicit' | 'starttls' | 'none';
  /** whether several commands may come at once (RFC 2920), as most servers allow */
  pipelining?: boolean;
};

export type SmtpSimulator = {
  port: number;
  /** `smtp://127.0.0.1:port`, with credentials where they are asked for */
  url: string;
  received: ReceivedMail[];
  /** conversations begun so far */
  conversations(): number;
  setFault(fault: SmtpFault | null): void;
  /** resolves once an answer is being held back */
  held(): Promise<void>;
  /** gives the answers held back */
  release(): void;
  close(): Promise<void>;
};

/** A real SMTP server on loopback that takes mail, or fails in a chosen way. */
export async function startSmtp(options: SmtpOptions = {}): Promise<SmtpSimulator> {
  const { credentials, tls = 'none', pipelining = true } = options;
  const received: ReceivedMail[] = [];
  const answers: (() => void)[] = [];
  let fault = options.fault ?? null;
  let begun = 0;
  let announce = () => {};
  let holding = new Promise<void>((resolve) => {
    announce = resolve;
  });

  /** Answers as the fault wants it at this point, and plainly anywhere else. */
  const answer = (at: SmtpFault['at'], reply: (error?: Error) => void) => {
    if (fault?.at !== at) return reply();
    if (fault.how === 'refuse') return reply(refusal(fault.code, fault.text));
    if (fault.how === 'drop') return dropAll();
    answers.push(() => reply());
    announce();
  };
  // The topmost socket of each: destroying the one beneath a TLS handshake crashes Node.
  const dropAll = () => {
    for (const connection of server.connections) connection._socket.destroy();
  };

  const server = new SMTPServer({
    secure: tls === 'implicit',
    key,
    cert: certificate,
    hidePIPELINING: !pipelining,
    authOptional: credentials === undefined,
    allowInsecureAuth: true,
    disabledCommands: [...(tls === 'starttls' ? [] : ['STARTTLS']), ...(credentials ? [] : ['AUTH'])],
    disableReverseLookup: true,
    closeTimeout: 1000,
    onConnect: (_session, callback) => answer('greeting', callback),
    onAuth: (auth, _session, callback) =>
      answer('login', (error) => {
        if (error) return callback(error);
        if (auth.username === credentials?.user && auth.password === credentials?.pass)
          return callback(null, { user: auth.username });
        callback(refusal(535, 'wrong user or password'));
      }),
    onMailFrom: (_address, _session, callback) => answer('mail', callback),
    onRcptTo: (_address, _session, callback) => answer('recipient', callback),
    onData: (stream, session, callback) => {
      if (fault?.at === 'body') {
        stream.once('data', dropAll);
        return;
      }
      collect(stream, (raw) => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          raw,
          encrypted: session.secure,
          user: typeof session.user === 'string' ? session.user : null,
        });
        answer('data', callback);
      });
    },
  });
  // A client that hangs up, or distrusts the certificate, is what some tests are about.
  server.on('error', () => {});
  server.server.on('connection', () => {
    begun += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');

  const { port } = server.server.address() as AddressInfo;
  const login = credentials
    ? `${encodeURIComponent(credentials.user)}:${encodeURIComponent(credentials.pass)}@`
    : '';
  return {
    port,
    url: `${tls === 'implicit' ? 'smtps' : 'smtp'}://${login}127.0.0.1:${port}`,
    received,
    conversations: () => begun,
    setFault: (next) => {
      fault = next;
    },
    held: () => holding,
    release: () => {
      holding = new Promise((resolve) => {
        announce = resolve;
      });
      for (const give of answers.splice(0)) give();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        dropAll();
      }),
  };
}

function refusal(code: number, text = 'refused by the simulator'): Error {
  return Object.assign(new Error(text), { responseCode: code });
}

function collect(stream: SMTPServerDataStream, done: (raw: Buffer) => void): void {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => done(Buffer.concat(chunks)));
}
