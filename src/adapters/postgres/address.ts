import pg from 'pg';

/** A database's address as pg takes it, and where it leads, for messages: host, port and database, never a login. */
export type DatabaseAddress = { url: string; place: string };

const expected = 'expected postgres://user:password@host:port/database';
const hint = 'in a user or a password write / as %2F, @ as %40, # as %23, ? as %3F, : as %3A and % as %25';

/**
 * Reads `postgres://user:password@host:port/database`; a socket's folder stands in `?host=` or, escaped, as the host.
 * A character left unescaped in a password moves where the host begins, so whatever could be a piece of a password is
 * refused. An Error goes on after the name of what holds the address, and repeats nothing of it.
 */
export function readDatabaseAddress(text: string): DatabaseAddress {
  // pg takes a % that begins no escape for itself, but then misreads every escape beside it.
  const escaped = text
    .trim()
    .replace(/%(?![\da-f]{2})/gi, '%25')
    .replaceAll(' ', '%20');
  if (!/^postgres(ql)?:\/\//i.test(escaped)) throw new Error(`is no database address; ${expected}`);
  // URLs have no user without a host, but `postgres://user@/database?host=/folder` is PostgreSQL's own form.
  const url = URL.canParse(escaped) ? escaped : escaped.replace('@/', '@localhost/');
  if (!URL.canParse(url)) throw new Error(`is no database address; ${expected}; ${hint}`);
  const { pathname, search, hash, hostname } = new URL(url);
  if (`${pathname}${search}`.includes('@') || hash !== '')
    throw new Error(`has an @ or a # after its host; ${expected}; ${hint}`);
  const { host, port } = clientOf(url);
  if (url !== escaped && !host.startsWith('/')) throw new Error(`names no host; ${expected}`);
  if (!/^(\/.*|[\p{L}\p{N}._:,-]*)$/u.test(host) || !/^[\w.:%,[\]-]*$/.test(hostname))
    throw new Error(`has a character in its host that no host's name has; ${expected}; ${hint}`);
  return { url, place: `${host.includes(':') ? `[${host}]` : host}:${port}${pathname}` };
}

/** What pg makes of an address: the one truth of who logs in where. Nothing is connected. */
function clientOf(url: string): pg.Client {
  try {
    return new pg.Client({ connectionString: url });
  } catch (error) {
    if (error instanceof URIError) throw new Error(`has a % that begins no character; ${hint}`);
    throw new Error(`cannot be used: ${(error as Error).message}`); // a certificate that cannot be read
  }
}

/** Strikes an address's login out of errors, wherever they tell it: message, stack, details, causes. */
export type DatabaseRedactor = {
  /** for errors of connecting, which like to tell the user too */
  login(error: Error): Error;
  /** for errors of statements, where a user's name may be a schema's as well */
  password(error: Error): Error;
};

export function databaseRedactor(url: string): DatabaseRedactor {
  const { user, password } = new pg.Client({ connectionString: url });
  const secrets = password ? [password, encodeURIComponent(password), new URL(url).password] : [];
  const users = user ? [user, encodeURIComponent(user)] : [];
  return {
    login: (error) => redacted(error, striking([...secrets, ...users])),
    password: (error) => redacted(error, striking(secrets)),
  };
}

/** The longest first, lest a part of one be struck out and the rest left; one or two letters only where quoted. */
function striking(secrets: readonly string[]): (text: string) => string {
  const pairs = [...new Set(secrets)]
    .filter((secret) => secret !== '')
    .sort((a, b) => b.length - a.length)
    .map((secret): [string, string] => (secret.length < 3 ? [`"${secret}"`, '"***"'] : [secret, '***']));
  return (text) => pairs.reduce((safe, [secret, stars]) => safe.replaceAll(secret, stars), text);
}

function redacted(error: Error, strike: (text: string) => string): Error {
  const fields = error as unknown as Record<string, unknown>;
  for (const name of new Set(['message', 'stack', ...Object.keys(error)])) {
    const value = fields[name];
    const safe = typeof value === 'string' ? strike(value) : value;
    if (safe !== value) fields[name] = safe; // some errors cannot be written to, and few need to be
  }
  const { cause, errors } = error as Error & { errors?: unknown };
  for (const inner of [cause, ...(Array.isArray(errors) ? errors : [])])
    if (inner instanceof Error && inner !== error) redacted(inner, strike);
  return error;
}
