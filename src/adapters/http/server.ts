import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  fastify,
  LogController,
} from 'fastify';
import type { StatusSnapshot } from '../../views/status.ts';
import { targetsOf } from '../../views/targets.ts';
import { within } from '../deadline.ts';
import { shared } from '../shared.ts';

export type ReadinessCheck = { name: string; ok: boolean; detail: string };
export type Readiness = { ready: boolean; checks: ReadinessCheck[] };

/** The status page as HTML: of a snapshot, and where there is none. `styleHash` is its style's, for the policy. */
export type StatusPage = {
  render(snapshot: StatusSnapshot): string;
  unavailable(): string;
  styleHash: string;
};

export type ServerOptions = {
  metrics: { scrape(): Promise<string>; contentType: string };
  readiness: () => Promise<Readiness>;
  status: () => Promise<StatusSnapshot>;
  page: StatusPage;
  log?: FastifyBaseLogger;
  /** limit on `readiness` and `status`, so that no request hangs on a database that does */
  answerLimitMs?: number;
};

const headersFor = (styleHash: string) => ({
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src '${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
});

/**
 * The daemon's read-only server: /metrics, /healthz, /readyz, the status page and its JSON. It has no log-in, so it
 * belongs on loopback or behind a proxy that has one; the caller gives host and port to `listen`.
 */
export function createServer({
  metrics,
  readiness,
  status,
  page,
  log,
  answerLimitMs = 10_000,
}: ServerOptions): FastifyInstance {
  const server = fastify({
    ...(log ? { loggerInstance: log } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    // idle keep-alive connections would hold back the daemon's end
    forceCloseConnections: true,
    requestTimeout: 10_000,
  });
  const readStatus = shared(() => within(answerLimitMs, 'the database', status()));
  const readReadiness = shared(() => within(answerLimitMs, 'the readiness checks', readiness()));

  const headers = headersFor(page.styleHash);
  server.addHook('onRequest', async (_, reply) => {
    reply.headers(headers);
  });
  server.get('/healthz', async () => ({ status: 'alive' }));
  server.get('/readyz', async (request, reply) => {
    const found = await readReadiness().catch((error: unknown): Readiness => {
      request.log.error({ err: error }, 'the readiness checks failed');
      return {
        ready: false,
        checks: [{ name: 'readiness', ok: false, detail: 'the checks themselves failed; see the log' }],
      };
    });
    return reply.code(found.ready ? 200 : 503).send(found);
  });
  server.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.scrape()));
  addStatusRoutes(server, readStatus, page);
  server.setNotFoundHandler((_, reply) =>
    reply.code(404).send({
      error: 'there is nothing here; try /, /api/status, /api/targets, /metrics, /healthz or /readyz',
    }),
  );
  server.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
    const code = error.statusCode ?? 500;
    if (code >= 500) request.log.error({ err: error }, 'the request failed');
    return reply.code(code).send({ error: code >= 500 ? 'the request failed; see the log' : error.message });
  });
  return server;
}

function addStatusRoutes(
  server: FastifyInstance,
  readStatus: () => Promise<StatusSnapshot>,
  page: StatusPage,
): void {
  const withStatus = async (
    reply: FastifyReply,
    answer: (snapshot: StatusSnapshot) => unknown,
    unavailable: () => unknown = () => ({ error: 'the database does not answer' }),
  ) => {
    const snapshot = await readStatus().catch((error: unknown) => {
      reply.log.error({ err: error }, 'the status could not be read');
      return null;
    });
    return snapshot === null ? reply.code(503).send(unavailable()) : answer(snapshot);
  };
  server.get('/', async (_, reply) => {
    reply.type('text/html; charset=utf-8');
    return withStatus(reply, page.render, page.unavailable);
  });
  server.get('/api/status', async (_, reply) => withStatus(reply, (snapshot) => snapshot));
  server.get<{ Querystring: { portfolio?: string | string[] } }>('/api/targets', async (request, reply) =>
    withStatus(reply, (snapshot) => {
      const found = targetsOf(snapshot, request.query.portfolio);
      return 'error' in found ? reply.code(found.code).send({ error: found.error }) : found;
    }),
  );
}
