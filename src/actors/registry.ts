/**
 * The connections by name, by who may be at the other end, and the IKE SAs by who is. What the protocol looks up
 * while it runs (`Directory`) is answered from here: indexes of immutable policies, never another actor's fields.
 */
import type { Conn } from '../conf/conn.ts';
import type { SecretStore } from '../conf/secret-store.ts';
import type { ChainRules, Credential, Directory } from '../ike/effects.ts';
import type { Policy } from '../ike/policy.ts';
import type { Address } from '../net/address.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { Id } from '../net/id.ts';
import { Selector } from '../net/selector.ts';
import { ChosenNets } from './chosen-nets.ts';
import type { Credentials } from './credentials.ts';
import { derived } from './derived.ts';
import { type Entry, mayBeMany, peerKey } from './entry.ts';
import { Groups } from './groups-index.ts';
import type { Member } from './groups-member.ts';
import type { IkeSaMessage } from './ike-sa.ts';
import { excluding, type Few, including, listOf, NONE } from './lists.ts';
import { joined, Peers, pull, push } from './peers.ts';
import { type Identity, provenKey } from './proven.ts';
import type { ActorRef } from './runtime/index.ts';
import { SaGroups } from './sa-groups.ts';

export type { Entry } from './entry.ts';

export interface RegistryPorts {
  readonly secrets: () => SecretStore;
  readonly credentials: Credentials;
  /** Of what a handshake runs into: as often as there are peers. */
  readonly warn: (text: string) => void;
  /** Makes and registers a connection for an instance of a template. */
  readonly spawnInstance: (template: Entry, policy: Policy, beside?: Entry) => Entry;
  /** An instance whose peer has gone: takes it away. */
  readonly retireInstance: (instance: Entry) => void;
  readonly freshReqid: () => number;
}

export class Registry implements Directory {
  readonly #ports: RegistryPorts;
  readonly #byName = new Map<string, Entry>();
  readonly #byAlias = new Map<string, Entry[]>();
  readonly #byPolicy = new Map<Policy, Entry>();
  /** Policies of named connections: of IKEv2, and of IKEv1. */
  readonly #peers = new Peers();
  readonly #v1Peers = new Peers();
  /** Named, and with something in their way. */
  readonly #hindered = new Set<Entry>();
  readonly #instances = new Map<string, Policy>();
  /** Of peers that may be many: at which port this one is. */
  readonly #portOf = new Map<Policy, number>();
  readonly #proven = new SaGroups();
  readonly #byTemplate = new Map<Entry, Set<Entry>>();
  readonly #groups = new Groups();
  /** By `Entry.peer`. */
  readonly #ikeSas = new SaGroups();
  readonly #leaving = new WeakSet<ActorRef<IkeSaMessage>>();
  readonly #instancesOfPeer = new Map<string, Few<Entry>>();
  readonly chosenNets = new ChosenNets();
  #instanceCount = 0;

  constructor(ports: RegistryPorts) {
    this.#ports = ports;
  }

  /** Named connections, not their instances. */
  get size(): number {
    return this.#byName.size;
  }

  /** Instances of templates. */
  get instances(): number {
    return this.#instances.size;
  }

  entries(): IterableIterator<Entry> {
    return this.#byName.values();
  }

  /** Of a group its lines' connections, each with its instances. */
  instancesOf(template: Entry): readonly Entry[] {
    const members = this.#groups.members(template);
    if (members) return [...members.values()].flatMap((member) => [member, ...this.instancesOf(member)]);
    return [...(this.#byTemplate.get(template) ?? NONE)];
  }

  /** By `lineName`. */
  membersOf(group: Entry): ReadonlyMap<string, Member> {
    return this.#groups.members(group) ?? NO_MEMBERS;
  }

  named(name: string): Entry | undefined {
    return this.#byName.get(name) ?? this.#memberNamed(name);
  }

  #memberNamed(name: string): Entry | undefined {
    const at = name.lastIndexOf('#');
    const group = at < 0 ? undefined : this.#byName.get(name.slice(0, at));
    return group && this.#groups.members(group)?.get(name.slice(at + 1));
  }

  /** By its name, or all that share an alias; `road[7]` is one instance of `road`, as logs and reports write it. */
  namedOrAliased(name: string): readonly Entry[] {
    const entry = this.named(name) ?? this.#instanceNamed(name);
    // A list of its own: who goes through it may remove what is in it.
    return entry ? [entry] : [...(this.#byAlias.get(name) ?? [])];
  }

  #instanceNamed(name: string): Entry | undefined {
    const [, of, number] = /^(.+)\[(\d{1,15})\]$/.exec(name) ?? [];
    const template = of === undefined ? undefined : this.named(of);
    if (!template) return undefined;
    for (const instance of this.#byTemplate.get(template) ?? NONE)
      if (instance.policy?.instance === Number(number)) return instance;
    return undefined;
  }

  /** Not removed, and not replaced by another of its name: whoever has waited since it was looked up must ask. */
  holds(entry: Entry): boolean {
    return entry.template
      ? this.#byTemplate.get(entry.template)?.has(entry) === true
      : this.named(entry.conn.name) === entry;
  }

  owner(policy: Policy): Entry | undefined {
    return this.#byPolicy.get(policy);
  }

  add(entry: Entry): void {
    const { conn, policy, template } = entry;
    const isMember = this.#groups.add(entry);
    if (!template && !isMember) {
      this.#byName.set(conn.name, entry);
      for (const alias of conn.aliases) push(this.#byAlias, alias, entry);
    }
    if (entry.hindrance !== undefined) this.#hindered.add(entry);
    if (!policy) return;
    this.#byPolicy.set(policy, entry);
    if (template) {
      this.#instances.set(this.#instanceKey(template, policy), policy);
      this.#instancesOfPeer.set(entry.peer, including(this.#atPeer(entry.peer), entry));
      const siblings = this.#byTemplate.get(template);
      if (siblings) siblings.add(entry);
      else this.#byTemplate.set(template, new Set([entry]));
    } else if (!this.#groups.has(entry)) {
      this.#peersOf(policy).add(policy);
    }
  }

  remove(entry: Entry): void {
    const { conn, policy, template } = entry;
    const isLookedUp = !template && !this.#groups.has(entry);
    if (!template && !this.#groups.remove(entry)) {
      if (this.#byName.get(conn.name) === entry) this.#byName.delete(conn.name);
      for (const alias of conn.aliases) pull(this.#byAlias, alias, entry);
    }
    this.#hindered.delete(entry);
    if (!policy) return;
    this.#byPolicy.delete(policy);
    if (template) {
      this.#instances.delete(this.#instanceKey(template, policy));
      this.#portOf.delete(policy);
      const left = excluding(this.#atPeer(entry.peer), (instance) => instance === entry);
      if (left === NONE) this.#instancesOfPeer.delete(entry.peer);
      else this.#instancesOfPeer.set(entry.peer, left);
      const siblings = this.#byTemplate.get(template);
      if (siblings?.delete(entry) && siblings.size === 0) this.#byTemplate.delete(template);
    } else if (isLookedUp) {
      this.#peersOf(policy).remove(policy);
    }
    // The IKE SA goes with the last that used it: who comes next with the same ends must not ask it for a child.
    const isShared = this.#peersOf(policy).sharing(policy).length > 0 || this.#instancesOfPeer.has(entry.peer);
    if (entry.isUsed && !isShared) this.#ikeSas.forget(entry.peer);
  }

  /** Instances that share one IKE SA. */
  #atPeer(peer: string): Few<Entry> {
    return this.#instancesOfPeer.get(peer) ?? NONE;
  }

  /** The IKE SA, up or under way and not about to go, that leads to this policy's peer. */
  ikeSa(policy: Policy): ActorRef<IkeSaMessage> | undefined {
    const key = this.#peerOf(policy);
    const latest = this.#ikeSas.latest(key);
    if (!latest || this.#isOpen(latest)) return latest;
    for (const sa of this.#ikeSas.of(key)) if (this.#isOpen(sa)) return sa;
    return undefined;
  }

  /** All that lead there. */
  ikeSasOf(policy: Policy): Iterable<ActorRef<IkeSaMessage>> {
    return this.#ikeSas.of(this.#peerOf(policy));
  }

  /** It says farewell: nobody shall ask it for anything. */
  leaves(sa: ActorRef<IkeSaMessage>): void {
    this.#leaving.add(sa);
  }

  #isOpen(sa: ActorRef<IkeSaMessage>): boolean {
    return !sa.hasEnded && !this.#leaving.has(sa);
  }

  registerIkeSa(policy: Policy, sa: ActorRef<IkeSaMessage>): void {
    this.#ikeSas.add(this.#peerOf(policy), sa);
  }

  /** What `samePeer` and `forgetPeer` go by; undefined: whoever it is, nothing is theirs alone. */
  peerOf(policy: Policy, who: Identity): string | undefined {
    return provenKey(policy, this.owner(policy), who);
  }

  /** `sa`'s peer has proven to be the one of `key`. */
  registerPeer(key: string, sa: ActorRef<IkeSaMessage>): void {
    this.#proven.add(key, sa);
  }

  /** All IKE SAs of that peer. */
  samePeer(key: string): Iterable<ActorRef<IkeSaMessage>> {
    return this.#proven.of(key);
  }

  forgetPeer(key: string, sa: ActorRef<IkeSaMessage>): void {
    this.#proven.remove(key, sa);
  }

  unregisterIkeSa(policy: Policy, sa: ActorRef<IkeSaMessage>): void {
    const key = this.#peerOf(policy);
    if (!this.#ikeSas.remove(key, sa)) return;
    for (const instance of listOf(this.#atPeer(key))) this.#ports.retireInstance(instance);
  }

  #instanceKey(template: Entry, policy: Policy): string {
    return instanceKey(template, policy.remoteHost, policy.remoteId, this.#portOf.get(policy));
  }

  #peerOf(policy: Policy): string {
    return this.#byPolicy.get(policy)?.peer ?? peerKey(policy);
  }

  // --- Directory -------------------------------------------------------------------------------------------

  candidates(local: Address, peer: Address, peerId?: Id, version?: 1): readonly Policy[] {
    const peers = version === 1 ? this.#v1Peers : this.#peers;
    // Opportunistic encryption is IKEv2's.
    const around = version === 1 ? NONE : this.#groups.around(local, peer, peerId);
    if (!peerId) return joined(joined(peers.between(local, peer), around), peers.between(local, undefined));
    return joined(joined(peers.naming(local, peer, peerId), around), peers.naming(local, undefined, peerId));
  }

  #peersOf({ v1 }: Policy): Peers {
    return v1 ? this.#v1Peers : this.#peers;
  }

  /** The connections that are for whoever is at `peer`, of the longest block that it is in. */
  opportunities(local: Address, peer: Address): readonly Entry[] {
    return this.#groups.opportunities(local, peer);
  }

  /** A connection that these hosts might mean if nothing were in its way; of the first few, for strangers may ask. */
  hinderedBetween(local: Address, peer: Address): Entry | undefined {
    let left = MOST_LOOKED_AT;
    for (const entry of this.#hindered) {
      if (left-- === 0) return undefined;
      if (entry.side && mayBe(entry, entry.side, local) && mayBe(entry, otherSide(entry.side), peer)) return entry;
    }
    return undefined;
  }

  siblings(policy: Policy): readonly Policy[] {
    const own = this.owner(policy);
    if (!own) return this.#leftOf(policy);
    const all = this.#sharing(policy, own);
    const templates = own?.template?.policy ? this.#sharing(own.template.policy, own.template) : NONE;
    if (all.length + templates.length <= 1 && (all.length === 0 || all[0] === policy)) return [policy];
    const instances = own?.template ? listOf(this.#atPeer(own.peer)) : NONE;
    const taken = new Set(instances.map(({ template }) => template?.policy));
    return [policy, ...instances.map((i) => i.policy!), ...all, ...templates.filter((p) => !taken.has(p))].filter(
      (p, i) => i === 0 || p !== policy,
    );
  }

  /** It has been deleted, and its IKE SA stays for these: nobody is granted anything of it any more. */
  #leftOf(policy: Policy): readonly Policy[] {
    const instances = listOf(this.#atPeer(peerKey(policy)));
    return [...instances.map((i) => i.policy!), ...this.#sharing(policy, undefined)].filter((p) => p !== policy);
  }

  #sharing(policy: Policy, entry: Entry | undefined): readonly Policy[] {
    return joined(this.#peersOf(policy).sharing(policy), entry && this.#groups.sharing(entry));
  }

  netHolder(nets: readonly Selector[], who: string): string | undefined {
    return this.chosenNets.holder(nets, who);
  }

  psk(local: Id, remote: Id, localAddress: Address, peerAddress: Address): Uint8Array | undefined {
    const { secrets, warn } = this.#ports;
    return secrets().findPsk(local, remote, { local: localAddress, remote: peerAddress }, warn)?.reveal();
  }

  password(user: string): Uint8Array | undefined {
    return this.#ports.secrets().findXauth(user)?.reveal();
  }

  credential(policy: Policy, round: number) {
    return this.#ports.credentials.credential(policy, round);
  }

  publicKeys(id: Id, policy: Policy, round: number): readonly Uint8Array[] {
    return this.#ports.credentials.publicKeys(id, policy, round);
  }

  authorities(policy: Policy): Uint8Array {
    return this.#ports.credentials.authorities(policy);
  }

  authorityNames(policy: Policy): readonly Uint8Array[] {
    return this.#ports.credentials.authorityNames(policy);
  }

  issuers(credential: Credential, which: Policy['sendCa']): readonly Uint8Array[] {
    return this.#ports.credentials.issuers(credential, which);
  }

  get chainRules(): ChainRules {
    return this.#ports.credentials.chainRules;
  }

  ppk(policy: Policy, id?: Uint8Array) {
    return this.#ports.credentials.ppk(policy, id);
  }

  /** Without `peerId`: whoever is at `peer` and has a secret. */
  instantiate(policy: Policy, peerId: Id | undefined, peer: Endpoint, beside?: Policy): Policy {
    const template = this.owner(policy);
    if (policy.remoteHost || !template) return policy;
    const { address } = peer;
    const { child } = policy;
    const first = beside && this.owner(beside);
    const port = mayBeMany(policy, peerId) ? ((beside && this.#portOf.get(beside)) ?? peer.port) : undefined;
    const known = this.#instances.get(instanceKey(template, address, peerId, port));
    if (known) return known;
    this.#instanceCount++;
    // Without `rightsubnet` it is the peer itself that travels inside.
    const remote = child.remote.length > 0 ? child.remote : Object.freeze([itself(template, address)]);
    const reqid = template.conn.reqid ?? this.#ports.freshReqid();
    const wanted = derived(policy, {
      instance: this.#instanceCount,
      remoteHost: address,
      ...(peerId ? { remoteId: peerId } : {}),
      child: derived(child, { remote, reqid }),
    });
    if (port !== undefined) this.#portOf.set(wanted, port);
    this.#ports.spawnInstance(template, wanted, first);
    return wanted;
  }
}

/** `port`: where there may be many at one address. */
const instanceKey = (template: Entry, host: Address | undefined, id: Id | undefined, port: number | undefined) =>
  [template.serial, host, id?.key, ...(port === undefined ? [] : [port])].join(' ');

/** The peer at `address`, as far as the connection is for it. */
function itself({ conn, side }: Entry, address: Address): Selector {
  const { subnets, protoport } = side === 'left' ? conn.right : conn.left;
  // What there are subnets of is in the policy already, but for blocks that the peer is somewhere in.
  const [{ protocol, startPort, endPort }] = subnets.length > 0 ? subnets : [portsOf(protoport)];
  return Selector.ofAddress(address, protocol, startPort, endPort);
}

const portsOf = ({ protocol, port }: Conn['left']['protoport'] & object = ANY_PORT) => ({
  protocol,
  startPort: port,
  endPort: port === 0 ? 65535 : port,
});
const ANY_PORT = { protocol: 0, port: 0, wildcard: false } as const;

const NO_MEMBERS: ReadonlyMap<string, Member> = new Map();

const MOST_LOOKED_AT = 64;

const otherSide = (side: 'left' | 'right') => (side === 'left' ? 'right' : 'left');

function mayBe({ conn }: Entry, side: 'left' | 'right', address: Address): boolean {
  const { host } = conn[side];
  return host.t !== 'address' || host.address.equals(address);
}
