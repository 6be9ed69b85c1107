import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { delimiter, join } from 'node:path';

const program = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  .map((folder) => join(folder, 'pgbouncer'))
  .find(existsSync);

export const isPgbouncerInstalled = program !== undefined;

/** PgBouncer refuses to run as root; this is `nobody` nearly everywhere. */
const unprivileged = 65_534;

export type Pgbouncer = { urlOf(databaseUrl: string): string; stop(): Promise<void> };

/**
 * A PgBouncer of its own on loopback, as Debian configures it but for the pool: two connections to each database, so
 * that who shares them meets. Every client is let in as the server's own user.
 */
export async function startPgbouncer(serverUrl: string, mode: 'transaction' | 'session'): Promise<Pgbouncer> {
  const server = new URL(serverUrl);
  const port = await freePort();
  const folder = await mkdtemp('/tmp/rebalanced-pgbouncer-');
  const target = {
    host: server.hostname,
    port: server.port || '5432',
    user: decodeURIComponent(server.username),
    password: `'${decodeURIComponent(server.password)}'`,
  };
  const settings = `[databases]
* = ${Object.entries(target)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = 2
`;
  const file = join(folder, 'pgbouncer.ini');
  await writeFile(file, settings);
  await chmod(folder, 0o755);
  const child = spawn(program!, [file], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(process.getuid?.() === 0 && { uid: unprivileged, gid: unprivileged }),
  });
  const ended = once(child, 'close');
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('process up')) resolve();
    });
    void ended.then(() => reject(new Error(`pgbouncer ended: ${said}`)));
  });
  return {
    urlOf(databaseUrl) {
      const url = new URL(databaseUrl);
      url.hostname = '127.0.0.1';
      url.port = String(port);
      return url.toString();
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
