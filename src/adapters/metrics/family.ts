import { Counter, Gauge, type Registry } from 'prom-client';
import type { MetricsSnapshot } from '../../views/metrics.ts';

/** A value under its labels; null leaves the sample out. */
type Sample<Label extends string> = { [name in Label]: string } & { value: number | null };

/** One metric whose values are rows: what it is called, and how a snapshot becomes its samples. */
export type MetricFamily = {
  name: string;
  /** a counter's value is counted in rows, so it is set again at each scrape and survives a restart */
  type: 'gauge' | 'counter';
  help: string;
  labels: readonly string[];
  samples: (snapshot: MetricsSnapshot) => Sample<string>[];
};

/** Declares a family with its labels checked against its samples. */
export function family<const Label extends string>(
  type: MetricFamily['type'],
  name: `rebalanced_${string}`,
  labels: readonly Label[],
  help: string,
  samples: (snapshot: MetricsSnapshot) => Sample<NoInfer<Label>>[],
): MetricFamily {
  return { name, type, help, labels, samples };
}

/** Registers a family and returns what writes a snapshot into it; null empties it, as an absent value must be. */
export function register(
  registry: Registry,
  declared: MetricFamily,
): (snapshot: MetricsSnapshot | null) => void {
  const options = {
    name: declared.name,
    help: declared.help,
    labelNames: [...declared.labels],
    registers: [registry],
  };
  const metric = declared.type === 'gauge' ? new Gauge(options) : new Counter(options);
  const write = (snapshot: MetricsSnapshot | null) => {
    metric.reset();
    // a metric without labels is reset to 0, which would be a value
    if (declared.labels.length === 0) metric.remove();
    for (const { value, ...labels } of snapshot ? declared.samples(snapshot) : [])
      if (value !== null) metric.inc(labels, value);
  };
  write(null);
  return write;
}

/** Each known value with 1 for the one that holds and 0 for the others. */
export function oneHot<Value extends string>(
  values: readonly Value[],
  now: Value | undefined,
): [Value, number][] {
  return values.map((value) => [value, value === now ? 1 : 0]);
}
