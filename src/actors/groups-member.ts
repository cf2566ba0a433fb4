/** The connection that a line of a policy group makes: `private#10.0.0.0/8`, the group's but for whom it is for. */
import { isGroup } from '../conf/build-pair.ts';
import { type Conn, type End, selectorsOf } from '../conf/conn.ts';
import { type GroupLine, lineName } from '../conf/groups.ts';
import type { ChildPolicy, Policy } from '../ike/policy.ts';
import { Address } from '../net/address.ts';
import { Selector } from '../net/selector.ts';
import { Subnet } from '../net/subnet.ts';
import { derived } from './derived.ts';
import { Entry, type EntryParts } from './entry.ts';

export class Member extends Entry {
  readonly group: Entry;
  readonly line: GroupLine;
  readonly localHost: Address;

  constructor(group: Entry, line: GroupLine, localHost: Address, parts: EntryParts) {
    super(parts);
    this.group = group;
    this.line = line;
    this.localHost = localHost;
  }
}

/**
 * What a group says of its lines, for a policy to be made of it: the peer of `%opportunisticgroup` is whoever the
 * packets go to, that of `%group` may be anywhere.
 */
export function faceOf(conn: Conn): Conn {
  if (!isGroup(conn.left.host.t) && !isGroup(conn.right.host.t)) return conn;
  const known = (end: End): End => {
    if (end.host.t === 'opportunisticgroup') return { ...end, host: OPPORTUNISTIC };
    return end.host.t === 'group' ? { ...end, host: ANYBODY, subnets: NO_TRAFFIC } : end;
  };
  return { ...conn, left: known(conn.left), right: known(conn.right) };
}

const OPPORTUNISTIC = Object.freeze({ t: 'opportunistic' } as const);
const ANYBODY = Object.freeze({ t: 'any' } as const);
/** A range that ends before it begins: a group has none of its own beside its lines'. */
const NO_TRAFFIC: readonly Selector[] = Object.freeze([new Selector(Subnet.all(4).last, Address.any(4))]);

/** The ends of a line: `net` and its protocol for the peer, the protocol and our port for us. */
export function connOf(face: Conn, side: 'left' | 'right', line: GroupLine): Conn {
  const other = side === 'left' ? 'right' : 'left';
  const { net, protocol, ourPort, theirPort } = line;
  const us = face[side];
  const theirs = Selector.ofSubnet(net, protocol, ...portsOf(theirPort));
  return derived(face, {
    name: memberName(face.name, line),
    [side]: protocol === 0 ? us : withProtocol(us, protocol, ourPort),
    [other]: Object.freeze({ ...face[other], subnets: Object.freeze([theirs]) }),
  });
}

export const memberName = (group: string, line: GroupLine): string => `${group}#${lineName(line)}`;

function withProtocol(end: End, protocol: number, port: number): End {
  const subnets = end.subnets.map((s) => new Selector(s.start, s.end, protocol, ...portsOf(port)));
  return Object.freeze({
    ...end,
    subnets: Object.freeze(subnets),
    protoport: Object.freeze({ protocol, port, wildcard: false }),
  });
}

const portsOf = (port: number): readonly [number, number] => [port, port === 0 ? 65535 : port];

/** The group's policy for one of its lines. */
export function policyFor(face: Policy, conn: Conn, side: 'left' | 'right', reqid: number): Policy {
  const them = side === 'left' ? conn.right : conn.left;
  const child: ChildPolicy = Object.freeze({
    ...face.child,
    local: face.localHost ? selectorsOf(conn[side], face.localHost) : face.child.local,
    remote: them.host.t === 'opportunistic' ? face.child.remote : them.subnets,
    reqid,
  });
  return Object.freeze({ ...face, name: conn.name, child });
}
