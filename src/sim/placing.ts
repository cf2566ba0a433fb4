/**
 * Which end of its connection each of two hosts is, and at what address: a file is written for the host that has it,
 * and says of the other only what that one is expected to be. A file that both hosts have fits too.
 */
import type { Conn, HostSpec } from '../conf/conn.ts';
import { Address, type Family } from '../net/address.ts';
import type { EndReport, Name } from './report.ts';

export type Side = 'left' | 'right';

export interface Place {
  readonly side: Side;
  readonly address: Address;
  readonly from: EndReport['addressFrom'];
  /** Where the other host sends to; differs from `address` behind a NAT, and where a file is wrong. */
  readonly expectedAt: Address | undefined;
  /** `left=%eth1`. */
  readonly interface: string;
}

export interface Placing {
  readonly a: Place;
  readonly b: Place;
  /** The higher the more of both files agrees. */
  readonly score: number;
  /** Both addresses are what the other file expects, or it takes anybody. */
  readonly isSound: boolean;
  /** The other way round would do as well. */
  readonly isAmbiguous: boolean;
}

export interface PlacingOptions {
  readonly addresses: { readonly a: Address | undefined; readonly b: Address | undefined };
  /** The host behind a NAT: its address may be another one than the other host sees. */
  readonly nat: Name | undefined;
}

/** The placing that agrees most; the ends as they stand (left is A) where several do. Undefined: neither end can be. */
export function place(a: Conn, b: Conn, options: PlacingOptions): Placing | undefined {
  const all = SIDES.flatMap(([ofA, ofB]) => {
    const placing = placeAt(a, ofA, b, ofB, options);
    return placing ? [placing] : [];
  }).toSorted((x, y) => y.score - x.score);
  const [best, second] = all;
  return best && { ...best, isAmbiguous: second?.score === best.score };
}

const SIDES: readonly (readonly [Side, Side])[] = [
  ['left', 'right'],
  ['left', 'left'],
  ['right', 'right'],
  ['right', 'left'],
];

function placeAt(a: Conn, ofA: Side, b: Conn, ofB: Side, { addresses, nat }: PlacingOptions) {
  const otherOf = (side: Side): Side => (side === 'left' ? 'right' : 'left');
  const family = familyOf(a) ?? familyOf(b) ?? 4;
  const one = (own: HostSpec, expected: HostSpec, option: Address | undefined, isNatted: boolean, index: 0 | 1) =>
    placeOne(own, expected, option, isNatted, INVENTED[family][index]);
  const placeA = one(a[ofA].host, b[otherOf(ofB)].host, addresses.a, nat === 'A', 0);
  const placeB = one(b[ofB].host, a[otherOf(ofA)].host, addresses.b, nat === 'B', 1);
  if (!placeA || !placeB || (placeA.score === 0 && placeB.score === 0)) return undefined;
  if (placeA.address.equals(placeB.address) || placeA.address.family !== placeB.address.family) return undefined;
  return {
    a: { ...placeA, side: ofA },
    b: { ...placeB, side: ofB },
    score: placeA.score + placeB.score,
    isSound: placeA.score > 0 && placeB.score > 0,
    isAmbiguous: false,
  };
}

/** `own`: what a host's file says of itself; `expected`: what the other's says of it. */
function placeOne(
  own: HostSpec,
  expected: HostSpec,
  option: Address | undefined,
  isNatted: boolean,
  invented: Address,
) {
  const isFlexible = own.t === 'defaultroute' || own.t === 'interface';
  if (own.t !== 'address' && !isFlexible) return undefined;
  if (expected.t !== 'address' && expected.t !== 'any') return undefined;
  if (own.t === 'address' && option && !own.address.equals(option)) return undefined;
  const expectedAt = expected.t === 'address' ? expected.address : undefined;
  const found = settle(own, option, isNatted ? undefined : expectedAt, invented);
  const isSame = expectedAt?.equals(found.address) ?? false;
  const score = isSame ? (own.t === 'address' ? 3 : 2) : !expectedAt || isNatted ? 1 : 0;
  return { ...found, expectedAt, score, interface: own.t === 'interface' ? own.name : 'eth0' };
}

function settle(
  own: HostSpec,
  option: Address | undefined,
  expectedAt: Address | undefined,
  invented: Address,
): Pick<Place, 'address' | 'from'> {
  if (own.t === 'address') return { address: own.address, from: 'file' };
  if (option) return { address: option, from: 'option' };
  return expectedAt ? { address: expectedAt, from: 'peer' } : { address: invented, from: 'invented' };
}

function familyOf({ left, right, hostFamily }: Conn): Family | undefined {
  for (const { host } of [left, right]) if (host.t === 'address') return host.address.family;
  return hostFamily;
}

const addresses = (...texts: string[]) => texts.map((text) => Address.parse(text)!);
/** For hosts that may be anywhere: addresses for documentation, RFC 5737 and RFC 3849. */
const INVENTED = {
  4: addresses('198.51.100.1', '198.51.100.2'),
  6: addresses('2001:db8:a::1', '2001:db8:b::1'),
} as const;
