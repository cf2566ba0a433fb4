/**
 * The daemon's inside without its doors: registry, switchboard, connections and the actors' view of them, tied
 * together over ports. `Pluto` opens real ones; a test town brings a clock, a wire and a plane of its own.
 */
import type { SecretStore } from '../conf/secret-store.ts';
import type { Datagram, Env } from '../ike/effects.ts';
import { HEADER_AT } from '../ike/wire/index.ts';
import { type InnerAddresses, NO_ADDRESSES } from '../kernel/inner-addresses.ts';
import type { DataPlane, PlaneEvent } from '../kernel/port.ts';
import type { Address } from '../net/address.ts';
import { Leases, type Notes } from '../services/leases/leases.ts';
import type { Lease as GivenLease } from '../services/leases/pool.ts';
import { type Accounting, NO_ACCOUNTING } from './accounting.ts';
import { BareShunts } from './bare-shunts.ts';
import { Connections, type ConnectionsOptions } from './connections.ts';
import { counted } from './counted-plane.ts';
import type { Credentials } from './credentials.ts';
import { Debugging } from './debugging.ts';
import { IkeSaActor, type IkeSaMessage } from './ike-sa.ts';
import { Impairments } from './impairments.ts';
import { type About, harmless, prefix } from './lines.ts';
import { Policies } from './policies.ts';
import { hindranceText } from './policy-of.ts';
import { NO_NOTES } from './pools.ts';
import { firstExchangeName, responderOf } from './protocol.ts';
import { PublicKeys } from './public-keys.ts';
import { elsewhere, otherDoor } from './redirect-by-load.ts';
import { Registry } from './registry.ts';
import type { ActorRef, ActorSystem, Clock } from './runtime/index.ts';
import { SaIndex } from './sa-index.ts';
import { Seldom } from './seldom.ts';
import { nothingStanding } from './standing.ts';
import { Stats } from './stats.ts';
import { type GateLimits, Switchboard } from './switchboard.ts';
import type { Helpers, LogLevel, Services, World } from './world.ts';

export interface WorldPorts extends Omit<ConnectionsOptions, 'world'> {
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly random: (octets: number) => Uint8Array;
  /** `line`: all of it. `text`: without the beginning that `about` makes. */
  readonly log: (level: LogLevel, line: string, text: string, about: About | undefined) => void;
  readonly plane: DataPlane;
  readonly helpers: Helpers;
  readonly services: Services;
  readonly accounting?: Accounting;
  readonly credentials: Credentials;
  readonly secrets: () => SecretStore;
  readonly limits: GateLimits;
  /** `uniqueids=`; yes. */
  readonly uniqueIds?: boolean;
  /** Who writes down what is leased; nobody. */
  readonly leaseNotes?: Notes;
  /** Where leased addresses of ours go; nowhere. */
  readonly innerAddresses?: InnerAddresses;
}

export interface Inside {
  readonly world: World;
  readonly connections: Connections;
  /** Brings what the data plane has seen to whom it concerns. */
  planeEvent(event: PlaneEvent): void;
}

export function makeWorld(ports: WorldPorts): Inside {
  const { system, clock, random, helpers } = ports;
  const stats = new Stats();
  const plane = counted(ports.plane, stats.kernelErrors);
  const debugging = new Debugging();
  const impairments = new Impairments();
  const log: World['log'] = (level, text, about) => {
    const safe = harmless(text);
    const line = about ? prefix(about) + safe : safe;
    stats.logLines.count(level);
    ports.log(level, line, safe, about);
    return line;
  };
  const states = system.group('states');
  const actors = system.group('connections');
  let lastSerial = 0;
  const serial = () => {
    lastSerial++;
    return lastSerial;
  };
  const seldom = new Seldom(
    () => clock.now(),
    log,
    () => stats.logOmitted.inc(),
  );
  const switchboard: Switchboard = new Switchboard(
    {
      now: () => clock.now(),
      random,
      log,
      debugging,
      impairments,
      strangers: seldom,
      answerer: (datagram, spiI, version) => answerer(world, datagram, spiI, version),
      otherDoor: (isBusy) => otherDoor(world, isBusy),
      behind: () => Math.max(system.lag, helpers.behind),
      backlog: () => system.backlog + helpers.queued,
    },
    { ...ports.limits, ikev1: ports.ikev1Policy ?? 'accept' },
  );
  system.afterTurns(() => switchboard.turned());
  const registry = new Registry({
    secrets: ports.secrets,
    credentials: ports.credentials,
    warn: (text) => seldom.say('warn', text),
    spawnInstance: (template, policy, beside) => connections.spawnInstance(template, policy, beside),
    retireInstance: (instance) => connections.retireInstance(instance),
    freshReqid: () => connections.freshReqid(),
  });
  const uniqueIds = ports.uniqueIds ?? true;
  const leases = new Leases({ wall: () => clock.wall(), shares: uniqueIds, notes: ports.leaseNotes ?? NO_NOTES });
  const env: Env = {
    get now() {
      return clock.now();
    },
    random,
    serial,
    jobId: () => helpers.nextId(),
    ikeSpi: () => freshSpi(random, switchboard),
    childSpi: ({ protocol, local, peer, reqid }) => {
      const spi = plane.allocateSpi({ protocol, src: peer, dst: local, reqid });
      return typeof spi === 'number' ? spi : `${spi.why} (${spi.errno})`;
    },
    releaseSpi: ({ protocol, local, spi }) => void plane.deleteSa({ protocol, dst: local, spi }),
    noted: (direction, what, version = 2) => stats.noted(version, direction, what),
    distrusted: (kind) => stats.authFailures.count(kind),
    limited: (limit) => stats.limitHits.count(limit),
    redirected: (what) => void stats.redirects[what]++,
    elsewhere: (policy, wasSentHere) => elsewhere(world, policy, wasSentHere),
    get redirectGrace() {
      return world.standing.redirectGrace;
    },
    debugs: (conn) => debugging.on('base', conn),
    directory: registry,
    lease: (wanted) => leases.lease(wanted),
    release: (lease, isKnown) => leases.release(lease as GivenLease, isKnown),
    idle: (child, local) => {
      const counters = plane.counters({ protocol: child.suite.protocol, dst: local, spi: child.spiIn });
      if (!('usedAt' in counters) || counters.usedAt === 0) return undefined;
      return Math.max(0, clock.wall() - counters.usedAt * 1000);
    },
  };
  const world: World = {
    log,
    debugging,
    impairments,
    publicKeys: new PublicKeys(),
    standing: nothingStanding(),
    wall: () => clock.wall(),
    serial,
    uniqueIds,
    helpers,
    services: ports.services,
    accounting: ports.accounting ?? NO_ACCOUNTING,
    plane,
    leases,
    innerAddresses: ports.innerAddresses ?? NO_ADDRESSES,
    shunts: new BareShunts(),
    policies: new Policies(plane, (text) => debugging.on('routing') && log('debug', text())),
    registry,
    switchboard,
    sas: new SaIndex(),
    env,
    stats,
    strangers: seldom,
    secretRows: () => ports.secrets().describe(),
    spawn: (group, name, behavior) => {
      if (debugging.on('refcnt'))
        log(
          'debug',
          `${group}/${typeof name === 'number' ? '#' : ''}${name} begins, beside ${system.counters().actors} actors`,
        );
      return (group === 'states' ? states : actors).spawn(name, behavior);
    },
  };
  const connections = new Connections({ ...ports, world });
  return { world, connections, planeEvent: (event) => planeEvent(world, connections, event) };
}

/** A first message that the gate let in. Its policy is whichever may be meant, until it is authentic. */
function answerer(
  world: World,
  { local, peer, bytes }: Datagram,
  spiI: Uint8Array,
  version: 1 | 2,
): ActorRef<IkeSaMessage> | undefined {
  const candidates = world.registry.candidates(local.address, peer.address, undefined, version === 1 ? 1 : undefined);
  const exchange = version === 1 ? firstExchangeName(bytes[HEADER_AT.exchange]) : 'IKE_SA_INIT';
  const [policy] = candidates;
  if (!policy) {
    world.strangers.say(
      'info',
      `packet from ${peer}: ${exchange} message received on ${local} but no connection has been authorized with policy IKEv${version}${whyNot(world, local.address, peer.address)}`,
      { peer: peer.address, exchange, event: 'rejected' },
    );
    return undefined;
  }
  const serial = world.serial();
  if (world.debugging.on('base', policy.name))
    world.log('debug', `${exchange} from ${peer} may be for ${candidates.length} connections; begins as this one`, {
      policy,
      peer: peer.address,
      serial,
    });
  const sa = responderOf({ serial, policy, local, peer }, spiI, world.env);
  return world.spawn('states', serial, new IkeSaActor(world, sa));
}

/** A connection that lacks its certificate, say, was named when it was loaded, which may be long ago. */
function whyNot({ registry }: World, local: Address, peer: Address): string {
  const entry = registry.hinderedBetween(local, peer);
  return entry?.hindrance === undefined ? '' : `; "${entry.conn.name}": ${hindranceText(entry.hindrance)}`;
}

function planeEvent({ sas }: World, connections: Connections, event: PlaneEvent): void {
  switch (event.t) {
    case 'acquire':
      return connections.byReqid(event.reqid)?.ref.tell({ t: 'acquire', src: event.src, dst: event.dst });
    case 'expire':
      return sas.find(event.key)?.ref.tell({ t: 'expire', hard: event.hard });
    case 'mapping':
      return sas.find(event.key)?.ref.tell({ t: 'mapping', from: event.from });
    default:
      return event satisfies never;
  }
}

function freshSpi(random: (octets: number) => Uint8Array, switchboard: Switchboard): Uint8Array {
  for (;;) {
    const spi = random(8);
    if (spi.some((octet) => octet !== 0) && !switchboard.knows(spi)) return spi;
  }
}
