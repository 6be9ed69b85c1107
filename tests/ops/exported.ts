import type { Registry } from 'prom-client';
import { createMetrics, rowFamilies } from '../../src/adapters/metrics/metrics.ts';

/** Every metric a scrape can hold, with its labels; and those Prometheus adds by itself. */
export function exportedMetrics(): Map<string, Set<string>> {
  const { registry } = createMetrics({
    reader: { read: () => Promise.reject(new Error('not read here')) },
    build: { version: '', backend: '', backendVersion: '' },
  });
  const labelsOf = new Map(rowFamilies.map(({ name, labels }) => [name, labels]));
  const registered = (registry as Registry).getMetricsAsArray() as unknown as {
    name: string;
    labelNames?: string[];
  }[];
  const exported = registered.map(
    ({ name, labelNames }) => [name, labelsOf.get(name) ?? labelNames ?? []] as const,
  );
  return new Map(
    [...exported, ['up', []] as const].map(([name, labels]) => [
      name,
      new Set([...labels, 'job', 'instance']),
    ]),
  );
}
