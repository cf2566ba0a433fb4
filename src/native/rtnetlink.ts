/**
 * Addresses, links, routes and policy rules. rtnetlink(7). Addresses are 4 or 16 octets. All calls share one socket,
 * opened at the first, in the network namespace of the process.
 */
import type { SystemFault } from './fault.ts';
import { attributeOf, NETLINK, Netlink, type NetlinkMessage, type NetlinkWriter, NLM_F } from './netlink.ts';
import { isLittleEndian } from './netlink-writer.ts';

export interface Route {
  readonly dst: Uint8Array;
  readonly prefix: number;
  /** The outgoing interface's index. */
  readonly oif?: number;
  readonly gateway?: Uint8Array;
  /** Preferred source address. */
  readonly src?: Uint8Array;
  /** `main` (254) unless told. */
  readonly table?: number;
  readonly metric?: number;
  readonly mtu?: number;
}

export interface Rule {
  readonly family: 4 | 6;
  readonly priority: number;
  readonly table: number;
  readonly fwmark?: number;
  readonly mask?: number;
  /** The rule holds for what does not match. */
  readonly invert?: boolean;
}

export interface Way {
  readonly oif: number;
  /** Our address towards the destination. */
  readonly src?: Uint8Array;
  readonly gateway?: Uint8Array;
}

const AF = { 4: 2, 6: 10 } as const;
const RTM = {
  newLink: 16,
  newAddress: 20,
  deleteAddress: 21,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newRule: 32,
  deleteRule: 33,
};
const RTA = { dst: 1, oif: 4, gateway: 5, priority: 6, prefsrc: 7, metrics: 8, table: 15 };
const RTAX_MTU = 2;
const FRA = { priority: 6, fwmark: 10, table: 15, fwmask: 16 };
const RT_TABLE_MAIN = 254;
const SIZE_OF_RTMSG = 12;

/** Adds a route, or replaces the one to the same destination, in the same table, of the same metric. */
export const routeAdd = (route: Route): SystemFault | undefined =>
  tell((to) => writeRoute(to, RTM.newRoute, NLM_F.create | NLM_F.replace, route));

export const routeDel = (route: Route): SystemFault | undefined =>
  tell((to) => writeRoute(to, RTM.deleteRoute, 0, route));

/** EEXIST if there is one like it. */
export const ruleAdd = (rule: Rule): SystemFault | undefined =>
  tell((to) => writeRule(to, RTM.newRule, NLM_F.create | NLM_F.exclusive, rule));

export const ruleDel = (rule: Rule): SystemFault | undefined => tell((to) => writeRule(to, RTM.deleteRule, 0, rule));

/** Brings an interface up, with an MTU if given. */
export const linkUp = (ifindex: number, mtu?: number): SystemFault | undefined =>
  tell((to) => {
    const IFF_UP = 1;
    const IFLA_MTU = 4;
    to.begin(RTM.newLink).zeros(4).u32(ifindex).u32(IFF_UP).u32(IFF_UP);
    if (mtu !== undefined) to.attribute(IFLA_MTU, (v) => v.u32(mtu));
    to.end();
  });

/** Gives an interface an address; IPv6 is usable at once, no other host having to be asked. */
export const addressAdd = (ifindex: number, address: Uint8Array, prefix: number): SystemFault | undefined =>
  tell((to) => {
    const IFA_F_NODAD = 2;
    const IFA = { address: 1, local: 2 };
    to.begin(RTM.newAddress, NLM_F.create | NLM_F.replace);
    to.u8(familyOf(address))
      .u8(prefix)
      .u8(address.length === 16 ? IFA_F_NODAD : 0)
      .u8(0)
      .u32(ifindex);
    to.attribute(IFA.local, (v) => v.bytes(address))
      .attribute(IFA.address, (v) => v.bytes(address))
      .end();
  });

/** Takes it away again; EADDRNOTAVAIL if it is not there. */
export const addressDel = (ifindex: number, address: Uint8Array, prefix: number): SystemFault | undefined =>
  tell((to) => {
    const IFA_LOCAL = 2;
    to.begin(RTM.deleteAddress).u8(familyOf(address)).u8(prefix).zeros(2).u32(ifindex);
    to.attribute(IFA_LOCAL, (v) => v.bytes(address)).end();
  });

/** Which way packets to `dst` would take; ENETUNREACH and its like where there is none. */
export function routeGet(dst: Uint8Array): Way | SystemFault {
  const netlink = shared();
  if ('errno' in netlink) return netlink;
  const replies = netlink.ask((to) => {
    to.begin(RTM.getRoute)
      .u8(familyOf(dst))
      .u8(dst.length * 8)
      .zeros(SIZE_OF_RTMSG - 2);
    to.attribute(RTA.dst, (v) => v.bytes(dst)).end();
  });
  return 'errno' in replies ? replies : wayOf(replies[0]);
}

function wayOf({ body }: NetlinkMessage): Way {
  const octets = (type: number) => {
    const value = attributeOf(body, SIZE_OF_RTMSG, type);
    return value && new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
  };
  const src = octets(RTA.prefsrc);
  const gateway = octets(RTA.gateway);
  return {
    oif: attributeOf(body, SIZE_OF_RTMSG, RTA.oif)?.getUint32(0, isLittleEndian) ?? 0,
    ...(src && { src }),
    ...(gateway && { gateway }),
  };
}

function writeRoute(to: NetlinkWriter, type: number, flags: number, route: Route): void {
  const { dst, prefix, oif, gateway, src, table = RT_TABLE_MAIN, metric, mtu } = route;
  const isDelete = type === RTM.deleteRoute;
  const RTPROT_STATIC = 4;
  const SCOPE = { universe: 0, link: 253, nowhere: 255 };
  const scope = isDelete ? SCOPE.nowhere : gateway || dst.length === 16 ? SCOPE.universe : SCOPE.link;
  const RTN_UNICAST = 1;
  to.begin(type, flags).u8(familyOf(dst)).u8(prefix).u8(0).u8(0);
  to.u8(0)
    .u8(isDelete ? 0 : RTPROT_STATIC)
    .u8(scope)
    .u8(isDelete ? 0 : RTN_UNICAST)
    .u32(0);
  to.attribute(RTA.dst, (v) => v.bytes(dst)).attribute(RTA.table, (v) => v.u32(table));
  if (oif !== undefined) to.attribute(RTA.oif, (v) => v.u32(oif));
  if (gateway) to.attribute(RTA.gateway, (v) => v.bytes(gateway));
  if (src) to.attribute(RTA.prefsrc, (v) => v.bytes(src));
  if (metric !== undefined) to.attribute(RTA.priority, (v) => v.u32(metric));
  if (mtu !== undefined) to.attribute(RTA.metrics, (v) => v.attribute(RTAX_MTU, (m) => m.u32(mtu)));
  to.end();
}

function writeRule(to: NetlinkWriter, type: number, flags: number, rule: Rule): void {
  const FR_ACT_TO_TBL = 1;
  const FIB_RULE_INVERT = 2;
  const { family, priority, table, fwmark, mask, invert = false } = rule;
  to.begin(type, flags)
    .u8(AF[family])
    .zeros(6)
    .u8(FR_ACT_TO_TBL)
    .u32(invert ? FIB_RULE_INVERT : 0);
  to.attribute(FRA.priority, (v) => v.u32(priority)).attribute(FRA.table, (v) => v.u32(table));
  if (fwmark !== undefined) to.attribute(FRA.fwmark, (v) => v.u32(fwmark));
  if (mask !== undefined) to.attribute(FRA.fwmask, (v) => v.u32(mask));
  to.end();
}

const familyOf = (address: Uint8Array): number => AF[address.length === 4 ? 4 : 6];

let socket: Netlink | undefined;

function shared(): Netlink | SystemFault {
  if (socket) return socket;
  const opened = Netlink.open(NETLINK.route);
  if (!('errno' in opened)) socket = opened;
  return opened;
}

function tell(write: (to: NetlinkWriter) => void): SystemFault | undefined {
  const netlink = shared();
  return 'errno' in netlink ? netlink : netlink.tell(write);
}
