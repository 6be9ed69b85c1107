import fc from 'fast-check';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { databaseRedactor, readDatabaseAddress } from '../../../src/adapters/postgres/address.ts';

const refusal = (text: string): string => {
  try {
    readDatabaseAddress(text);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('was taken');
};
const login = (url: string) => {
  const { host, port, user, password, database } = new pg.Client({ connectionString: url });
  return { host, port, user, password, database };
};

describe('an address of a database', () => {
  test.each([
    [
      'postgres://u:p@h:6432/d',
      'h:6432/d',
      { host: 'h', port: 6432, user: 'u', password: 'p', database: 'd' },
    ],
    ['postgresql://u:p@h/d', 'h:5432/d', { host: 'h', port: 5432 }],
    ['postgres://u:p@[::1]:6432/d', '[::1]:6432/d', { host: '::1', port: 6432 }],
    ['postgres://u:%2F%40%23%3F%3A%25@h/d', 'h:5432/d', { host: 'h', password: '/@#?:%' }],
    ['postgres://u:50%off%2F a@h/d', 'h:5432/d', { host: 'h', password: '50%off/ a' }],
    ['postgres://u:p@ss@h/d', 'h:5432/d', { host: 'h', password: 'p@ss' }],
    ['postgres://h/d?user=u&password=p', 'h:5432/d', { host: 'h', user: 'u', password: 'p' }],
  ])('%s is taken', (text, place, expected) => {
    const address = readDatabaseAddress(text);
    expect(address.place).toBe(place);
    expect(login(address.url)).toMatchObject(expected);
  });

  test.each([
    'postgres:///d?host=/run/postgresql',
    'postgres://u@/d?host=/run/postgresql',
    'postgres://u:p@/d?host=/run/postgresql',
    'postgresql://%2Frun%2Fpostgresql/d',
    'postgresql://u:p@%2Frun%2Fpostgresql/d',
  ])('%s leads to a socket', (text) => {
    const { url, place } = readDatabaseAddress(text);
    expect(login(url)).toMatchObject({ host: '/run/postgresql', database: 'd' });
    expect(place).toBe('/run/postgresql:5432/d');
  });

  const hint = /write \/ as %2F, @ as %40, # as %23, \? as %3F, : as %3A and % as %25$/;
  test.each([
    ['postgres://me:12/s3cret@host/db', /^has an @ or a # after its host/],
    ['postgres://me:s3cr/et@host/db', /^is no database address/],
    ['postgres://me:qu@mp!#s3cret@host/db', /^has an @ or a # after its host/],
    ['postgres://me:12?s3cret@host/db', /^has an @ or a # after its host/],
    ['postgres://me:p@ss/s3cret@host/db', /^has an @ or a # after its host/],
    ['postgres://me:p@/s3cret@host/db', /^has an @ or a # after its host/],
    ['postgres://me:p@mp!/db', /^has a character in its host/],
    ['postgres://me:%ff@host/db', /^has a % that begins no character/],
  ])('%s is refused, and how to write it is told', (text, sentence) => {
    const said = refusal(text);
    expect(said).toMatch(sentence);
    expect(said).toMatch(hint);
  });

  test.each([
    ['postgres://u:p@/d', 'names no host; expected postgres://user:password@host:port/database'],
    ['u:p@h/d', 'is no database address; expected postgres://user:password@host:port/database'],
    ['postgres:u@h', 'is no database address; expected postgres://user:password@host:port/database'],
    [
      'postgres://h/d?sslrootcert=/nowhere.pem',
      "cannot be used: ENOENT: no such file or directory, open '/nowhere.pem'",
    ],
  ])('%s is refused', (text, sentence) => {
    expect(refusal(text)).toBe(sentence);
  });
});

// Letters that no sentence of ours has next to each other, and all that could break an address.
const nasty = fc.string({
  unit: fc.constantFrom(...`/@#?%:!$&'()*+,;=[]\\^|~<>{}"\` ÄßQXZJqxzj0157`),
  minLength: 3,
});
const pieces = (secret: string) =>
  Array.from({ length: secret.length - 2 }, (_, i) => secret.slice(i, i + 3));
/** Three letters of ours at a time, which a secret may have by chance. */
const sayings = (said: string, secret: string, innocent: string) =>
  pieces(secret).filter((piece) => said.includes(piece) && !innocent.includes(piece));

describe('a password', () => {
  const innocent = [
    'postgres://user:password@host:port/database %2F, @ as %40, # as %23, ? as %3F, : as %3A and % as %25',
    'has an @ or a # after its host; expected; in a user or a password write / as ',
    'host:5432/db',
  ].join(' ');

  test('is never told, whether it breaks its address or not', () => {
    fc.assert(
      fc.property(nasty, nasty, (user, password) => {
        let said: string;
        try {
          said = readDatabaseAddress(`postgres://${user}:${password}@host/db`).place;
        } catch (error) {
          said = (error as Error).message;
        }
        expect(sayings(said, password, innocent)).toEqual([]);
        expect(sayings(said, user, innocent)).toEqual([]);
      }),
      { numRuns: 5000 },
    );
  });

  test('that is written as told is what pg logs in with', () => {
    fc.assert(
      fc.property(nasty, nasty, (user, password) => {
        const { url, place } = readDatabaseAddress(
          `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@host/db`,
        );
        expect(login(url)).toMatchObject({ user, password, host: 'host', database: 'db' });
        expect(place).toBe('host:5432/db');
      }),
    );
  });

  test('is struck out of whatever an error tells', () => {
    fc.assert(
      fc.property(nasty, nasty, (user, password) => {
        const escaped = encodeURIComponent(password);
        const url = `postgres://${encodeURIComponent(user)}:${escaped}@host/db`;
        const text = `refused: user "${user}" of ${escaped} or "${password}"`;
        const error = new Error(text, { cause: new AggregateError([new Error(text)], text) });
        Object.assign(error, { detail: text });
        const { message, stack, detail, cause } = databaseRedactor(url).login(error) as Error & {
          detail: string;
          cause: AggregateError;
        };
        const told = [message, stack, detail, cause.message, cause.errors[0].message].join('\n');
        const code = 'refused: user "***" of *** or ***';
        for (const secret of [user, password, escaped])
          expect(told.includes(secret) && !code.includes(secret), told).toBe(false);
      }),
    );
  });

  test('of two letters is struck out where it is quoted, and a statement may name the user', () => {
    const redactor = databaseRedactor('postgres://me:pw@host/db');
    expect(redactor.login(new Error('"pw" and "me" in the message')).message).toBe(
      '"***" and "***" in the message',
    );
    expect(redactor.password(new Error('role "me", password "pw"')).message).toBe(
      'role "me", password "***"',
    );
  });
});
