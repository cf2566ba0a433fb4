/** The machine's addresses, as rtnetlink(7) has them: also of links whose carrier is not up yet, which libuv leaves out. */

import type { SystemFault } from './fault.ts';
import { attributeOf, attributesOf, NETLINK, Netlink, type NetlinkMessage, NLM_F } from './netlink.ts';
import { isLittleEndian } from './netlink-writer.ts';

export interface LocalAddress {
  readonly interface: string;
  readonly ifindex: number;
  /** 4 or 16 octets. */
  readonly address: Uint8Array;
  /** Means something on its own link only. */
  readonly isLinkLocal: boolean;
}

const RTM = { newLink: 16, getLink: 18, newAddress: 20, getAddress: 22 } as const;
const SIZE_OF = { ifinfomsg: 16, ifaddrmsg: 8 } as const;
const IFLA_IFNAME = 3;
const IFA = { address: 1, local: 2 } as const;
const SCOPE_LINK = 253;

/** Every address of every link, loopback included. */
export function localAddresses(): readonly LocalAddress[] | SystemFault {
  const netlink = Netlink.open(NETLINK.route);
  if ('errno' in netlink) return netlink;
  try {
    const links = netlink.ask((to) => void to.begin(RTM.getLink, NLM_F.dump).zeros(SIZE_OF.ifinfomsg).end());
    if ('errno' in links) return links;
    const found = netlink.ask((to) => void to.begin(RTM.getAddress, NLM_F.dump).zeros(SIZE_OF.ifaddrmsg).end());
    if ('errno' in found) return found;
    const names = new Map(links.filter((m) => m.type === RTM.newLink).map(nameOfLink));
    return found.filter((m) => m.type === RTM.newAddress).flatMap((m) => addressOf(m, names));
  } finally {
    netlink.close();
  }
}

function nameOfLink({ body }: NetlinkMessage): readonly [number, string] {
  const name = attributeOf(body, SIZE_OF.ifinfomsg, IFLA_IFNAME);
  const text = name ? Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString('latin1') : '';
  return [body.getInt32(4, isLittleEndian), text.replace(/\0.*$/, '')];
}

function addressOf({ body }: NetlinkMessage, names: ReadonlyMap<number, string>): LocalAddress[] {
  const attributes = new Map(attributesOf(body, SIZE_OF.ifaddrmsg));
  // On a point-to-point link IFA_ADDRESS is the other end.
  const value = attributes.get(IFA.local) ?? attributes.get(IFA.address);
  if (!value) return [];
  const ifindex = body.getUint32(4, isLittleEndian);
  const address = new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
  return [
    { interface: names.get(ifindex) ?? `${ifindex}`, ifindex, address, isLinkLocal: body.getUint8(3) === SCOPE_LINK },
  ];
}
