/**
 * Leads traffic into the TUN device: a routing table of ours, looked up before `main` for all packets but those that
 * carry our mark (ESP and IKE, which must not come round again).
 *
 *   rule 220:   not fwmark MARK  lookup 220
 *   table 220:  10.0.2.0/24 dev ipsec0 src 10.0.1.1      one for each destination of a `protect` or `drop` policy
 *               throw 10.0.2.128/25                      `pass`, where that lets through nothing that is protected
 *
 * Routes know destinations only. Packets that come into the device by one and that no policy protects are sent on
 * by the engine, which knows policies whole.
 */
import { networkInterfaces } from 'node:os';
import { NETLINK, Netlink, NLM_F, ruleAdd, ruleDel, type SystemFault } from '../../native/index.ts';
import { Address } from '../../net/address.ts';
import type { Subnet } from '../../net/subnet.ts';
import type { PolicySpec } from '../port.ts';

export interface RoutesOptions {
  /** Of the TUN device. */
  readonly ifindex: number;
  /** What bears it is not led into the device. */
  readonly mark: number;
  /** Number of our table, and priority of our rule. */
  readonly table: number;
}

interface Way {
  readonly dst: Subnet;
  readonly kind: 'device' | 'throw';
  readonly src: Address | undefined;
}

const RTM = { newRoute: 24, deleteRoute: 25 };
const RTA = { dst: 1, oif: 4, prefsrc: 7, table: 15 };
const RTN = { device: 1, throw: 9 };
const SCOPE = { universe: 0, link: 253 };
const RTPROT_STATIC = 4;
const AF = { 4: 2, 6: 10 };

export class Routes {
  readonly #netlink: Netlink;
  readonly #options: RoutesOptions;
  readonly #installed = new Map<string, Way>();

  private constructor(netlink: Netlink, options: RoutesOptions) {
    this.#netlink = netlink;
    this.#options = options;
  }

  /** Lays the rules. */
  static open(options: RoutesOptions, warn: (text: string) => void): Routes | SystemFault {
    const netlink = Netlink.open(NETLINK.route);
    if ('errno' in netlink) return netlink;
    const routes = new Routes(netlink, options);
    for (const rule of routes.#rules()) {
      const fault = ruleAdd(rule);
      // A daemon that was killed left its rule behind: it is ours now.
      if (!fault || fault.errno === 'EEXIST') continue;
      if (rule.family === 4) {
        netlink.close();
        return { ...fault, why: `routing rule: ${fault.why}` };
      }
      warn(`no IPv6 routing rule (${fault.errno}): IPv6 traffic will not find its tunnels`);
    }
    return routes;
  }

  /** Makes the routes what these policies need. */
  follow(policies: Iterable<PolicySpec>): SystemFault | undefined {
    const wanted = waysFor([...policies]);
    let refused: SystemFault | undefined;
    for (const [key, way] of this.#installed) {
      if (wanted.get(key)?.kind === way.kind) continue;
      this.#tell(RTM.deleteRoute, 0, way);
      this.#installed.delete(key);
    }
    for (const [key, way] of wanted) {
      if (this.#installed.has(key)) continue;
      const fault = this.#tell(RTM.newRoute, NLM_F.create | NLM_F.replace, way);
      if (fault) refused ??= { ...fault, why: `route to ${way.dst}: ${fault.why}` };
      else this.#installed.set(key, way);
    }
    return refused;
  }

  close(): void {
    this.follow([]);
    for (const rule of this.#rules()) ruleDel(rule);
    this.#netlink.close();
  }

  #rules() {
    const { table, mark } = this.#options;
    const rule = { priority: table, table, fwmark: mark, mask: 0xffffffff, invert: true } as const;
    return [
      { ...rule, family: 4 },
      { ...rule, family: 6 },
    ] as const;
  }

  #tell(type: number, flags: number, { dst, kind, src }: Way): SystemFault | undefined {
    return this.#netlink.tell((to) => {
      const scope = kind === 'device' && dst.family === 4 ? SCOPE.link : SCOPE.universe;
      to.begin(type, flags).u8(AF[dst.family]).u8(dst.prefix).zeros(3);
      to.u8(RTPROT_STATIC).u8(scope).u8(RTN[kind]).u32(0);
      to.attribute(RTA.dst, (v) => v.bytes(dst.address.toBytes())).attribute(RTA.table, (v) =>
        v.u32(this.#options.table),
      );
      if (kind === 'device') {
        to.attribute(RTA.oif, (v) => v.u32(this.#options.ifindex));
        if (src) to.attribute(RTA.prefsrc, (v) => v.bytes(src.toBytes()));
      }
      to.end();
    });
  }
}

function waysFor(policies: readonly PolicySpec[]): Map<string, Way> {
  const ways = new Map<string, Way>();
  const out = policies.filter((p) => p.direction === 'out');
  const caught = out.filter((p) => p.action !== 'pass');
  const addresses = caught.length > 0 ? ownAddresses() : [];
  for (const policy of caught) {
    const key = policy.dst.toString();
    const src = ways.get(key)?.src ?? addresses.find((address) => policy.src.contains(address));
    ways.set(key, { dst: policy.dst, kind: 'device', src });
  }
  for (const policy of out) {
    const key = policy.dst.toString();
    if (policy.action !== 'pass' || ways.has(key) || !isSafeToThrow(policy, caught)) continue;
    ways.set(key, { dst: policy.dst, kind: 'throw', src: undefined });
  }
  return ways;
}

/** Whether every packet to the policy's destination passes, whatever else is said of it. */
function isSafeToThrow(pass: PolicySpec, caught: readonly PolicySpec[]): boolean {
  if (pass.protocol !== 0 || pass.srcPort !== undefined || pass.dstPort !== undefined) return false;
  // A narrower destination has a route of its own, which wins.
  const above = caught.filter((p) => p.dst.contains(pass.dst.address) && p.dst.prefix <= pass.dst.prefix);
  return above.length > 0 && above.every((p) => covers(pass.src, p.src) && pass.priority < p.priority);
}

const covers = (outer: Subnet, inner: Subnet): boolean => outer.prefix <= inner.prefix && outer.contains(inner.address);

function ownAddresses(): Address[] {
  const parsed = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map(({ address }) => Address.parse(address))
    .filter((address) => address !== undefined);
  // An address on loopback is none to be reached at, unless an operator has put it there.
  return parsed.filter((address) => !address.isLoopback);
}
