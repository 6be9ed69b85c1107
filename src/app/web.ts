import type { FastifyInstance } from 'fastify';
import { createServer, type Readiness } from '../adapters/http/server.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import { createMetricsReader } from '../adapters/postgres/views/metrics.ts';
import { readStatus } from '../adapters/postgres/views/status.ts';
import { lossesOf } from '../core/portfolio/drawdown.ts';
import { pastMonths } from '../core/schedule/past-months.ts';
import { upcomingSlots } from '../core/schedule/plan.ts';
import { statusPage, unavailablePage } from '../presentation/status-page/page.ts';
import { styleHash } from '../presentation/status-page/style.ts';
import type { Context } from './context.ts';
import { codeVersion } from './project.ts';
import { UserError } from './user-error.ts';

export type WebServer = { server: FastifyInstance; url: string; close(): Promise<void> };

/** Serves metrics, health, readiness and the status page of a context. `wallClock` is null where time is virtual. */
export async function startWeb(
  context: Context,
  options: {
    host: string;
    port: number;
    now(): number;
    wallClock: (() => number) | null;
    readiness(): Promise<Readiness>;
    backend: { backend: string; backendVersion: string };
  },
): Promise<WebServer> {
  const { portfolios, database, log } = context;
  const nextSlots = (id: string, after: string | null) => upcomingSlots(context.portfolio(id).plan, after);
  const watched = portfolios.map(({ id, policy, sourceName, forecaster }) => ({
    portfolio: id,
    source: sourceName,
    symbols: policy.symbols,
    drawdownLimits: policy.drawdown && lossesOf(policy.drawdown),
    forecaster,
  }));
  const reader = createMetricsReader(database, {
    portfolios: watched,
    nextSlots,
    wallClock: options.wallClock,
  });
  const metrics = createMetrics({
    reader,
    build: { version: codeVersion, ...options.backend },
    onReadError: (error) => log.warn({ error: (error as Error).message }, 'metrics could not be read'),
  });
  const server = createServer({
    metrics,
    readiness: options.readiness,
    status: () =>
      readStatus(database, {
        now: options.now(),
        nextSlots,
        pastMonths: (id, registeredAt) => pastMonths(context.portfolio(id).plan, registeredAt),
        portfolios: watched,
      }),
    page: { render: statusPage, unavailable: unavailablePage, styleHash },
    log,
  });
  try {
    const url = await server.listen({ host: options.host, port: options.port });
    return { server, url, close: () => server.close() };
  } catch (error) {
    throw new UserError(
      `cannot listen on ${options.host}:${options.port}: ${(error as Error).message}; expected a free port (server.port)`,
    );
  }
}
