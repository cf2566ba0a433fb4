/**
 * Snapshots of all metrics, for whoever shows them. What grows with the daemon, its connections, is gone through a
 * few hundred at a time, packets in between.
 */
import type { Known, Sample, Snapshot, Source } from '../ops/snapshot.ts';
import { type Body, observe, spreads } from './observed.ts';
import { limitSamples } from './observed-limits.ts';
import { poolSamples } from './pools.ts';
import type { ActorSystem } from './runtime/index.ts';
import { inSlices, type Work } from './slices.ts';
import type { World } from './world.ts';

export interface ScrapeOptions {
  readonly world: World;
  readonly system: ActorSystem;
  readonly body?: Body;
  /** Connections with series of their own: `metrics-connections=`. */
  readonly mostConnections: number;
}

/** Connections to a step. */
const STEP = 128;

export class Scrape implements Source {
  readonly #options: ScrapeOptions;
  /** As the far side was last told; `#version` changes with them. */
  #names: readonly string[] = [];
  #version = 0;

  constructor(options: ScrapeOptions) {
    this.#options = options;
  }

  snapshot(known: Known): Promise<Snapshot> {
    return new Promise((resolve, reject) => {
      let snapshot: Snapshot | undefined;
      const work = function* (this: Scrape): Work {
        const seen = yield* this.#connections();
        snapshot = this.#taken(known, seen);
      }.bind(this)();
      const over = () => (snapshot ? resolve(snapshot) : reject(new Error('no metrics: the daemon is shutting down')));
      inSlices(this.#options.world, 'metrics', work, { over });
    });
  }

  *#connections(): Generator<undefined, Seen> {
    const { world, mostConnections } = this.#options;
    const { registry, stats } = world;
    const seen: Seen = { names: [], sas: [], total: 0, up: 0, down: 0, unusable: 0, instances: 0 };
    for (const entry of registry.entries()) {
      seen.total++;
      const { name } = entry.conn;
      const sas = stats.children.get(name) ?? 0;
      if (sas > 0) seen.up++;
      else if (entry.policy) seen.down++;
      else seen.unusable++;
      if (seen.names.length < mostConnections) {
        seen.names.push(name);
        seen.sas.push(sas);
      }
      if (seen.total % STEP === 0) yield undefined;
    }
    seen.instances = registry.instances;
    return seen;
  }

  #taken(known: Known, seen: Seen): Snapshot {
    const { world, system, body } = this.#options;
    const { registry } = world.stats;
    if (!isSame(seen.names, this.#names)) {
      this.#names = seen.names;
      this.#version++;
    }
    const version = registry.version;
    return {
      version,
      ...(known.layout !== version && { layout: registry.layout() }),
      values: registry.values(),
      samples: [
        ...observe(world, system, body),
        ...limitSamples(world, system.lag),
        ...poolSamples(world.leases),
        ...samplesOf(seen),
      ],
      spreads: spreads(world),
      connections: {
        version: this.#version,
        ...(known.names !== this.#version && { names: this.#names }),
        sas: Uint32Array.from(seen.sas),
      },
    };
  }
}

interface Seen {
  readonly names: string[];
  readonly sas: number[];
  total: number;
  up: number;
  down: number;
  unusable: number;
  instances: number;
}

const samplesOf = ({ names, total, up, down, unusable, instances }: Seen): Sample[] => [
  { metric: 'connections', labels: ['up'], value: up },
  { metric: 'connections', labels: ['down'], value: down },
  { metric: 'connections', labels: ['unusable'], value: unusable },
  { metric: 'instances', labels: [], value: instances },
  { metric: 'connectionsOmitted', labels: [], value: total - names.length },
];

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, i) => name === b[i]);
