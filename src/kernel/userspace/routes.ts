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
  /** Outgoing policies by their destination. */
  readonly #out = new Map<string, Set<PolicySpec>>();
  /** Destinations of those that pass. */
  readonly #passed = new Map<string, Subnet>();

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

  /** `before` gives way to `after`; either may be absent. Policies of other directions than out are no matter. */
  change(before: PolicySpec | undefined, after: PolicySpec | undefined): SystemFault | undefined {
    if (before?.direction === 'out') this.#out.get(`${before.dst}`)?.delete(before);
    if (after?.direction === 'out') {
      const key = `${after.dst}`;
      this.#out.set(key, (this.#out.get(key) ?? new Set()).add(after));
      if (after.action === 'pass') this.#passed.set(key, after.dst);
    }
    let refused: SystemFault | undefined;
    for (const dst of [before?.dst, after?.dst]) refused = (dst && this.#settle(dst)) ?? refused;
    // What is caught decides whether what passes may be thrown.
    for (const dst of this.#passed.values()) refused = this.#settle(dst) ?? refused;
    return refused;
  }

  clear(): void {
    this.#out.clear();
    this.#passed.clear();
    for (const { dst } of [...this.#installed.values()]) this.#settle(dst);
  }

  close(): void {
    this.clear();
    for (const rule of this.#rules()) ruleDel(rule);
    this.#netlink.close();
  }

  /** Brings the route to `dst` in line with the policies. */
  #settle(dst: Subnet): SystemFault | undefined {
    const key = `${dst}`;
    const installed = this.#installed.get(key);
    const wanted = this.#wayTo(dst);
    if (this.#out.get(key)?.size === 0) this.#out.delete(key);
    if (!this.#out.has(key)) this.#passed.delete(key);
    if (wanted?.kind === installed?.kind) return undefined;
    if (installed) this.#tell(RTM.deleteRoute, 0, installed);
    this.#installed.delete(key);
    if (!wanted) return undefined;
    const fault = this.#tell(RTM.newRoute, NLM_F.create | NLM_F.replace, wanted);
    if (fault) return { ...fault, why: `route to ${dst}: ${fault.why}` };
    this.#installed.set(key, wanted);
    return undefined;
  }

  #wayTo(dst: Subnet): Way | undefined {
    const policies = [...(this.#out.get(`${dst}`) ?? [])];
    const caught = policies.filter(isCaught);
    if (caught.length > 0) return { dst, kind: 'device', src: sourceFor(caught) };
    const all = policies.length > 0 ? [...this.#out.values()].flatMap((set) => [...set].filter(isCaught)) : [];
    return policies.some((pass) => isSafeToThrow(pass, all)) ? { dst, kind: 'throw', src: undefined } : undefined;
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

const isCaught = ({ action }: PolicySpec): boolean => action !== 'pass';

/** An address of ours that the policies protect, for what is sent from here. */
function sourceFor(policies: readonly PolicySpec[]): Address | undefined {
  return ownAddresses().find((address) => policies.some(({ src }) => src.contains(address)));
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
  return parsed.filter((address) => !address.isLoopback);
}
