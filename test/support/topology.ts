/**
 * The networks that tests draw again and again.
 *
 *   pair       10.1.0.0/24 ─ west 192.0.2.1 ─────────────────────── 192.0.2.2 east ─ 10.2.0.0/24
 *              fd01::/64          2001:db8::1                   2001:db8::2          fd02::/64
 *
 *   natted     10.1.0.0/24 ─ west 192.168.7.2 ─ nat (masquerade) 192.0.2.9 ─ 192.0.2.2 east ─ 10.2.0.0/24
 */
import type { Tap } from './capture.ts';
import { configure, type Host, type Network, network } from './netns.ts';

export interface Side {
  readonly host: Host;
  /** The outer addresses. */
  readonly address: string;
  /** What the other end sees in its place: the router's, behind a NAT. */
  readonly seenAs: string;
  readonly address6: string;
  /** What lies behind, and this host's own address there. */
  readonly subnet: string;
  readonly subnet6: string;
  readonly inner: string;
  readonly inner6: string;
}

export interface Topology {
  readonly network: Network;
  readonly west: Side;
  readonly east: Side;
  /** Both ends of east's wire: what a capture there sees of west has passed the NAT, if there is one. */
  readonly wire: readonly Tap[];
}

const west = {
  address: '192.0.2.1',
  seenAs: '192.0.2.1',
  address6: '2001:db8::1',
  subnet: '10.1.0.0/24',
  subnet6: 'fd01::/64',
  inner: '10.1.0.1',
  inner6: 'fd01::1',
};
const east = {
  address: '192.0.2.2',
  seenAs: '192.0.2.2',
  address6: '2001:db8::2',
  subnet: '10.2.0.0/24',
  subnet6: 'fd02::/64',
  inner: '10.2.0.1',
  inner6: 'fd02::1',
};

/** The addresses of the pair. */
export const sides = { west, east };

/** Two hosts on one wire. Each routes everything to the other, so that a packet no policy caught would be seen. */
export async function pair(): Promise<Topology> {
  return build(async (net) => {
    const [w, e] = [await net.host('west'), await net.host('east')];
    await net.wire(
      { host: w, device: 'eth0', addresses: [`${west.address}/24`, `${west.address6}/64`] },
      { host: e, device: 'eth0', addresses: [`${east.address}/24`, `${east.address6}/64`] },
    );
    await behind(w, west, [`default via ${east.address}`, `default via ${east.address6}`]);
    await behind(e, east, [`default via ${west.address}`, `default via ${west.address6}`]);
    return { w, e, westSide: west, tap: { host: w, device: 'eth0' } };
  });
}

/** West behind a masquerading router: to east it has the router's address and a port that the router chose. */
export async function natted(): Promise<Topology> {
  return build(async (net) => {
    const [w, nat, e] = [await net.host('west'), await net.host('nat'), await net.host('east')];
    await net.wire(
      { host: w, device: 'eth0', addresses: ['192.168.7.2/24'] },
      { host: nat, device: 'in', addresses: ['192.168.7.1/24'] },
    );
    await net.wire(
      { host: nat, device: 'out', addresses: ['192.0.2.9/24'] },
      { host: e, device: 'eth0', addresses: [`${east.address}/24`] },
    );
    await nat.must(['nft', '-f', '-'], {
      input: `table ip nat {
        chain post {
          type nat hook postrouting priority srcnat
          oifname "out" masquerade random
        }
      }\n`,
    });
    await behind(w, west, ['default via 192.168.7.1']);
    // East has no way to west but back through the mapping.
    await behind(e, east, ['default via 192.0.2.9']);
    return {
      w,
      e,
      westSide: { ...west, address: '192.168.7.2', seenAs: '192.0.2.9' },
      tap: { host: nat, device: 'out' },
    };
  });
}

async function build(
  draw: (net: Network) => Promise<{ w: Host; e: Host; westSide: typeof west; tap: Tap }>,
): Promise<Topology> {
  const net = network();
  try {
    const { w, e, westSide, tap } = await draw(net);
    return {
      network: net,
      west: { host: w, ...westSide },
      east: { host: e, ...east },
      wire: [tap, { host: e, device: 'eth0' }],
    };
  } catch (error) {
    await net.close();
    throw error;
  }
}

async function behind(host: Host, side: typeof west, routes: readonly string[]): Promise<void> {
  await configure(host, [
    `addr add ${side.inner}/24 dev lo`,
    `addr add ${side.inner6}/64 dev lo`,
    ...routes.map((route) => `route add ${route}`),
  ]);
}
