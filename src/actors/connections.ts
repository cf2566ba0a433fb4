/** Adding connections and taking them away: the registry's bookkeeping and the actors that go with it. */
import { isGroup } from '../conf/build-pair.ts';
import type { Conn } from '../conf/conn.ts';
import type { FileSystem } from '../conf/file-system.ts';
import type { GroupLine } from '../conf/groups.ts';
import { nodeFileSystem } from '../conf/node-file-system.ts';
import { isOursTwice, orient } from '../conf/orient.ts';
import type { VirtualPrivate } from '../conf/setup.ts';
import { virtualSelectors } from '../conf/virtual.ts';
import type { Policy } from '../ike/policy.ts';
import type { Address } from '../net/address.ts';
import type { Id } from '../net/id.ts';
import { Selector } from '../net/selector.ts';
import { Subnet } from '../net/subnet.ts';
import { ConnectionActor } from './connection.ts';
import { Entry } from './entry.ts';
import { PolicyGroups } from './groups.ts';
import { GroupActor } from './groups-actor.ts';
import { connOf, faceOf, Member, policyFor } from './groups-member.ts';
import { OpportunityActor } from './groups-opportunity.ts';
import type { Interface } from './interfaces.ts';
import { type Hindrance, hindranceOf, hostText, type Orientation, policyOf, SHUNTS } from './policy-of.ts';
import { addPools, dropPools } from './pools.ts';
import { ShuntActor, shuntOf } from './shunts.ts';
import { inSlices } from './slices.ts';
import type { World } from './world.ts';

/** With what was said of it. Its `hindrance`, which many may share, is for the caller to tell. */
export type Added = { readonly entry: Entry; readonly text: string } | { readonly why: string };

/** reqids up to here are the administrator's (`reqid=`). */
const FIRST_REQID = 16_384;

export interface ConnectionsOptions {
  readonly world: World;
  readonly interfaces: () => readonly Interface[];
  /** Our address towards the default route, for `left=%defaultroute`. */
  readonly defaultRoute: (family: 4 | 6) => Address | undefined;
  readonly ikePort: number;
  readonly keepAliveMs: number;
  /** What `%priv` stands for; nothing unless said. */
  readonly virtualPrivate?: readonly VirtualPrivate[];
  /** `ikev1-policy=`; without it IKEv1 is accepted. */
  readonly ikev1Policy?: 'accept' | 'reject' | 'drop';
  /** Where the files of policy groups are; `/etc/ipsec.d/policies`. */
  readonly groupsDir?: string;
  readonly groupFiles?: Pick<FileSystem, 'read'>;
  /** `shuntlifetime=`; 15 min. */
  readonly shuntLifetimeMs?: number;
}

const SHUNT_LIFETIME = 900_000;

/** This machine, as conns may name it. */
interface Own {
  readonly of: readonly Interface[];
  readonly addresses: readonly Address[];
  readonly names: ReadonlySet<string>;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #byReqid = new Map<number, Entry>();
  #serial = 0;
  #ours: Own = { of: [], addresses: [], names: new Set() };
  #nextReqid = FIRST_REQID;
  readonly #groups: PolicyGroups;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#groups = new PolicyGroups({
      world: options.world,
      files: options.groupFiles ?? nodeFileSystem,
      dir: options.groupsDir ?? '/etc/ipsec.d/policies',
      enter: (group, face, line, localHost) => this.#enterMember(group, face, line, localHost),
      remove: (member) => this.remove(member),
    });
  }

  readonly #spawn = (entry: Entry) => {
    const { conn, side, policy, hindrance, template } = entry;
    const { world, ikePort, shuntLifetimeMs = SHUNT_LIFETIME } = this.#options;
    const name = policy?.instance === undefined ? conn.name : `${conn.name}[${policy.instance}]`;
    if (isOfGroup(conn))
      return world.spawn('connections', name, new GroupActor(name, (isRouted) => this.#groups.route(entry, isRouted)));
    const at = SHUNTS.has(conn.type) && hindrance === undefined ? this.#orientation(conn) : undefined;
    if (at) return world.spawn('connections', name, new ShuntActor(world, conn, shuntOf(conn, at)));
    const them = side && conn[side === 'left' ? 'right' : 'left'];
    if (them?.host.t === 'opportunistic' && policy?.localHost && !template) {
      const theirs = them.subnets.length > 0 ? them.subnets : [Selector.ofSubnet(Subnet.all(policy.localHost.family))];
      return world.spawn('connections', name, new OpportunityActor(world, entry, theirs, shuntLifetimeMs));
    }
    const us = side && conn[side];
    const actor = new ConnectionActor(world, conn.name, policy, us?.ikeport ?? ikePort, conn.keyingtries);
    // Where neither end is ours, that is the first thing to say.
    if (side && hindrance !== undefined) actor.hindrance = hindrance;
    return world.spawn('connections', name, actor);
  };

  /** Loads a connection; its name must be free. What cannot be negotiated yet is loaded as well. */
  add(conn: Conn): Added {
    const { world } = this.#options;
    if (world.registry.named(conn.name)) return { why: `attempt to redefine connection "${conn.name}"` };
    const why = this.refusal(conn);
    if (why !== undefined) return { why };
    const overlap = addPools(world.leases, conn);
    if (overlap !== undefined) return { why: `"${conn.name}": failed to add connection: ${overlap}` };
    const at = this.#orientation(conn);
    const known = this.#settled(conn);
    const entry = this.#enter(conn, at ? this.#policyOf(known, at) : hindered(known), at?.side);
    for (const wrong of world.debugging.load(conn.name, conn.debug)?.wrong ?? [])
      world.log('warn', wrong, { policy: { name: conn.name } });
    const kind = SHUNTS.has(conn.type) ? conn.type : conn.keyexchange === 'ikev1' ? 'IKEv1' : 'IKEv2';
    const how = at ? `added ${kind} connection` : `added unoriented ${kind} connection (${this.#whyUnoriented(conn)})`;
    const text = world.log('info', how, { policy: { name: conn.name }, event: 'added' });
    if (at && isOfGroup(conn) && entry.hindrance === undefined) this.#groups.open(entry, known, at.localHost);
    return { entry, text };
  }

  get acceptsV1(): boolean {
    return (this.#options.ikev1Policy ?? 'accept') === 'accept';
  }

  /** Why `conn` is not for this daemon at all. */
  refusal({ name, keyexchange }: Conn): string | undefined {
    const { ikev1Policy } = this.#options;
    return keyexchange === 'ikev1' && !this.acceptsV1
      ? `"${name}": failed to add connection: ikev1-policy=${ikev1Policy} allows no IKEv1 connections`
      : undefined;
  }

  /** With its SAs, its instances, its trap. */
  remove(entry: Entry): void {
    const { world } = this.#options;
    const members = [...world.registry.membersOf(entry).values()];
    if (members.length === 0) for (const instance of world.registry.instancesOf(entry)) this.remove(instance);
    world.registry.remove(entry);
    if (isOfGroup(entry.conn)) this.#groups.close(entry, members);
    if (entry instanceof Member) this.#groups.forget(entry);
    if (entry.policy) this.#byReqid.delete(entry.policy.child.reqid);
    if (!entry.template && !(entry instanceof Member)) {
      dropPools(world.leases, entry.conn);
      world.debugging.forget(entry.conn.name);
    }
    if (entry.isUsed) entry.ref.tell({ t: 'delete' });
  }

  /** For the registry: the peer of a template has turned up. Its policy gets a reqid of its own. */
  spawnInstance(template: Entry, policy: Policy, beside?: Entry): Entry {
    const entry = this.#enter(template.conn, policy, template.side, template, beside);
    this.#options.world.log('info', `instantiated for ${policy.remoteId ?? 'a peer'}`, {
      policy,
      peer: policy.remoteHost,
      event: 'instantiated',
    });
    return entry;
  }

  /** Its last IKE SA has ended. */
  retireInstance(instance: Entry): void {
    const { policy } = instance;
    if (policy)
      this.#options.world.log('info', 'deleting connection instance', {
        policy,
        peer: policy.remoteHost,
        event: 'deleted',
      });
    this.remove(instance);
  }

  /** The policy groups' files as they are now, in steps. */
  rereadingGroups(say: (text: string) => void): Generator<undefined, void> {
    return this.#groups.rereading(say);
  }

  freshReqid(): number {
    return this.#freshReqid();
  }

  byReqid(reqid: number): Entry | undefined {
    return this.#byReqid.get(reqid);
  }

  /** Looks again which end we are, for those where it was neither: the first few at once, the rest in slices. */
  reorient(): void {
    inSlices(this.#options.world, 'reorient', this.#reorienting());
  }

  *#reorienting(): Generator<undefined, void> {
    const { registry } = this.#options.world;
    for (const entry of registry.entries()) {
      yield undefined;
      if (entry.side || !registry.holds(entry) || !this.#orientation(entry.conn)) continue;
      this.remove(entry);
      const added = this.add(entry.conn);
      if ('entry' in added) this.begin(added.entry);
    }
  }

  /** What it would be if it were added now; undefined if neither end is ours. */
  meaning({ conn, policy }: Entry): Policy | Hindrance | undefined {
    const at = this.#orientation(conn);
    const { world, keepAliveMs } = this.#options;
    const known = this.#settled(conn);
    if (!at || SHUNTS.has(conn.type)) return undefined;
    return policyOf(known, at, policy?.child.reqid ?? conn.reqid ?? 0, keepAliveMs, world.registry);
  }

  /** What `auto=` says of a connection that has just been loaded from the configuration. */
  begin(entry: Entry): void {
    const { auto } = entry.conn;
    const isShunt = SHUNTS.has(entry.conn.type) && entry.side !== undefined;
    if (!entry.policy && !isShunt) return;
    if (auto === 'ondemand' || auto === 'keep' || (auto === 'start' && isShunt)) entry.ref.tell({ t: 'route' });
    else if (auto === 'start') entry.ref.tell({ t: 'initiate' });
  }

  /** `auto=` has another value and all else is as it was: what there is of it stays, but for a trap that is not wanted. */
  restate(entry: Entry, conn: Conn): void {
    entry.restate(conn);
    if (entry.isUsed && (conn.auto === 'add' || conn.auto === 'ignore')) entry.ref.tell({ t: 'unroute' });
    else this.begin(entry);
  }

  /** With what its words stand for now. */
  #settled(conn: Conn): Conn {
    const { world, virtualPrivate = [] } = this.#options;
    return faceOf(withChoice(withMyId(conn, world.standing.myId), virtualPrivate));
  }

  #policyOf(conn: Conn, at: Orientation): Policy | Hindrance | undefined {
    if (SHUNTS.has(conn.type)) return hindered(conn, at.side);
    for (const side of ['left', 'right'] as const)
      if (lacksChoice(conn[side]))
        return { hindrance: `${side}subnet=: virtual-private= leaves its peers nothing to choose` };
    return policyOf(
      conn,
      at,
      conn.reqid ?? this.#freshReqid(),
      this.#options.keepAliveMs,
      this.#options.world.registry,
    );
  }

  #enter(
    conn: Conn,
    means: Policy | Hindrance | undefined,
    side: 'left' | 'right' | undefined,
    template?: Entry,
    beside?: Entry,
  ): Entry {
    const { world } = this.#options;
    const policy = means && 'hindrance' in means ? undefined : means;
    const hindrance = means && 'hindrance' in means ? means.hindrance : undefined;
    const entry = new Entry({
      serial: ++this.#serial,
      conn,
      side,
      policy,
      hindrance,
      template,
      beside,
      spawn: this.#spawn,
    });
    world.registry.add(entry);
    if (policy) this.#byReqid.set(policy.child.reqid, entry);
    return entry;
  }

  #enterMember(group: Entry, face: Conn, line: GroupLine, localHost: Address): Member {
    const side = group.side!;
    const conn = connOf(face, side, line);
    const policy = group.policy && policyFor(group.policy, conn, side, conn.reqid ?? this.#freshReqid());
    const parts = { serial: ++this.#serial, conn, side, policy, hindrance: undefined, template: undefined };
    const member = new Member(group, line, localHost, { ...parts, spawn: this.#spawn });
    this.#options.world.registry.add(member);
    if (policy) this.#byReqid.set(policy.child.reqid, member);
    return member;
  }

  /** Multiples of four, as libreswan has them: one each for ESP, AH and IPComp. */
  #freshReqid(): number {
    const reqid = this.#nextReqid;
    this.#nextReqid += 4;
    return reqid;
  }

  #orientation(conn: Conn): Orientation | undefined {
    const { addresses, names } = this.#own();
    const side = orient(conn, addresses, names);
    if (!side) return undefined;
    const { host } = conn[side];
    const localHost = this.#ownAddress(host, conn.hostFamily ?? 4);
    return localHost && { side, localHost };
  }

  #whyUnoriented(conn: Conn): string {
    const [left, right] = [`left=${hostText(conn.left.host)}`, `right=${hostText(conn.right.host)}`];
    const { addresses, names } = this.#own();
    return isOursTwice(conn, addresses, names)
      ? `both ${left} and ${right} match an interface`
      : `neither ${left} nor ${right} match an interface`;
  }

  /** Made anew when the list is another, not for each of ten thousand conns. */
  #own(): Own {
    const of = this.#options.interfaces();
    if (this.#ours.of !== of)
      this.#ours = { of, addresses: of.map((i) => i.address), names: new Set(of.map((i) => i.name)) };
    return this.#ours;
  }

  #ownAddress(host: Conn['left']['host'], family: 4 | 6): Address | undefined {
    if (host.t === 'address') return host.address;
    if (host.t === 'defaultroute') return this.#options.defaultRoute(family);
    if (host.t === 'interface')
      return this.#options.interfaces().find((i) => i.name === host.name && i.address.family === family)?.address;
    return undefined;
  }
}

const isOfGroup = ({ left, right }: Conn): boolean => isGroup(left.host.t) || isGroup(right.host.t);

/** `%myid` as it stands now; where nothing has been said, it is our end's address. */
function withMyId(conn: Conn, myId: Id | undefined): Conn {
  if (conn.left.idText !== '%myid' && conn.right.idText !== '%myid') return conn;
  const known = (end: Conn['left']) => (end.idText === '%myid' ? { ...end, id: myId, idText: undefined } : end);
  return { ...conn, left: known(conn.left), right: known(conn.right) };
}

const lacksChoice = ({ virtual, subnets }: Conn['left']) => virtual && !virtual.no && subnets.length === 0;

/** What peers may choose from, in the place of subnets. */
function withChoice(conn: Conn, privateNets: readonly VirtualPrivate[]): Conn {
  if (!conn.left.virtual && !conn.right.virtual) return conn;
  const known = (end: Conn['left']) =>
    end.virtual ? { ...end, subnets: virtualSelectors(end.virtual, privateNets, end.protoport) } : end;
  return { ...conn, left: known(conn.left), right: known(conn.right) };
}

function hindered(conn: Conn, side?: 'left' | 'right'): Hindrance | undefined {
  const hindrance = hindranceOf(conn, side);
  return hindrance === undefined ? undefined : { hindrance };
}
