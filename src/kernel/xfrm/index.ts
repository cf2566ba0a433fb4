/**
 * Opens the kernel's IPsec (NETLINK_XFRM).
 *
 *   port.ts ── plane.ts ── sa.ts, policy.ts, move.ts ── native/netlink ── kernel
 *                  ▲        (specs to messages)                             │
 *                  └──────────────── events.ts ◄── acquire, expire, mapping ┘
 */
import { attributeOf, NETLINK, Netlink } from '../../native/index.ts';
import { isLittleEndian } from '../../native/netlink-writer.ts';
import { Address } from '../../net/address.ts';
import { Selector } from '../../net/selector.ts';
import { isPlaneFault, planeFault } from '../describe.ts';
import type { OpenPlane, PlaneFault, SaSpec } from '../port.ts';
import { XfrmPlane } from './plane.ts';
import { writeSa, writeSaKey } from './sa.ts';
import { hashPolicies } from './spd-hash.ts';
import { SAD_INFO, SPD_INFO, XFRM_MSG } from './uapi.ts';

export const openXfrm: OpenPlane = (onEvent, warn) => {
  const netlink = Netlink.open(NETLINK.xfrm);
  if (isPlaneFault(netlink)) return explained(netlink);
  const plane = new XfrmPlane(netlink, onEvent, warn);
  const fault = probe(netlink, Address.fromBytes([127, 0, 0, 1])) ?? plane.listen();
  if (fault) {
    plane.close();
    return explained(fault);
  }
  const fault6 = probe(netlink, Address.fromBytes([...new Array(15).fill(0), 1]));
  if (fault6) warn(`no IPsec over IPv6 here: ${explained(fault6).why}`);
  const unhashed = hashPolicies(netlink);
  if (unhashed) warn(`policy hash thresholds stay as they are, many policies will be slow: ${unhashed.why}`);
  tellOfOthers(netlink, warn);
  return plane;
};

/** Whether the kernel takes an ESP SA at all: one that nothing can use, for the time of two calls. */
function probe(netlink: Netlink, nobody: Address): PlaneFault | undefined {
  const everything = Selector.ofAddress(nobody);
  const sa: SaSpec = {
    protocol: 'esp',
    src: nobody,
    dst: nobody,
    spi: 0x100,
    direction: 'in',
    mode: 'transport',
    reqid: 0,
    algorithms: { aead: { name: 'rfc4106(gcm(aes))', key: new Uint8Array(20), icvBits: 128 } },
    esn: false,
    replayWindow: 0,
    selectors: [{ src: everything, dst: everything }],
  };
  const [added] = netlink.tellAll(2, (to, i) =>
    i === 0 ? writeSa(to, XFRM_MSG.newSa, sa) : writeSaKey(to, XFRM_MSG.deleteSa, sa),
  );
  return added;
}

function explained(fault: PlaneFault): PlaneFault {
  const words: Readonly<Record<string, string>> = {
    EPROTONOSUPPORT: 'this kernel has no ESP (CONFIG_XFRM_USER, CONFIG_INET_ESP, CONFIG_INET6_ESP)',
    EPERM: 'the kernel’s IPsec needs root, or CAP_NET_ADMIN',
    // The cipher is looked up before the protocol.
    ENOSYS: 'this kernel has no ESP, or no AES-GCM for it (CONFIG_INET_ESP, CONFIG_INET6_ESP, CONFIG_CRYPTO_GCM)',
  };
  const meaning = words[fault.errno];
  return meaning ? planeFault(fault.errno, `${meaning}: ${fault.why}`) : fault;
}

/** What was here before us stays: it may be another daemon's. But whoever wonders should know. */
function tellOfOthers(netlink: Netlink, warn: (text: string) => void): void {
  const info = (type: number, attribute: number): DataView | undefined => {
    const replies = netlink.ask((to) => to.begin(type).u32(0xffffffff).end());
    return isPlaneFault(replies) ? undefined : replies[0] && attributeOf(replies[0].body, 4, attribute);
  };
  const sas = info(XFRM_MSG.getSadInfo, SAD_INFO.count)?.getUint32(0, isLittleEndian) ?? 0;
  const spd = info(XFRM_MSG.getSpdInfo, SPD_INFO.counts);
  const policies = [0, 4, 8].reduce((sum, at) => sum + (spd?.getUint32(at, isLittleEndian) ?? 0), 0);
  if (sas + policies > 0)
    warn(`this kernel already holds ${sas} SAs and ${policies} policies that are not ours; they stay`);
}
