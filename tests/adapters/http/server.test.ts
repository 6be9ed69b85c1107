import { createHash } from 'node:crypto';
import { pino } from 'pino';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createServer, type ServerOptions } from '../../../src/adapters/http/server.ts';
import { statusPage, unavailablePage } from '../../../src/presentation/status-page/page.ts';
import { styleHash } from '../../../src/presentation/status-page/style.ts';
import { snapshot } from '../../presentation/status-page/snapshot.ts';

const ready = { ready: true, checks: [{ name: 'database', ok: true, detail: 'answers' }] };
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function serverWith(options: Partial<ServerOptions> = {}) {
  const server = createServer({
    metrics: {
      scrape: async () => 'rebalanced_database_up 1\n',
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
    },
    readiness: async () => ready,
    status: async () => snapshot,
    page: { render: statusPage, unavailable: unavailablePage, styleHash },
    ...options,
  });
  closers.push(() => server.close());
  return server;
}

const refuse = () =>
  Promise.reject(new Error('password authentication failed for postgres://user:secret@host/db'));

describe('in order', () => {
  test.each([
    ['/healthz', 'application/json; charset=utf-8', '{"status":"alive"}'],
    ['/readyz', 'application/json; charset=utf-8', JSON.stringify(ready)],
    ['/metrics', 'text/plain; version=0.0.4; charset=utf-8', 'rebalanced_database_up 1\n'],
    ['/api/status', 'application/json; charset=utf-8', JSON.stringify(snapshot)],
  ])('%s answers', async (url, type, body) => {
    const answer = await serverWith().inject(url);
    expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([200, type, body]);
  });

  test('the status page is HTML under a policy that allows nothing but its own style', async () => {
    const answer = await serverWith().inject('/');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+';/,
    );
    const style = answer.body.match(/<style>([\s\S]*)<\/style>/)![1]!;
    expect(answer.headers['content-security-policy']).toContain(
      createHash('sha256').update(style).digest('base64'),
    );
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.body).toContain('<h1>rebalanced</h1>');
  });

  test('/api/targets tells the targets of one portfolio', async () => {
    const answer = await serverWith().inject('/api/targets?portfolio=core');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      portfolio: 'core',
      session: '2024-02-29',
      revision: 0,
      reason: 'monthly',
      fallbackLevel: 'full',
      decidedAt: '2024-02-29T22:45:00.000Z',
      importedOn: null,
      targets: [
        { symbol: 'GLD', target: 0.25, weight: 0.25, before: 0.5, held: 0.24, trade: -0.25 },
        { symbol: 'SPY', target: 0.5, weight: 0.5, before: 0.25, held: 0.51, trade: 0.25 },
        { symbol: 'CASH', target: 0.25, weight: 0.25, before: 0.25, held: 0.25, trade: 0 },
      ],
    });
  });

  test('it listens where it is told to, and closes with a connection still open', async () => {
    const server = serverWith();
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(`${address}/healthz`)).json()).toEqual({ status: 'alive' });
    await server.close();
    await expect(fetch(`${address}/healthz`)).rejects.toThrow();
  });
});

describe('bad questions', () => {
  test.each([
    ['/api/targets', 400, /name one portfolio.*there are: core/],
    ['/api/targets?portfolio=', 400, /name one portfolio/],
    ['/api/targets?portfolio=core&portfolio=other', 400, /name one portfolio/],
    ['/api/targets?portfolio=__proto__', 404, /no portfolio of that name; there are: core/],
    ['/api/targets?portfolio=%3Cscript%3E', 404, /no portfolio of that name/],
    ['/nowhere', 404, /nothing here/],
    ['/api/%ff', 400, /./],
  ])('%s answers %d with a sentence', async (url, code, sentence) => {
    const answer = await serverWith().inject(url);
    expect(answer.statusCode).toBe(code);
    expect(answer.json().error).toMatch(sentence);
    expect(answer.body).not.toContain('<script>');
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'] as const)('%s changes nothing', async (method) => {
    for (const url of ['/', '/api/status', '/api/targets?portfolio=core'])
      expect((await serverWith().inject({ method, url })).statusCode).toBe(404);
  });
});

describe('out of order', () => {
  test('/readyz answers 503 with the failing checks, /healthz stays well', async () => {
    const checks = [
      { name: 'database', ok: false, detail: 'does not answer' },
      { name: 'schema', ok: true, detail: 'equal' },
    ];
    const server = serverWith({ readiness: async () => ({ ready: false, checks }), status: refuse });
    const answer = await server.inject('/readyz');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual({ ready: false, checks });
    expect((await server.inject('/healthz')).statusCode).toBe(200);
  });

  test.each([['/readyz'], ['/'], ['/api/status'], ['/api/targets?portfolio=core']])(
    '%s answers 503 when the rows cannot be read, and tells no secret',
    async (url) => {
      const answer = await serverWith({ readiness: refuse, status: refuse }).inject(url);
      expect(answer.statusCode).toBe(503);
      expect(answer.body).not.toContain('secret');
      expect(answer.body).not.toContain('password');
    },
  );

  test.each([['/readyz'], ['/'], ['/api/status']])('%s does not hang on what hangs', async (url) => {
    const never = () => new Promise<never>(() => {});
    const answer = await serverWith({ readiness: never, status: never, answerLimitMs: 5 }).inject(url);
    expect(answer.statusCode).toBe(503);
  });

  test('a failure inside is logged, and answered without its words', async () => {
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => lines.push(line) });
    const server = serverWith({ metrics: { scrape: refuse, contentType: 'text/plain' }, log });
    const answer = await server.inject('/metrics');
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toEqual({ error: 'the request failed; see the log' });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 50, msg: 'the request failed', err: { type: 'Error' } },
    ]);
  });

  test('an answered scrape is not a line in the log', async () => {
    const lines: string[] = [];
    await serverWith({ log: pino({}, { write: (line: string) => lines.push(line) }) }).inject('/metrics');
    expect(lines).toEqual([]);
  });

  test('many who ask for the status at once are one reading', async () => {
    const status = vi.fn(async () => snapshot);
    const server = serverWith({ status });
    await Promise.all(Array.from({ length: 20 }, () => server.inject('/api/status')));
    expect(status.mock.calls.length).toBeLessThan(20);
  });
});
