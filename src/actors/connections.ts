/** Adding connections and taking them away: the registry's bookkeeping and the actors that go with it. */
import type { Conn } from '../conf/conn.ts';
import { orient } from '../conf/orient.ts';
import type { Policy } from '../ike/policy.ts';
import type { Address } from '../net/address.ts';
import { ConnectionActor } from './connection.ts';
import type { Interface } from './interfaces.ts';
import { connPrefix } from './lines.ts';
import { policyOf } from './policy-of.ts';
import { type Entry, peerKey } from './registry.ts';
import type { World } from './world.ts';

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
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #byReqid = new Map<number, Entry>();
  #serial = 0;
  #nextReqid = FIRST_REQID;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Loads a connection; its name must be free. */
  add(conn: Conn): Added {
    const { world } = this.#options;
    const at = this.#orientation(conn);
    const reqid = conn.reqid ?? this.#freshReqid();
    const policy = at && policyOf(conn, at, reqid, this.#options.keepAliveMs);
    if (policy && 'why' in policy) return { why: `"${conn.name}": failed to add connection: ${policy.why}` };
    const entry = this.#enter(conn, policy, at?.side);
    const text = policy
      ? `"${conn.name}": added IKEv2 connection`
      : `"${conn.name}": added unoriented IKEv2 connection (neither left=${hostText(conn.left)} nor right=${hostText(conn.right)} match an interface)`;
    world.log('info', text);
    return { entry, text };
  }

  /** With its SAs, its instances, its trap. */
  remove(entry: Entry): void {
    const { world } = this.#options;
    for (const instance of world.registry.instancesOf(entry)) this.remove(instance);
    world.registry.remove(entry);
    if (entry.policy) this.#byReqid.delete(entry.policy.child.reqid);
    entry.ref.tell({ t: 'delete' });
  }

  /** For the registry: the peer of a template has turned up. Its policy gets a reqid of its own. */
  spawnInstance(template: Entry, policy: Policy): Entry {
    const entry = this.#enter(template.conn, policy, template.side, template);
    this.#options.world.log(
      'info',
      `${connPrefix(policy, policy.remoteHost)}: instantiated for ${policy.remoteId ?? 'a peer'}`,
    );
    return entry;
  }

  /** Its last IKE SA has ended. */
  retireInstance(instance: Entry): void {
    const { policy } = instance;
    if (policy)
      this.#options.world.log('info', `${connPrefix(policy, policy.remoteHost)}: deleting connection instance`);
    this.remove(instance);
  }

  freshReqid(): number {
    return this.#freshReqid();
  }

  byReqid(reqid: number): Entry | undefined {
    return this.#byReqid.get(reqid);
  }

  /** Looks again which end we are, for those where it was neither. */
  reorient(): void {
    const { registry } = this.#options.world;
    for (const entry of [...registry.entries()].filter((e) => !e.policy)) {
      this.remove(entry);
      const added = this.add(entry.conn);
      if ('entry' in added) this.begin(added.entry);
    }
  }

  /** What `auto=` says of a connection that has just been loaded from the configuration. */
  begin({ conn, policy, ref }: Entry): void {
    if (!policy) return;
    if (conn.auto === 'ondemand' || conn.auto === 'keep') ref.tell({ t: 'route' });
    if (conn.auto === 'start') ref.tell({ t: 'initiate' });
  }

  #enter(conn: Conn, policy: Policy | undefined, side: 'left' | 'right' | undefined, template?: Entry): Entry {
    const { world, ikePort } = this.#options;
    const name = policy?.instance === undefined ? conn.name : `${conn.name}[${policy.instance}]`;
    const us = side && conn[side];
    const actor = new ConnectionActor(world, conn.name, policy, us?.ikeport ?? ikePort, conn.keyingtries);
    const entry: Entry = {
      serial: ++this.#serial,
      conn,
      ref: world.spawn('connections', name, actor),
      ...(side ? { side } : {}),
      ...(policy ? { policy, peer: peerKey(policy) } : {}),
      ...(template ? { template } : {}),
    };
    world.registry.add(entry);
    if (policy) this.#byReqid.set(policy.child.reqid, entry);
    return entry;
  }

  /** Multiples of four, as libreswan has them: one each for ESP, AH and IPComp. */
  #freshReqid(): number {
    const reqid = this.#nextReqid;
    this.#nextReqid += 4;
    return reqid;
  }

  #orientation(conn: Conn): { side: 'left' | 'right'; localHost: Address } | undefined {
    const interfaces = this.#options.interfaces();
    const side = orient(
      conn,
      interfaces.map((i) => i.address),
      new Set(interfaces.map((i) => i.name)),
    );
    if (!side) return undefined;
    const { host } = conn[side];
    const localHost = this.#ownAddress(host, conn.hostFamily ?? 4);
    return localHost && { side, localHost };
  }

  #ownAddress(host: Conn['left']['host'], family: 4 | 6): Address | undefined {
    if (host.t === 'address') return host.address;
    if (host.t === 'defaultroute') return this.#options.defaultRoute(family);
    if (host.t === 'interface')
      return this.#options.interfaces().find((i) => i.name === host.name && i.address.family === family)?.address;
    return undefined;
  }
}

const hostText = ({ host }: Conn['left']) =>
  host.t === 'address' ? `${host.address}` : host.t === 'name' || host.t === 'interface' ? host.name : `%${host.t}`;
