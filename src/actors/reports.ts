/** What status commands show: gathered from the actors in slices, sent as fast as the client reads. */
import type { Answer } from '../control/answer.ts';
import type { ReportKind, Request } from '../control/protocol.ts';
import { RC } from '../control/reply-codes.ts';
import type { DaemonInfo } from '../control/status/rows.ts';
import { inOrder } from './in-order.ts';
import { pools } from './pools.ts';
import { caCertificates, certificates, crls, expiringKeys, type Holdings, publicKeys } from './report-certs.ts';
import { type ConnsOptions, type Counted, connections, entriesOf, withInstances } from './report-conns.ts';
import { counts, globals } from './report-counters.ts';
import { events } from './report-events.ts';
import { groups, secrets, shunts, withStanding } from './report-lists.ts';
import { type ProcessParts, processStatus } from './report-process.ts';
import { states } from './report-states.ts';
import { brief, traffic, type Wanted } from './report-traffic.ts';
import { type Making, Pace, Reporter } from './reporter.ts';
import type { ActorSystem } from './runtime/index.ts';
import type { World } from './world.ts';

export interface ReportsOptions {
  readonly world: World;
  readonly system: ActorSystem;
  readonly info: () => DaemonInfo;
  readonly holdings: Holdings;
  /** Threads, and how they are; none in a simulation. */
  readonly process?: ProcessParts;
}

type ReportRequest = Extract<Request, { kind: ReportKind }>;

export class Reports {
  readonly #options: ReportsOptions;
  readonly #pace = new Pace();

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  answer(request: ReportRequest, answer: Answer): void {
    const { world } = this.#options;
    const name = 'name' in request ? request.name : undefined;
    if (name !== undefined && world.registry.namedOrAliased(name).length === 0) {
      answer.line(RC.UNKNOWN_NAME, `no connection or alias named "${name}"`);
      return answer.end();
    }
    world.spawn('connections', request.kind, new Reporter(this.#make(request, name), answer, this.#pace));
  }

  *#make(request: ReportRequest, name: string | undefined): Making {
    const { world, system, info, holdings } = this.#options;
    switch (request.kind) {
      case 'status': {
        yield { of: 'daemon', rows: [withStanding(info(), world)] };
        yield* this.#connections(undefined);
        yield { of: 'counts', rows: [counts(world)] };
        yield* states(world, undefined);
        return yield* shunts(world);
      }
      case 'briefstatus':
        return yield { of: 'counts', rows: [counts(world)] };
      case 'globalstatus':
        return yield* globals(world, system);
      case 'trafficstatus':
        return yield* traffic(world, this.#policies(name));
      case 'showstates':
        return yield* states(world, this.#names(name));
      case 'connectionstatus':
        return yield* this.#connections(name);
      case 'briefconnectionstatus': {
        const active = yield* brief(world, this.#policies(name));
        const loaded = yield* this.#count();
        return yield { of: 'totals', rows: [{ loaded, active }] };
      }
      case 'fipsstatus':
        return yield { of: 'fips', rows: [{ mode: 'disabled' }] };
      case 'processstatus':
        return yield* processStatus(this.#options.process, world.helpers.stats());
      case 'addresspoolstatus':
        return yield* pools(world.leases);
      case 'listpubkeys':
        return yield* publicKeys(world, holdings);
      case 'checkpubkeys':
        return yield* expiringKeys(world, holdings);
      case 'listcerts':
        return yield* certificates(holdings);
      case 'listcacerts':
        return yield* caCertificates(holdings);
      case 'listcrls':
        return yield* crls(holdings);
      case 'listpsks':
        return yield* secrets(world, info());
      case 'listevents':
        return yield* events(world);
      case 'listall':
        yield* publicKeys(world, holdings);
        yield* secrets(world, info());
        yield* certificates(holdings);
        yield* caCertificates(holdings);
        return yield* crls(holdings);
      case 'shuntstatus':
        return yield* shunts(world);
      case 'listgroups':
        return yield* groups(world, info());
      default:
        request satisfies never;
    }
  }

  *#connections(name: string | undefined): Making {
    const { world, info } = this.#options;
    const { interfaces, keepAlive } = info();
    const names = new Map(interfaces.map((i) => [i.endpoint.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''), i.name]));
    const options: ConnsOptions = {
      world,
      interfaceOf: (address) => names.get(address),
      keepAliveMs: keepAlive * 1000,
    };
    const { registry } = world;
    const named = name === undefined ? registry.entries() : registry.namedOrAliased(name);
    const sorted = yield* inOrder(named, ({ conn }) => conn.name);
    const counted: Counted = yield* connections(withInstances(registry, sorted), options);
    if (name === undefined) yield { of: 'totals', rows: [{ ...counted }] };
  }

  /** All connections; a look at some thousands of them is a moment's work. */
  *#count(): Making<number> {
    let count = 0;
    for (const _ of entriesOf(this.#options.world.registry, undefined)) {
      count++;
      if (count % 4096 === 0) yield undefined;
    }
    return count;
  }

  #policies(name: string | undefined): Wanted {
    if (name === undefined) return undefined;
    const entries = [...entriesOf(this.#options.world.registry, name)];
    return new Set(entries.flatMap(({ policy }) => (policy ? [policy] : [])));
  }

  #names(name: string | undefined): ReadonlySet<string> | undefined {
    if (name === undefined) return undefined;
    const entries = this.#options.world.registry.namedOrAliased(name);
    return new Set(entries.map(({ conn, template }) => (template ? name : conn.name)));
  }
}
