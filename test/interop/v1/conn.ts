/**
 * Connections of IKEv1 as data: a bed has many at once, between the same two daemons. What tells them apart when a
 * daemon responds is west's address: each has one of its own, and subnets of its own.
 */
import type { Proof, ProofPair } from '../proof.ts';
import type { Tunnel } from '../tunnel.ts';

export interface V1 {
  readonly conns: readonly Conn[];
}

export interface Conn {
  readonly name: string;
  /** West's address; the bed's unless said. */
  readonly west?: string;
  readonly subnets: Readonly<Record<Side, string>>;
  /** `3des-md5-modp1536`, as ipsec.conf spells it. */
  readonly ike: string;
  /** `aes128-sha1`; of AH the hash alone. */
  readonly esp: string;
  readonly protocol?: 'esp' | 'ah';
  /** The group of Quick Mode's own key exchange; none unless said. */
  readonly pfs?: string;
  readonly isAggressive?: boolean;
  readonly isTransport?: boolean;
  readonly compress?: boolean;
  /** Shared secrets unless said. */
  readonly proofs?: Readonly<Record<Side, Proof>>;
  /** Without the `@`; `west.test` and `east.test` unless said. */
  readonly ids?: Readonly<Record<Side, string>>;
  readonly secret?: string;
  /** Seconds between questions, and until who does not answer is given up. */
  readonly dpd?: { readonly delay: number; readonly timeout: number };
  /** Which forms of NAT traversal are spoken; both unless said, and strongSwan knows no other way. */
  readonly natForm?: 'rfc' | 'drafts' | 'none';
  readonly encapsulates?: boolean;
  /** Large messages in fragments even before the peer has said that it can put them together. */
  readonly fragments?: 'yes' | 'no' | 'force';
  readonly xauth?: Xauth;
  /** More lines for our conn, and for libreswan's. */
  readonly more?: readonly string[];
  readonly libreswan?: readonly string[];
}

/** West is the client, east the server, which leases the addresses of `pool`. */
export interface Xauth {
  readonly user: string;
  readonly password: string;
  /** As east knows it, if not the same. */
  readonly passwordAtEast?: string;
  readonly modeConfig: 'pull' | 'push';
  /** `10.9.0.1-10.9.0.9` */
  readonly pool: string;
  readonly dns?: string;
}

export type Side = 'west' | 'east';

export type Wish = Partial<Omit<Conn, 'name' | 'west'>> & Pick<Conn, 'name'>;

/** Gives each an address and subnets. `isOne`: the only one of its bed has the bed's own address. */
export const conns = (wishes: readonly Wish[]): readonly Conn[] =>
  wishes.map((wish, i) => ({ ...PLAIN, subnets: subnets(i), ...wish, west: `192.0.2.${20 + i}` }));

export const oneConn = (wish: Omit<Wish, 'name'> = {}): Conn => ({
  ...{ ...PLAIN, ...wish },
  ...{ name: 'net', subnets: { west: '10.1.0.0/24', east: '10.2.0.0/24' } },
});

/** What a bed's tunnel says besides its conns. */
export const v1Tunnel = (list: readonly Conn[]): Tunnel => ({ encryption: 'aes128', groups: [], v1: { conns: list } });

const PLAIN = { ike: 'aes128-sha2_256-modp2048', esp: 'aes128-sha2_256' } as const;
const subnets = (i: number) => ({ west: `10.101.${i}.0/24`, east: `10.102.${i}.0/24` });

const SECRET: Proof = { by: 'secret' };
export const proofOf = (conn: Conn, side: Side): Proof => conn.proofs?.[side] ?? SECRET;
export const idOf = (conn: Conn, side: Side): string => conn.ids?.[side] ?? `${side}.test`;
export const secretOf = (conn: Conn): string => conn.secret ?? 'correct horse battery staple';
export const otherSide = (side: Side): Side => (side === 'west' ? 'east' : 'west');

/** Each once. */
export function proofPairs({ conns }: V1, side: Side): readonly ProofPair[] {
  const pairs = conns.map((conn) => ({ me: proofOf(conn, side), peer: proofOf(conn, otherSide(side)) }));
  return [...new Map(pairs.map((pair) => [JSON.stringify(pair), pair])).values()];
}
