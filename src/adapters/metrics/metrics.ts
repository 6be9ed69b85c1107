import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { MetricsReader, MetricsSnapshot } from '../../views/metrics.ts';
import { within } from '../deadline.ts';
import { shared } from '../shared.ts';
import { family, type MetricFamily, register } from './family.ts';
import { marketFamilies } from './market.ts';
import { modelFamilies } from './models.ts';
import { portfolioFamilies } from './portfolios.ts';
import { taskFamilies } from './tasks.ts';

const clockSkew = family(
  'gauge',
  'rebalanced_clock_skew_seconds',
  [],
  'System clock less database clock; absent where time is virtual',
  ({ clockSkewSeconds }) => [{ value: clockSkewSeconds }],
);

const queueSupervised = family(
  'gauge',
  'rebalanced_queue_supervised_timestamp_seconds',
  [],
  'When a daemon last put the jobs of dead workers back; 0 if never; absent where time is virtual',
  ({ queueSupervisedAt }) => [{ value: queueSupervisedAt }],
);

/** Every metric whose values are rows. */
export const rowFamilies: readonly MetricFamily[] = [
  ...taskFamilies,
  ...marketFamilies,
  ...portfolioFamilies,
  ...modelFamilies,
  clockSkew,
  queueSupervised,
];

export type BuildInfo = { version: string; backend: string; backendVersion: string };

export type Metrics = {
  /** The exposition text. With the database away it holds `rebalanced_database_up 0` and the process's own metrics. */
  scrape(): Promise<string>;
  readonly contentType: string;
  readonly registry: Registry;
};

export type MetricsOptions = {
  reader: MetricsReader;
  build: BuildInfo;
  /** limit on reading the rows; below the scraper's own time-out, which is 10 s by default */
  readLimitMs?: number;
  onReadError?: (error: unknown) => void;
};

/**
 * Declares every metric in a registry of its own. Values come from rows at each scrape, so they are true after a restart;
 * one read is under way at most, however many scrape and however slow the database is. The reader must end by itself
 * (a statement time-out on its connection): until it does, scrapes report the database as down.
 */
export function createMetrics({
  reader,
  build,
  readLimitMs = 5000,
  onReadError = () => {},
}: MetricsOptions): Metrics {
  const registry = new Registry();
  const process = declareProcessMetrics(registry, build);
  const writers = rowFamilies.map((declared) => register(registry, declared));
  const readOnce = shared(() => reader.read());
  const scrape = shared(async () => {
    const startedAt = performance.now();
    const snapshot = await within(readLimitMs, 'the database', readOnce()).catch((error: unknown) => {
      onReadError(error);
      return null;
    });
    write(writers, snapshot);
    process.databaseUp.set(snapshot === null ? 0 : 1);
    process.readSeconds.set((performance.now() - startedAt) / 1000);
    return registry.metrics();
  });
  return { scrape, contentType: registry.contentType, registry };
}

function write(writers: readonly ReturnType<typeof register>[], snapshot: MetricsSnapshot | null): void {
  for (const writeFamily of writers) writeFamily(snapshot);
}

function declareProcessMetrics(registry: Registry, build: BuildInfo) {
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  new Gauge({
    name: 'rebalanced_build_info',
    help: 'Always 1: what is running',
    labelNames: ['version', 'backend', 'backend_version'],
    registers,
  }).set({ version: build.version, backend: build.backend, backend_version: build.backendVersion }, 1);
  return {
    databaseUp: new Gauge({
      name: 'rebalanced_database_up',
      help: '1 when the rows behind this scrape could be read, else 0',
      registers,
    }),
    readSeconds: new Gauge({
      name: 'rebalanced_database_read_seconds',
      help: 'How long reading the rows behind this scrape took',
      registers,
    }),
  };
}
