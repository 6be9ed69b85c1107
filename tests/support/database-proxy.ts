import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Where a connection is cut: before a statement reaches the server, or after it was carried out but not answered. */
export type Cut = 'before' | 'after';

export type DatabaseProxy = {
  /** the database's address, by way of the proxy */
  url: string;
  /** statements since the last `count` or `cutAt` */
  statements(): number;
  count(): void;
  /** cuts the connection once, at the next statement number `at`, counted from 1 */
  cutAt(at: number, when: Cut): void;
  /** unreachable: connections are cut, and new ones closed at once */
  setReachable(reachable: boolean): void;
  close(): Promise<void>;
};

/** A relay to PostgreSQL that understands just enough of its protocol (version 3) to count statements and fail at one. */
export async function startDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let seen = 0;
  let cut: { at: number; when: Cut } | null = null;
  let isReachable = true;

  /** True when this statement is the one to fail at. */
  const isCut = (when: Cut): boolean => {
    if (cut?.at !== seen || cut.when !== when) return false;
    cut = null;
    return true;
  };

  const server = createServer((client) => {
    // Read to its end: closed with something unread, a connection is reset, which is told in other words.
    if (!isReachable)
      return void client
        .on('error', () => {})
        .resume()
        .end();
    const upstream = connect({ host: target.hostname, port: Number(target.port || 5432) });
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    let withholding = false;
    const end = () => {
      client.destroy();
      upstream.destroy();
      sockets.delete(client);
    };
    sockets.add(client);
    const requests = framed(false, (message) => {
      const isStatement = message.type === 'Q' || message.type === 'S';
      if (isStatement) {
        seen += 1;
        if (isCut('before')) return end();
        withholding = isCut('after');
      }
      upstream.write(message.bytes);
    });
    const answers = framed(true, (message) => {
      if (!withholding) client.write(message.bytes);
      else if (message.type === 'Z') end();
    });
    client.on('data', requests).on('error', end).on('close', end);
    upstream.on('data', answers).on('error', end).on('close', end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.toString(),
    statements: () => seen,
    count() {
      seen = 0;
      cut = null;
    },
    cutAt(at, when) {
      seen = 0;
      cut = { at, when };
    },
    setReachable(reachable) {
      isReachable = reachable;
      if (!reachable) cutAll();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cutAll();
      }),
  };
}

type Message = { type: string; bytes: Buffer };

/** Parts a stream into messages: a type byte, a length, a body. A client's first message has no type byte. */
function framed(typedFromStart: boolean, onMessage: (message: Message) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let typed = typedFromStart;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const head = typed ? 1 : 0;
      if (rest.length < head + 4) return;
      const length = head + rest.readInt32BE(head);
      if (rest.length < length) return;
      const bytes = rest.subarray(0, length);
      rest = rest.subarray(length);
      onMessage({ type: typed ? String.fromCharCode(bytes[0]!) : '', bytes });
      typed = true;
    }
  };
}
