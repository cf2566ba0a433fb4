/** From a snapshot to the text that Prometheus reads, by prom-client: names, labels and numbers are escaped there. */
import { Gauge, type MetricType, Registry } from 'prom-client';
import { METRICS, type Metric, type MetricName } from './metrics.ts';
import { type Block, type Known, type Labels, NOTHING_KNOWN, type Snapshot, type Spread } from './snapshot.ts';

export class Exposition {
  static readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  #layout: readonly Block[] = [];
  #names: readonly string[] = [];
  #known: Known = NOTHING_KNOWN;

  /** What snapshots may leave out. */
  get known(): Known {
    return this.#known;
  }

  /** Of `snapshot`, which leaves out nothing that is not `known`; `own` are figures of this thread. */
  text(snapshot: Snapshot, own: readonly Own[] = []): Promise<string> {
    const { connections } = snapshot;
    this.#layout = snapshot.layout ?? this.#layout;
    this.#names = connections.names ?? this.#names;
    this.#known = { layout: snapshot.version, names: connections.version };
    const families = new Families();
    let at = 0;
    for (const { metric, series } of this.#layout)
      for (const labels of series) families.set(metric, labels, snapshot.values[at++]);
    for (const { metric, labels, value } of [...snapshot.samples, ...own]) families.set(metric, labels, value);
    for (const [i, name] of this.#names.entries()) {
      families.set('connectionUp', [name], connections.sas[i] > 0 ? 1 : 0);
      families.set('connectionSas', [name], connections.sas[i]);
    }
    for (const spread of snapshot.spreads) families.spread(spread);
    return families.text();
  }
}

export interface Own {
  readonly metric: MetricName;
  readonly labels: Labels;
  readonly value: number;
}

/** Families in the order of the table, with what there is of each. */
class Families {
  readonly #registry = new Registry();
  readonly #byMetric = new Map<MetricName, Filled>();

  constructor() {
    for (const [name, row] of Object.entries<Metric>(METRICS)) {
      const filled = new Filled(row);
      this.#registry.registerMetric(filled);
      this.#byMetric.set(name as MetricName, filled);
    }
  }

  set(metric: MetricName, labels: Labels, value: number): void {
    this.#byMetric.get(metric)?.values.push({ labels: namedLabels(metric, labels), value });
  }

  spread({ metric, labels, from, counts, count, sumSeconds }: Spread): void {
    const { name } = METRICS[metric];
    const own = namedLabels(metric, labels);
    const values = this.#byMetric.get(metric)?.values;
    const say = (suffix: string, value: number, more: Record<string, string | number> = {}) =>
      void values?.push({ labels: { ...own, ...more }, value, metricName: `${name}_${suffix}` });
    counts.forEach((upTo, i) => void say('bucket', upTo, { le: 2 ** (from + i) / 1e6 }));
    say('bucket', count, { le: '+Inf' });
    say('sum', sumSeconds);
    say('count', count);
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

interface Value {
  readonly labels: Record<string, string | number>;
  readonly value: number;
  /** Where it is not the family's. */
  readonly metricName?: string;
}

/** A family that was counted elsewhere: what the registry asks of its own, which would look each series up by its labels. */
class Filled extends Gauge {
  readonly values: Value[] = [];
  readonly #row: Metric;

  constructor(row: Metric) {
    super({ name: row.name, help: row.help, labelNames: [...row.labels], registers: [] });
    this.#row = row;
  }

  override async get(): ReturnType<Gauge['get']> {
    const { name, help, kind } = this.#row;
    // What it asks for as text is fewer members than the type has.
    const asked = { name, help, type: kind as unknown as MetricType, values: this.values };
    return asked as unknown as Awaited<ReturnType<Gauge['get']>>;
  }
}

const namedLabels = (metric: MetricName, values: Labels): Record<string, string> =>
  Object.fromEntries(METRICS[metric].labels.map((label, i) => [label, values[i] ?? '']));
