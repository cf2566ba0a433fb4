/**
 * A whole daemon but for its doors, in a town of others: the actors of a real one on a clock that stands still until
 * it is moved, a wire in memory, helpers that answer at once and a data plane that remembers. Its dice are the hash
 * of its name, so that the same town lives the same life every time.
 */
import { createHash } from 'node:crypto';
import type { Accounting } from '../actors/accounting.ts';
import type { Connections } from '../actors/connections.ts';
import { type Credentials, NO_CREDENTIALS } from '../actors/credentials.ts';
import type { Interface } from '../actors/interfaces.ts';
import type { About } from '../actors/lines.ts';
import { type Inside, makeWorld } from '../actors/make-world.ts';
import { ActorSystem, type TestClock } from '../actors/runtime/index.ts';
import type { GateLimits } from '../actors/switchboard.ts';
import { NO_SERVICES, type Services, type World } from '../actors/world.ts';
import type { FileSystem } from '../conf/file-system.ts';
import type { SecretStore } from '../conf/secret-store.ts';
import type { VirtualPrivate } from '../conf/setup.ts';
import { NO_TRUST, type Trust, TrustReader } from '../ike/auth/x509/trust-reader.ts';
import type { TrustShelf } from '../ike/auth/x509/trust-shelf.ts';
import { type Job, type JobResult, runJob } from '../ike/crypto/job.ts';
import { KeyReader, type Keyring, type KeyShelf, NO_KEYS } from '../ike/crypto/signature/key-shelf.ts';
import type { Datagram } from '../ike/effects.ts';
import type { Address } from '../net/address.ts';
import { Endpoint } from '../net/endpoint.ts';
import { NotedPlane } from './noted-plane.ts';
import type { Wire } from './wire.ts';

export interface HouseSettings {
  /** The first is where `%defaultroute` leads. */
  readonly interfaces: readonly [Interface, ...Interface[]];
  readonly secrets: SecretStore;
  /** Of its own keys and certificates; none unless said. */
  readonly credentials?: Credentials;
  /** Where those keys are, and what chains are held against. */
  readonly keys?: KeyShelf;
  readonly trust?: TrustShelf;
  /** Who answers its questions; nobody unless said. */
  readonly services?: Services;
  readonly limits?: Partial<GateLimits>;
  readonly ikev1Policy?: 'accept' | 'reject' | 'drop';
  /** `virtual-private=`; none unless said. */
  readonly virtualPrivate?: readonly VirtualPrivate[];
  /** `uniqueids=`; yes. */
  readonly uniqueIds?: boolean;
  /** Of policy groups; none unless said. */
  readonly groupFiles?: Pick<FileSystem, 'read'>;
  readonly accounting?: (clock: TestClock) => Accounting;
  /** Besides 500 and 4500: `leftikeport=`. */
  readonly ports?: readonly number[];
}

const NO_FILES = { read: () => ({ errno: 'ENOENT' }) };

export class House {
  readonly name: string;
  readonly address: Address;
  readonly clock: TestClock;
  readonly wire: Wire;
  readonly plane: NotedPlane;
  readonly system: ActorSystem;
  readonly world: World;
  readonly connections: Connections;
  /** Lines as the log of a daemon has them. */
  readonly log: string[] = [];
  readonly crashes: string[] = [];
  /** Called before dice are thrown: what throws here throws in the midst of a step. */
  beforeDice: () => void = () => {};
  /** Called with what the helpers compute, keys among it. */
  onJob: (job: Job, result: JobResult) => void = () => {};
  /** The helpers; `onJob` hears of what these say. */
  computes: (job: Job) => JobResult = (job) => runJob(job, this.#keys, this.#trust);
  onLine: (text: string, about: About | undefined) => void = () => {};
  hasLeft = false;
  interfaces: readonly Interface[];
  readonly ports: readonly number[];
  secrets: SecretStore;
  readonly #inside: Inside;
  readonly #keys: Keyring;
  readonly #trust: Trust;
  #dice = 0;
  #jobs = 0;

  constructor(name: string, clock: TestClock, wire: Wire, settings: HouseSettings) {
    this.name = name;
    this.clock = clock;
    this.wire = wire;
    this.interfaces = settings.interfaces;
    this.address = settings.interfaces[0].address;
    this.secrets = settings.secrets;
    this.#trust = settings.trust ? new TrustReader(settings.trust.shared) : NO_TRUST;
    this.#keys = settings.keys ? new KeyReader(settings.keys.shared) : NO_KEYS;
    this.ports = [...new Set([500, 4500, ...(settings.ports ?? [])])];
    this.plane = new NotedPlane(clock, name.charCodeAt(0), (event) => this.#inside.planeEvent(event));
    this.system = new ActorSystem({
      clock,
      report: ({ path, error }) =>
        void this.crashes.push(`${path}: ${error instanceof Error ? error.message : String(error)}`),
    });
    this.#inside = makeWorld({
      system: this.system,
      clock,
      random: (octets) => this.#random(octets),
      log: (level, line, _, about) => this.#say(level === 'debug' ? `| ${line}` : line, about),
      plane: this.plane,
      helpers: {
        nextId: () => ++this.#jobs,
        stats: () => new Map(),
        behind: 0,
        queued: 0,
        submit: (id, job: Job, owner) => clock.soon(() => owner.tell({ t: 'job', id, result: this.#compute(job) })),
      },
      services: settings.services ?? NO_SERVICES,
      credentials: settings.credentials ?? NO_CREDENTIALS,
      secrets: () => this.secrets,
      limits: {
        mode: 'auto',
        cookiesFrom: 25_000,
        maxHalfOpen: 50_000,
        maxPerSource: 32,
        delay: 500,
        ...settings.limits,
      },
      interfaces: () => this.interfaces,
      defaultRoute: () => this.address,
      ikePort: 500,
      keepAliveMs: 20_000,
      ...(settings.ikev1Policy && { ikev1Policy: settings.ikev1Policy }),
      ...(settings.virtualPrivate && { virtualPrivate: settings.virtualPrivate }),
      ...(settings.accounting && { accounting: settings.accounting(clock) }),
      uniqueIds: settings.uniqueIds ?? true,
      groupFiles: settings.groupFiles ?? NO_FILES,
    });
    this.world = this.#inside.world;
    this.connections = this.#inside.connections;
    for (const { address } of this.interfaces) wire.connect(`${address}`, this);
    this.listen();
  }

  listen(): void {
    for (const local of this.#sockets()) {
      this.world.switchboard.attach(local, {
        send: (peer, bytes) => this.wire.carry(local, peer, bytes),
        flush: () => {},
        sendKeepalive: () => {},
      });
    }
  }

  unlisten(): void {
    for (const local of this.#sockets()) this.world.switchboard.detach(local);
  }

  receive(datagram: Datagram): void {
    if (!this.hasLeft) this.world.switchboard.receive(datagram);
  }

  #sockets(): Endpoint[] {
    return this.interfaces.flatMap(({ address }) => this.ports.map((port) => new Endpoint(address, port)));
  }

  #say(text: string, about: About | undefined): void {
    this.log.push(text);
    this.onLine(text, about);
  }

  #compute(job: Job): JobResult {
    const result = this.computes(job);
    this.onJob(job, result);
    return result;
  }

  #random(octets: number): Uint8Array {
    this.beforeDice();
    const hash = createHash('shake256', { outputLength: octets });
    return new Uint8Array(hash.update(`${this.name} ${this.#dice++}`).digest());
  }
}
