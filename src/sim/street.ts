/** Two houses and the wire between them, furnished from two files: what one negotiation is simulated in. */
import { hindranceOf, hindranceText } from '../actors/policy-of.ts';
import type { Entry } from '../actors/registry.ts';
import { TestClock } from '../actors/runtime/index.ts';
import type { Conn } from '../conf/conn.ts';
import { orient } from '../conf/orient.ts';
import type { SecretStore } from '../conf/secret-store.ts';
import type { Setup } from '../conf/setup.ts';
import type { Policy } from '../ike/policy.ts';
import { Address } from '../net/address.ts';
import { House } from './house.ts';
import { NatBox } from './nat-box.ts';
import { opposite, type Pair } from './pairing.ts';
import type { Place } from './placing.ts';
import { PretendedKeys, type SaidKeys, withoutCertificates } from './pretended.ts';
import { pretendedServices } from './pretended-eap.ts';
import type { Name, Run } from './report.ts';
import { Wire } from './wire.ts';
import { Wiretap } from './wiretap.ts';

/** ms from one host to the other. */
export const DELAY = 10;

export interface Street {
  readonly clock: TestClock;
  readonly wiretap: Wiretap;
  readonly log: Run['log'][number][];
  readonly ends: Readonly<Record<Name, End>>;
  /** Who is behind a NAT. */
  readonly nat: Name | undefined;
}

export interface End {
  readonly name: Name;
  readonly house: House;
  /** The connection that is simulated. */
  readonly entry: Entry;
  /** As its file says it, certificates and all. */
  readonly said: Conn;
  /** As the other end sees it. */
  readonly seenAt: Address;
  readonly ikev1Policy: Setup['ikev1Policy'];
}

export interface Furnishing {
  readonly conns: readonly Conn[];
  readonly secrets: SecretStore;
  /** Its own file of secrets has been read. */
  readonly hasSecrets: boolean;
  readonly ikev1Policy: Setup['ikev1Policy'];
}

/** Or what keeps the connection of one of them from being negotiated. */
export function street(
  pair: Pair,
  files: Readonly<Record<Name, Furnishing>>,
  nat: Name | undefined,
): Street | { readonly errors: readonly string[] } {
  const clock = new TestClock();
  const wire = new Wire(clock);
  wire.delay = DELAY;
  const wiretap = new Wiretap();
  const log: Run['log'][number][] = [];
  const { a, b } = pair.placing;
  const seen = { A: nat === 'A' ? outside(a) : a.address, B: nat === 'B' ? outside(b) : b.address };
  if (nat) wire.nat = new NatBox([nat === 'A' ? a.address : b.address], seen[nat]);
  wire.tap = (from, _to, bytes, arrives) =>
    wiretap.hear(clock.now(), from.address.equals(a.address) ? 'A' : 'B', bytes, arrives);

  const said = { A: saidKeys(pair, 'A'), B: saidKeys(pair, 'B') };
  const pretended = new PretendedKeys(said);
  const policies: Partial<Record<Name, Policy>> = {};
  const move = (name: Name, place: Place, conn: Conn, peer: Place) => {
    const { secrets, hasSecrets } = files[name];
    const other: Name = name === 'A' ? 'B' : 'A';
    const house = new House(name, clock, wire, {
      interfaces: [{ name: place.interface, address: place.address }],
      secrets,
      credentials: pretended.of(name, () => policies[other]?.theirs, hasSecrets ? secrets : undefined),
      keys: pretended.shelf,
      services: pretendedServices((callback) => clock.soon(callback)),
      ports: [conn[place.side].ikeport ?? 500],
    });
    house.onLine = (text) => log.push({ at: clock.now() / 1000, of: name, text });
    house.onJob = (job, result) => wiretap.learn(job, result);
    // One attempt is enough, and what follows it would only blur the picture.
    for (const one of neighbours(conn, files[name].conns, place, peer))
      house.connections.add({ ...withoutCertificates(one, place.side, expectedOf(pair, name)), keyingtries: 1 });
    // What would not be loaded is there to be compared; nobody gets in.
    house.world.switchboard.limits.ikev1 = files[name].ikev1Policy;
    const policy = house.world.registry.named(conn.name)?.policy;
    if (policy) policies[name] = policy;
    return house;
  };
  const houses = { A: move('A', a, pair.a, b), B: move('B', b, pair.b, a) };
  const known = (name: Name, id: Uint8Array) =>
    policies[name] && houses[name].world.registry.ppk(policies[name], id)?.secret;
  wiretap.ppk = (id) => known('A', id) ?? known('B', id);
  log.length = 0;
  const ends = {
    A: endOf('A', houses.A, pair.a, seen.A, files.A),
    B: endOf('B', houses.B, pair.b, seen.B, files.B),
  };
  const errors = [ends.A, ends.B].flatMap((end) => ('error' in end ? [end.error] : []));
  if ('error' in ends.A || 'error' in ends.B) return { errors };
  return { clock, wiretap, log, ends: { A: ends.A, B: ends.B }, nat };
}

/** What the files say of the keys of `name`. */
function saidKeys({ a, b, placing }: Pair, name: Name): SaidKeys {
  const { mine, other } =
    name === 'A'
      ? ({ mine: [a, placing.a], other: [b, placing.b] } as const)
      : ({ mine: [b, placing.b], other: [a, placing.a] } as const);
  return { own: mine[0][mine[1].side].keys, expected: other[0][opposite(other[1].side)].keys };
}

/** Whom the other file expects at the end of `name`. */
const expectedOf = ({ a, b, placing }: Pair, name: Name) =>
  (name === 'A' ? b[opposite(placing.b.side)] : a[opposite(placing.a.side)]).id;

/** The other connections of the file that the peer might be taken for: they are part of what happens. */
function neighbours(conn: Conn, all: readonly Conn[], place: Place, peer: Place): readonly Conn[] {
  const names = new Set([place.interface]);
  return all.filter((other) => {
    if (other === conn) return true;
    const side = orient(other, [place.address], names);
    if (!side || hindranceOf(other, side) !== undefined) return false;
    const { host } = other[side === 'left' ? 'right' : 'left'];
    return (
      host.t === 'any' ||
      (host.t === 'address' && [peer.address, peer.expectedAt].some((at) => at?.equals(host.address)))
    );
  });
}

function endOf(
  name: Name,
  house: House,
  conn: Conn,
  seenAt: Address,
  { ikev1Policy }: Furnishing,
): End | { readonly error: string } {
  const entry = house.world.registry.named(conn.name);
  if (entry?.policy) return { name, house, entry, said: conn, seenAt, ikev1Policy };
  const why = entry?.hindrance === undefined ? 'cannot be loaded' : hindranceText(entry.hindrance);
  return { error: `${name}: ${conn.file}:${conn.line}: conn ${conn.name}: ${why}` };
}

/** Where a NAT shows its host: where the other file expects it, else at an address of its own (RFC 5737, RFC 3849). */
const outside = ({ expectedAt, address }: Place): Address =>
  expectedAt ?? Address.parse(address.family === 4 ? '203.0.113.9' : '2001:db8:9::9')!;
