import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { secret } from '../../../src/app/config/secrets.ts';
import { openStore } from '../../../src/app/store.ts';
import { UserError } from '../../../src/app/user-error.ts';
import { testDatabase } from '../../support/database.ts';
import { startDatabaseProxy } from '../../support/database-proxy.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
  await writeFile(join(folder, 'url'), 'postgres://u:p@h/d\n');
});
afterAll(() => rm(folder, { recursive: true }));

describe('a secret', () => {
  test('comes by its name, or from the file that is named instead, without the line end', () => {
    expect(secret({ DATABASE_URL: 'x' }, 'DATABASE_URL')).toBe('x');
    expect(secret({ DATABASE_URL_FILE: join(folder, 'url') }, 'DATABASE_URL')).toBe('postgres://u:p@h/d');
    expect(secret({ DATABASE_URL: '', DATABASE_URL_FILE: '' }, 'DATABASE_URL')).toBeNull();
  });

  test('given both ways is refused, and neither is told', () => {
    const both = { DATABASE_URL: 'hunter2', DATABASE_URL_FILE: join(folder, 'url') };
    expect(() => secret(both, 'DATABASE_URL')).toThrow(
      new UserError('DATABASE_URL and DATABASE_URL_FILE are both set; expected one of them'),
    );
  });

  test('in a file that cannot be read is missed by name', () => {
    expect(() => secret({ DATABASE_URL_FILE: join(folder, 'none') }, 'DATABASE_URL')).toThrow(
      /DATABASE_URL_FILE names .*none, which cannot be read; expected a file that holds the secret/,
    );
  });
});

describe('an address of a database', () => {
  const open = (DATABASE_URL: string) => openStore({ DATABASE_URL }, { replay: null, log: () => {} });

  test.each(['nonsense', 'mysql://u:hunter2@h/d', 'https://example.org/?hunter2'])(
    'that is none is refused without repeating it: %s',
    async (url) => {
      const attempt = open(url);
      await expect(attempt).rejects.toThrow(UserError);
      await expect(attempt).rejects.toThrow('expected postgres://user:password@host:port/database');
      await expect(attempt).rejects.not.toMatchObject({ message: expect.stringContaining('hunter2') });
    },
  );

  test('that leads nowhere is named without its password', async () => {
    const proxy = await startDatabaseProxy(await reachable());
    await proxy.close();
    const url = new URL(proxy.url);
    url.password = 'hunter2';
    const attempt = open(url.toString());
    await expect(attempt).rejects.toThrow(UserError);
    await expect(attempt).rejects.toThrow(`cannot reach the database at ${url.host}${url.pathname}`);
    await expect(attempt).rejects.not.toMatchObject({ message: expect.stringContaining('hunter2') });
  });

  test('that leads to a server without that database says so', async () => {
    const url = new URL(await reachable());
    url.pathname = '/rebalanced_never_made';
    await expect(open(url.toString())).rejects.toThrow(
      /cannot reach the database at .*never_made.*does not exist/,
    );
  });

  test('that works is used as it is', async () => {
    const url = await reachable();
    const store = await open(url);
    expect(store).toMatchObject({ url, embedded: false });
    await store.close();
  });

  test('that leads to a socket works, by any of its spellings', async () => {
    const server = new URL(await reachable());
    const socketFolder = await mkdtemp(join(tmpdir(), 'rebalanced-socket-'));
    const relay = createServer((client) => {
      const upstream = connect({ host: server.hostname, port: Number(server.port || 5432) });
      client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) socket.on('error', () => {});
    }).listen(join(socketFolder, '.s.PGSQL.5432'));
    await once(relay, 'listening');
    const login = `${server.username}:${server.password}`;
    const database = server.pathname;
    for (const url of [
      `postgres://${login}@${encodeURIComponent(socketFolder)}${database}`,
      `postgres://${login}@${database}?host=${socketFolder}`,
      `postgres://${database}?host=${socketFolder}&user=${server.username}&password=${server.password}`,
    ]) {
      const store = await open(url);
      const opened = openDatabase(store.url, { connectionsMax: 1 });
      const { rows } = await opened.query('select current_database() as name, inet_server_port() as port');
      expect(rows).toEqual([{ name: database.slice(1), port: Number(server.port) }]);
      await opened.close();
    }
    await new Promise((resolve) => relay.close(resolve));
    await rm(socketFolder, { recursive: true });
  });

  let database: string | undefined;
  beforeAll(async () => {
    database = await testDatabase();
  });
  const reachable = async () => database!;
});
