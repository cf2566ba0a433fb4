/**
 * Keeps what must be protected from going past the TUN device: a table of ours in nftables, made anew in one
 * transaction when policies change.
 *
 *   prerouting    not by the device, not IKE or ESP to us:   in and fwd policies, best first: drop, or accept for `pass`
 *   postrouting   not by the device, not our mark:           out policies likewise
 *
 * So a packet that came in the clear but should have come through the tunnel is dropped before it is delivered or
 * forwarded (RFC 4301 §5.2), and none leaves in the clear where a route bypasses the device. The table stays when
 * the daemon is killed: tunnels fail closed, until the next daemon or `nft delete table inet pluto_ipsec0`.
 *
 * Why nftables: it sees where a packet came in, which the kernel's own IPsec policies do not for local IPv6 delivery;
 * reverse-path filtering is IPv4's alone and all interfaces'; Debian's kernels have it, and it works for root of a
 * user namespace. A prerouting hook cannot tell delivery from forwarding: in and fwd policies count for both.
 */
import { getSystemErrorName } from 'node:util';
import type { Endpoint } from '../../net/endpoint.ts';
import type { PolicySpec } from '../port.ts';
import {
  accept,
  addressIn,
  type Chain,
  countAndDrop,
  deleteTable,
  familyIs,
  icmpTypeFrom,
  iifIs,
  isFragment,
  markIs,
  oifIs,
  portIs,
  protocolIs,
  type Rule,
  replaceTable,
} from './nftables.ts';

const PRIORITY = { raw: -300, mangle: -150 };
const ESP = 50;
const UDP = 17;
const ICMP = 1;
const ICMP6 = 58;

export class Guard {
  readonly #device: string;
  readonly #mark: number;
  readonly #warn: (text: string) => void;
  #isLaid = false;
  #isRefused = false;

  constructor(device: string, mark: number, warn: (text: string) => void) {
    this.#device = device;
    this.#mark = mark;
    this.#warn = warn;
    // One that a killed daemon left stands for policies that nobody has any more.
    deleteTable(this.#table);
  }

  /** Makes the table what these policies need. `served`: where IKE listens. */
  follow(policies: readonly PolicySpec[], served: readonly Endpoint[]): void {
    if (policies.length === 0) return this.#remove();
    const sorted = policies.toSorted((a, b) => a.priority - b.priority);
    const out = sorted.filter((p) => p.direction === 'out');
    const incoming = sorted.filter((p) => p.direction !== 'out');
    const chains: readonly Chain[] = [
      {
        name: 'prerouting',
        hook: 'prerouting',
        priority: PRIORITY.raw,
        rules: [
          ...['lo', this.#device].map((name) => [...iifIs(name), accept()]),
          ...served.flatMap(toUs),
          neighbours(),
          ...incoming.flatMap(rulesFor),
        ],
      },
      {
        name: 'postrouting',
        hook: 'postrouting',
        priority: PRIORITY.mangle,
        rules: [
          ...['lo', this.#device].map((name) => [...oifIs(name), accept()]),
          [...markIs(this.#mark), accept()],
          neighbours(),
          ...out.flatMap(rulesFor),
        ],
      },
    ];
    const errno = replaceTable(this.#table, chains);
    this.#isLaid ||= errno === 0;
    if (errno === 0 || this.#isRefused) return;
    this.#isRefused = true;
    this.#warn(
      `nftables refused (${getSystemErrorName(-errno)}): packets that come in the clear are not dropped where a ` +
        `policy says to protect them, and traffic led past ${this.#device} leaves unprotected`,
    );
  }

  close(): void {
    this.#remove();
  }

  get #table() {
    return `pluto_${this.#device}`;
  }

  #remove(): void {
    if (this.#isLaid) deleteTable(this.#table);
    this.#isLaid = false;
  }
}

/** IKE, ESP in UDP and ESP: what carries tunnels need not come through one. */
function toUs({ address, port }: Endpoint): Rule[] {
  const here = [
    ...familyIs(address.family),
    ...(address.isAny ? [] : addressIn('dst', address.toBytes(), address.bits)),
  ];
  return [
    [...here, ...protocolIs(UDP), ...portIs('dst', port, false), accept()],
    [...here, ...protocolIs(ESP), accept()],
  ];
}

/** IPv6 neighbour and router discovery, which no router forwards (RFC 4861 §6.1, §7.1): without it there is no link. */
const neighbours = (): Rule => [...protocolIs(ICMP6), ...icmpTypeFrom(133, 137), accept()];

function rulesFor(policy: PolicySpec): Rule[] {
  const { src, dst, protocol, srcPort, dstPort } = policy;
  const verdict = policy.action === 'pass' ? [accept()] : countAndDrop();
  const base = [
    ...familyIs(src.family),
    ...addressIn('src', src.address.toBytes(), src.prefix),
    ...addressIn('dst', dst.address.toBytes(), dst.prefix),
    ...(protocol === 0 ? [] : protocolIs(protocol)),
  ];
  if (srcPort === undefined && dstPort === undefined) return [[...base, ...verdict]];
  const isIcmp = protocol === ICMP || protocol === ICMP6;
  const ports = [
    ...(srcPort === undefined ? [] : portIs('src', srcPort, isIcmp)),
    ...(dstPort === undefined ? [] : portIs('dst', dstPort, isIcmp)),
  ];
  const rule = [...base, ...ports, ...verdict];
  // A fragment that shows no ports may belong to what is protected.
  return policy.action === 'pass' ? [rule] : [rule, [...base, ...isFragment(src.family), ...verdict]];
}
