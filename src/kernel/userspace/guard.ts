/**
 * Keeps what must be protected from going past the TUN device: a table of ours in nftables, a policy's rules added and
 * removed in one transaction.
 *
 *   prerouting    not by the device, not IKE or ESP to us:   in and fwd policies, best first: drop, or accept for `pass`
 *   postrouting   not by the device, not our mark:           out policies likewise
 *
 * So a packet that came in the clear but should have come through the tunnel is dropped before it is delivered or
 * forwarded (RFC 4301 §5.2), and none leaves in the clear where a route bypasses the device. The table stays when
 * the daemon is killed: tunnels fail closed, until the next daemon or `nft delete table inet pluto_ipsec0`. Where
 * somebody has flushed it away, it comes back with the next change of a policy.
 *
 * Why nftables: it sees where a packet came in, which the kernel's own IPsec policies do not for local IPv6 delivery;
 * reverse-path filtering is IPv4's alone and all interfaces'; Debian's kernels have it, and it works for root of a
 * user namespace. A prerouting hook cannot tell delivery from forwarding: in and fwd policies count for both.
 */
import { getSystemErrorName } from 'node:util';
import type { Endpoint } from '../../net/endpoint.ts';
import type { PolicyKey, PolicySpec } from '../port.ts';
import {
  accept,
  addRule,
  addressIn,
  type Chain,
  countAndDrop,
  familyIs,
  icmpTypeFrom,
  iifIs,
  isFragment,
  jump,
  layTable,
  type Message,
  markIs,
  oifIs,
  portIs,
  protocolIs,
  type Rule,
  removeRule,
  removeTable,
  replaceRules,
  transact,
} from './nftables.ts';

/** The chain of what may come in the clear because it is the tunnels themselves. */
const SERVED = 'served';
const PRIORITY = { raw: -300, mangle: -150 };
const ESP = 50;
const UDP = 17;
const ICMP = 1;
const ICMP6 = 58;

/** A policy's rules in a chain. */
interface Entry {
  readonly key: string;
  readonly policy: PolicySpec;
  handles: readonly number[];
}

type ChainName = 'prerouting' | 'postrouting';

const CHAINS: readonly ChainName[] = ['prerouting', 'postrouting'];
/** The table or a rule is not there any more: somebody has said `nft flush ruleset`. */
const ENOENT = 2;

export class Guard {
  readonly #table: string;
  readonly #device: string;
  readonly #mark: number;
  readonly #warn: (text: string) => void;
  /** In the order of their rules. */
  readonly #entries: Record<ChainName, Entry[]> = { prerouting: [], postrouting: [] };
  readonly #served = new Map<string, Endpoint>();
  #isRefused = false;

  /** Lays the table, over one that a killed daemon may have left for policies that nobody has any more. */
  constructor(device: string, mark: number, warn: (text: string) => void) {
    this.#table = `pluto_${device}`;
    this.#device = device;
    this.#mark = mark;
    this.#warn = warn;
    this.clear();
  }

  /** Adds the policy's rules, in the place of those under the same key. */
  put(key: string, policy: PolicySpec): void {
    const chain = chainOf(policy);
    const entries = this.#entries[chain];
    const old = entries.findIndex((entry) => entry.key === key);
    const next = entries.find((entry) => entry.policy.priority > policy.priority && entry.key !== key);
    const place = (handles: readonly number[]) => {
      if (old >= 0) entries.splice(old, 1);
      entries.splice(next ? entries.indexOf(next) : entries.length, 0, { key, policy, handles });
    };
    const handles = this.#transact([
      ...rulesFor(policy).map((rule) => addRule(this.#table, chain, rule, next?.handles[0])),
      ...(old < 0 ? [] : entries[old].handles.map((handle) => removeRule(this.#table, chain, handle))),
    ]);
    if (handles !== 'gone') return handles && place(handles);
    place([]);
    this.#layAgain();
  }

  remove(key: string, policy: PolicyKey): void {
    const chain = chainOf(policy);
    const at = this.#entries[chain].findIndex((entry) => entry.key === key);
    if (at < 0) return;
    const [entry] = this.#entries[chain].splice(at, 1);
    this.#tell(entry.handles.map((handle) => removeRule(this.#table, chain, handle)));
  }

  /** IKE listens there: it and ESP may come in the clear. */
  serve(local: Endpoint): void {
    this.#served.set(`${local}`, local);
    this.#tell(replaceRules(this.#table, SERVED, [...this.#served.values()].flatMap(toUs)));
  }

  unserve(local: Endpoint): void {
    this.#served.delete(`${local}`);
    this.#tell(replaceRules(this.#table, SERVED, [...this.#served.values()].flatMap(toUs)));
  }

  /** Without any policy. */
  clear(): void {
    this.#entries.prerouting.length = this.#entries.postrouting.length = 0;
    this.#lay();
  }

  close(): void {
    this.#transact(removeTable(this.#table));
  }

  /** The table anew, with the rules of all policies. */
  #lay(): void {
    const chains: readonly Chain[] = [
      { name: SERVED, rules: [...this.#served.values()].flatMap(toUs) },
      {
        name: 'prerouting',
        hook: 'prerouting',
        priority: PRIORITY.raw,
        rules: [...['lo', this.#device].map((name) => [...iifIs(name), accept()]), [jump(SERVED)], neighbours()],
      },
      {
        name: 'postrouting',
        hook: 'postrouting',
        priority: PRIORITY.mangle,
        rules: [
          ...['lo', this.#device].map((name) => [...oifIs(name), accept()]),
          [...markIs(this.#mark), accept()],
          neighbours(),
        ],
      },
    ];
    const entries = CHAINS.flatMap((chain) => this.#entries[chain].map((entry) => ({ chain, entry })));
    const laid = entries.map(({ chain, entry: { policy } }) =>
      rulesFor(policy).map((rule) => addRule(this.#table, chain, rule)),
    );
    const handles = this.#transact([...layTable(this.#table, chains), ...laid.flat()]);
    if (!handles || handles === 'gone') return;
    let at = 0;
    for (const [i, { entry }] of entries.entries()) {
      entry.handles = handles.slice(at, at + laid[i].length);
      at += laid[i].length;
    }
  }

  #layAgain(): void {
    this.#warn(`the nftables table ${this.#table} was changed by somebody else; it is laid again`);
    this.#lay();
  }

  #tell(messages: readonly Message[]): void {
    if (this.#transact(messages) === 'gone') this.#layAgain();
  }

  #transact(messages: readonly Message[]): readonly number[] | 'gone' | undefined {
    const answer = this.#isRefused ? undefined : transact(messages);
    if (typeof answer !== 'number') return answer;
    if (answer === ENOENT) return 'gone';
    // Half a guard would be no better: nothing more is tried.
    this.#isRefused = true;
    this.#warn(
      `nftables refused (${getSystemErrorName(-answer)}): packets that come in the clear are not dropped where a ` +
        `policy says to protect them, and traffic led past ${this.#device} leaves unprotected`,
    );
    return undefined;
  }
}

const chainOf = ({ direction }: PolicyKey): ChainName => (direction === 'out' ? 'postrouting' : 'prerouting');

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
