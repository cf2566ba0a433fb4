/**
 * A Child SA in the data plane: its two SAs, its policies, its counters. It is told what to do by its IKE SA and
 * outlives it when that is rekeyed.
 */

import { wipe } from '../ike/crypto/misc.ts';
import type { ChildInstall } from '../ike/effects.ts';
import type { Limits, PlaneFault, SaAlgorithms, SaCounters, SaKey, SaSpec } from '../kernel/port.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { bundled, companions, isBundle, layersOf } from './bundle.ts';
import type { IkeSaMessage } from './ike-sa.ts';
import type { Protection } from './policies.ts';
import type { ActorRef, Behavior, Context } from './runtime/index.ts';
import type { World } from './world.ts';

export type ChildSaMessage =
  | { readonly t: 'installOutbound' }
  | { readonly t: 'remove'; readonly lingers: boolean }
  | { readonly t: 'lingered' }
  | { readonly t: 'moved'; readonly local: Endpoint; readonly peer: Endpoint }
  /** Another IKE SA has it now. */
  | { readonly t: 'parent'; readonly ike: ActorRef<IkeSaMessage> }
  /** Authentic ESP came from another address or port of the peer's NAT. */
  | { readonly t: 'mapping'; readonly from: Endpoint }
  | { readonly t: 'expire'; readonly hard: boolean }
  | { readonly t: 'report'; readonly to: (traffic: ChildTraffic) => void };

/** What is known of a Child SA's traffic. Octets; seconds since 1970, 0 for never. */
export interface ChildTraffic {
  readonly install: ChildInstall;
  readonly addedAt: number;
  readonly in: SaCounters | undefined;
  readonly out: SaCounters | undefined;
}

/** What left before the peer knew better still arrives for this long. */
const LINGER = 5_000;

export class ChildSaActor implements Behavior<ChildSaMessage> {
  readonly #world: World;
  #install: ChildInstall;
  #ike: ActorRef<IkeSaMessage>;
  #protection: Protection | undefined = undefined;
  /** Whether the data plane has that half. */
  #hasInbound = false;
  #hasOutbound = false;
  #addedAt = 0;

  constructor(world: World, ike: ActorRef<IkeSaMessage>, install: ChildInstall) {
    this.#world = world;
    this.#ike = ike;
    this.#install = install;
  }

  /** Before its first message: whoever makes it says 'up' to others only if the data plane has it. `wall`: ms. */
  enter(halves: 'both' | 'inbound', wall: number): PlaneFault | undefined {
    this.#addedAt = Math.floor(wall / 1000);
    const fault = this.#addSas(halves) ?? this.#protect();
    if (!fault && halves === 'both') this.#forgetKeys();
    if (this.#protection) this.#world.stats.connection(this.#install.policy.name, 1);
    return fault;
  }

  started(self: Context<ChildSaMessage>): void {
    if (this.#protection) this.#world.sas.add(self, this.#install);
  }

  receive(message: ChildSaMessage, self: Context<ChildSaMessage>): void {
    switch (message.t) {
      case 'installOutbound': {
        const fault = this.#addSas('outbound');
        this.#forgetKeys();
        if (fault)
          this.#ike.tell({ t: 'installFailed', serial: this.#install.serial, why: `${fault.why} (${fault.errno})` });
        return;
      }
      case 'remove':
        this.#sayTraffic();
        this.#world.sas.remove(this.#install);
        this.#removeOutbound();
        // What lingers only receives: the policies are its successor's.
        this.#unprotect();
        if (!message.lingers) return self.stop();
        self.after(LINGER, { t: 'lingered' });
        return;
      case 'lingered':
        return self.stop();
      case 'moved':
        return this.#move(message.local, message.peer, self);
      case 'parent':
        this.#ike = message.ike;
        return;
      case 'mapping':
        return this.#move(this.#install.local, message.from, self);
      case 'expire':
        return this.#ike.tell({ t: 'expired', serial: this.#install.serial, hard: message.hard });
      case 'report':
        return message.to({
          install: this.#install,
          addedAt: this.#addedAt,
          in: this.#count(this.#inbound),
          out: this.#count(this.#outbound),
        });
      default:
        return message satisfies never;
    }
  }

  stopped(): void {
    this.#world.sas.remove(this.#install);
    this.#world.accounting.childDown(this.#install.serial);
    this.#removeOutbound();
    this.#traceRouting('SA deleted', 'in');
    this.#remove('in');
    this.#unprotect();
    this.#forgetKeys();
  }

  #traceRouting(what: string, direction: 'in' | 'out'): void {
    const { policy, peer, serial } = this.#install;
    if (!this.#world.debugging.on('routing', policy.name)) return;
    const key = direction === 'in' ? this.#inbound : this.#outbound;
    if (!key) return;
    const text = `${what}: ${key.protocol} SPI 0x${key.spi.toString(16)} to ${key.dst}`;
    this.#world.log('debug', text, { policy, peer: peer.address, serial });
  }

  /** One call to the data plane, or two: the second half of a rekey comes later. */
  #addSas(halves: 'both' | 'inbound' | 'outbound'): PlaneFault | undefined {
    const mains = halves === 'both' ? [this.#spec('in'), this.#spec('out')] : [this.#spec(DIRECTIONS[halves])];
    if (isBundle(this.#install)) return this.#addBundle(mains);
    const verdicts = this.#world.plane.batch(mains.map((sa) => ({ op: 'addSa', sa })));
    for (const [i, { direction }] of mains.entries()) this.#added(direction, !verdicts[i]);
    return verdicts.find((verdict) => verdict !== undefined);
  }

  /** All of it or nothing. */
  #addBundle(mains: readonly SaSpec[]): PlaneFault | undefined {
    const { plane } = this.#world;
    const specs = mains.flatMap((main) => bundled(main, this.#install));
    const verdicts = plane.batch(specs.map((sa) => ({ op: 'addSa', sa })));
    const fault = verdicts.find((verdict) => verdict !== undefined);
    if (fault) for (const [i, spec] of specs.entries()) if (!verdicts[i]) plane.deleteSa(spec);
    for (const { direction } of mains) this.#added(direction, !fault);
    return fault;
  }

  #added(direction: 'in' | 'out', isThere: boolean): void {
    if (direction === 'in') this.#hasInbound = isThere;
    else this.#hasOutbound = isThere;
    this.#traceRouting('SA added', direction);
  }

  /** Field by field, in place of parts spread into one: there are two for each tunnel. */
  #spec(direction: 'in' | 'out'): SaSpec {
    const { local, peer, spiIn, spiOut, keysIn, keysOut, selectorsLocal, selectorsRemote } = this.#install;
    const { suite, mode, policy } = this.#install;
    const { reqid, replayWindow, maxPackets } = policy.child;
    const maxBytes = this.#install.maxBytes ?? policy.child.maxBytes;
    const isInbound = direction === 'in';
    const [from, to] = isInbound ? [peer, local] : [local, peer];
    const isLimited = maxBytes !== undefined || maxPackets !== undefined;
    return {
      protocol: suite.protocol,
      direction,
      mode,
      reqid,
      spi: isInbound ? spiIn : spiOut,
      src: from.address,
      dst: to.address,
      algorithms: algorithmsOf(this.#install, isInbound ? keysIn : keysOut),
      esn: suite.esn,
      replayWindow,
      encapsulation: this.#encapsulation(from.port, to.port),
      selectors: isInbound ? cross(selectorsRemote, selectorsLocal) : cross(selectorsLocal, selectorsRemote),
      // libreswan asks for a rekey at half of what is allowed.
      soft: isLimited ? limits(maxBytes, maxPackets, 0.5) : undefined,
      hard: isLimited ? limits(maxBytes, maxPackets, 1) : undefined,
    };
  }

  #protect(): PlaneFault | undefined {
    const { suite, mode, policy, local, peer, selectorsLocal, selectorsRemote } = this.#install;
    const wanted: Protection = {
      protocol: suite.protocol,
      mode,
      reqid: policy.child.reqid,
      localHost: local.address,
      remoteHost: peer.address,
      local: selectorsLocal,
      remote: selectorsRemote,
      priority: policy.child.priority,
    };
    const layers = layersOf(this.#install);
    // Kept, one for each tunnel: no field for what most have not.
    const held = layers ? { ...wanted, layers } : wanted;
    const fault = this.#world.policies.hold(held);
    if (!fault) this.#protection = held;
    return fault;
  }

  #encapsulation(srcPort: number, dstPort: number): SaSpec['encapsulation'] {
    const { encapsulated, peerOriginal: original } = this.#install;
    return encapsulated ? { srcPort, dstPort, original } : undefined;
  }

  #move(local: Endpoint, peer: Endpoint, self: ActorRef<ChildSaMessage>): void {
    if (local.equals(this.#install.local) && peer.equals(this.#install.peer)) return;
    this.#world.sas.remove(this.#install);
    const [inbound, outbound] = [this.#keys('in'), this.#keys('out')];
    this.#install = { ...this.#install, local, peer };
    this.#world.sas.add(self, this.#install);
    const faults = [
      ...inbound.map((key) => this.#moveOne(key, peer, local)),
      ...outbound.map((key) => this.#moveOne(key, local, peer)),
    ];
    const refused = [...faults, this.#moveProtection(local, peer)].find((fault) => fault !== undefined);
    if (refused)
      this.#ike.tell({ t: 'installFailed', serial: this.#install.serial, why: `${refused.why} (${refused.errno})` });
  }

  /** One that will not move is gone: by its new key nobody would find it again. */
  #moveOne(key: SaKey, from: Endpoint, to: Endpoint): PlaneFault | undefined {
    const { plane } = this.#world;
    const encapsulation = key.protocol === 'ipcomp' ? undefined : this.#encapsulation(from.port, to.port);
    const move = { src: from.address, dst: to.address, encapsulation };
    const fault = plane.moveSa(key, move);
    if (fault) plane.deleteSa(key);
    return fault;
  }

  #moveProtection(local: Endpoint, peer: Endpoint): PlaneFault | undefined {
    const former = this.#protection;
    if (!former || (former.localHost.equals(local.address) && former.remoteHost.equals(peer.address))) return undefined;
    const fault = this.#protect();
    if (!fault) this.#world.policies.release(former);
    return fault;
  }

  #unprotect(): void {
    if (!this.#protection) return;
    this.#world.policies.release(this.#protection);
    this.#world.stats.connection(this.#install.policy.name, -1);
    this.#protection = undefined;
  }

  #sayTraffic(): void {
    const { serial, policy, peer, suite } = this.#install;
    const [received, sent] = [this.#count(this.#inbound), this.#count(this.#outbound)];
    this.#world.accounting.childDown(serial, { in: received, out: sent });
    this.#world.stats.childDown(this.#install, received?.bytes ?? 0, sent?.bytes ?? 0);
    if (!received && !sent) return;
    const text = `${suite.protocol.toUpperCase()} traffic information: in=${received?.bytes ?? 0}B out=${sent?.bytes ?? 0}B`;
    this.#ike.tell({ t: 'said', line: this.#world.log('info', text, { policy, peer: peer.address, serial }) });
  }

  /** The data plane has them, and nobody else needs them. */
  #forgetKeys(): void {
    const { keysIn, keysOut, ah } = this.#install;
    if (keysIn === NO_KEYS) return;
    for (const keys of [keysIn, keysOut]) {
      wipe(keys.encr);
      wipe(keys.integ);
    }
    wipe(ah?.keyIn);
    wipe(ah?.keyOut);
    this.#install = { ...this.#install, keysIn: NO_KEYS, keysOut: NO_KEYS };
  }

  #removeOutbound(): void {
    this.#traceRouting('SA deleted', 'out');
    this.#remove('out');
    this.#hasOutbound = false;
  }

  #remove(direction: 'in' | 'out'): void {
    for (const key of this.#keys(direction)) this.#world.plane.deleteSa(key);
  }

  /** Of all SAs that the data plane has for a direction. */
  #keys(direction: 'in' | 'out'): readonly SaKey[] {
    const main = direction === 'in' ? this.#inbound : this.#outbound;
    if (!main) return [];
    return isBundle(this.#install) ? [main, ...companions(this.#install, direction, main.dst)] : [main];
  }

  get #inbound(): SaKey | undefined {
    const { suite, local, spiIn } = this.#install;
    return this.#hasInbound ? { protocol: suite.protocol, dst: local.address, spi: spiIn } : undefined;
  }

  get #outbound(): SaKey | undefined {
    const { suite, peer, spiOut } = this.#install;
    return this.#hasOutbound ? { protocol: suite.protocol, dst: peer.address, spi: spiOut } : undefined;
  }

  #count(key: SaKey | undefined): SaCounters | undefined {
    const counters = key && this.#world.plane.counters(key);
    return counters && 'bytes' in counters ? counters : undefined;
  }
}

const NO_KEYS = Object.freeze({ encr: new Uint8Array(0), integ: new Uint8Array(0) });

const DIRECTIONS = { inbound: 'in', outbound: 'out' } as const;

const limits = (maxBytes: number | undefined, maxPackets: number | undefined, share: number): Limits => ({
  ...(maxBytes === undefined ? {} : { bytes: Math.floor(maxBytes * share) }),
  ...(maxPackets === undefined ? {} : { packets: Math.floor(maxPackets * share) }),
});

const cross = (src: ChildInstall['selectorsLocal'], dst: ChildInstall['selectorsLocal']) =>
  src.flatMap((s) => dst.filter((d) => d.family === s.family).map((d) => ({ src: s, dst: d })));

function algorithmsOf(
  { suite }: ChildInstall,
  keys: { readonly encr: Uint8Array; readonly integ: Uint8Array },
): SaAlgorithms {
  const { encr, integ } = suite;
  if (encr?.isAead)
    return { aead: { name: encr.kernel?.aead ?? encr.name, key: keys.encr, icvBits: encr.icvOctets * 8 } };
  return {
    ...(encr ? { encryption: { name: encr.kernel?.crypt ?? encr.name, key: keys.encr } } : {}),
    ...(integ ? { integrity: { name: integ.kernel, key: keys.integ, icvBits: integ.icvOctets * 8 } } : {}),
  };
}
