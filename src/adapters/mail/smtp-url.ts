import { isIP } from 'node:net';

/** A mail server as its URL tells it. */
export type SmtpServer = {
  host: string;
  port: number;
  /** TLS from the first byte (smtps) */
  secure: boolean;
  /** true where an unencrypted or unverified conversation must not happen */
  verified: boolean;
  login: { user: string; pass: string } | null;
};

const expected = 'expected smtp://host:port, smtps://host:port or smtp://user:password@host:port';

/**
 * Reads `smtp(s)://user:password@host:port`; ports default to 587, and to 465 with smtps. Credentials are sent to a
 * host other than this one only over verified TLS. Without them TLS is taken where offered and its certificate
 * not asked for: an attacker who could forge it could as well strike the offer out (RFC 7435). An Error never repeats the URL,
 * which may hold a password.
 */
export function parseSmtpUrl(text: string): SmtpServer {
  // Without the slashes, what stands before the colon may be a user.
  if (!/^\s*[a-z][a-z\d+.-]*:\/\//i.test(text) || !URL.canParse(text))
    throw new Error(`the mail server's address is no URL, ${expected}`);
  const url = new URL(text);
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:')
    throw new Error(`the mail server's address begins with ${url.protocol}//, ${expected}`);
  if (url.hostname === '') throw new Error(`the mail server's address names no host, ${expected}`);
  if ((url.pathname !== '' && url.pathname !== '/') || url.search !== '' || url.hash !== '')
    throw new Error(
      `the mail server's address goes on after the port, ${expected}; write / ? # in a password as %2F %3F %23`,
    );
  const host = decodeURIComponent(url.hostname.replace(/^\[|\]$/g, ''));
  const secure = url.protocol === 'smtps:';
  const login = loginOf(url);
  return {
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    verified: secure || (login !== null && !isLoopback(host)),
    login,
  };
}

function loginOf(url: URL): SmtpServer['login'] {
  if (url.username === '' && url.password === '') return null;
  if (url.username === '' || url.password === '')
    throw new Error(`the mail server's address needs both a user and a password, or neither, ${expected}`);
  try {
    return { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
  } catch {
    throw new Error("the mail server's user or password holds a % that is no escape: write it as %25");
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Strikes the password out of an error's text, plain, as in the URL, and as SMTP encodes it; one line, bounded. */
export function redactor({ login }: SmtpServer): (text: string) => string {
  const secrets: string[] = [];
  if (login) {
    const { user, pass } = login;
    const base64 = (value: string) => Buffer.from(value).toString('base64');
    secrets.push(base64(`\0${user}\0${pass}`), base64(`${user}\0${user}\0${pass}`), base64(pass));
    secrets.push(encodeURIComponent(pass), pass);
  }
  return (text) => {
    let safe = text;
    for (const secret of secrets) safe = safe.replaceAll(secret, '***');
    return safe
      .replace(/[\p{Cc}\s]+/gu, ' ')
      .trim()
      .slice(0, 500);
  };
}
