/**
 * What handshakes cost the main thread of a responder, their key exchanges left out. They are held once between two
 * houses; what the responder was sent, and what its helpers said, is then played to one that is new and throws the same
 * dice, so that nothing else is in the figure:
 *
 *     recorded:   clients ──wire──► gateway ──jobs──► OpenSSL
 *     staged:     the same datagrams ──► a gateway ──jobs──► the same answers
 */
import { NO_CREDENTIALS } from '../actors/credentials.ts';
import { TestClock } from '../actors/runtime/index.ts';
import type { Conn } from '../conf/conn.ts';
import type { FileSystem, OctetFiles } from '../conf/file-system.ts';
import { loadConfig } from '../conf/load.ts';
import { loadSecrets } from '../conf/secrets.ts';
import type { JobResult } from '../ike/crypto/job.ts';
import type { Datagram } from '../ike/effects.ts';
import { Address } from '../net/address.ts';
import { House } from './house.ts';
import { Wire } from './wire.ts';

export interface Recording {
  readonly handshakes: number;
  /** As they came to the gateway. */
  readonly datagrams: readonly Datagram[];
  /** In the order of its jobs. */
  readonly results: readonly JobResult[];
}

/** Handshakes that are under way at once, as with a burst. */
const AT_ONCE = 32;
/** More would need another second octet. */
const MOST = 60_000;

/** Road warriors with a secret and an address of a pool, each a tunnel. */
export function recordHandshakes(handshakes: number): Recording {
  if (handshakes > MOST) throw new RangeError(`at most ${MOST} handshakes`);
  const clock = new TestClock();
  const wire = new Wire(clock);
  const results: JobResult[] = [];
  const datagrams: Datagram[] = [];
  const gateway = gatewayAt(clock, wire);
  gateway.onJob = (_, result) => void results.push(copyOf(result));
  // One by one, as they will be played: the order of the dice is part of it.
  const arrived: Datagram[] = [];
  wire.connect(GATEWAY, { receive: (datagram) => void arrived.push(datagram) });
  const peers = Array.from({ length: handshakes }, (_, i) => `10.${100 + (i >> 8)}.${i & 255}.1`);
  const [first, ...others] = peers.map((text, i) => ({ name: `eth${i}`, address: Address.parse(text)! }));
  const clients = new House('clients', clock, wire, {
    interfaces: [first, ...others],
    secrets: SECRETS,
    credentials: NO_CREDENTIALS,
  });
  const entries = conns(peers.map(client).join('')).map((conn) => added(clients, conn));
  for (let i = 0; i < entries.length; i += AT_ONCE) {
    for (const { ref } of entries.slice(i, i + AT_ONCE)) ref.tell({ t: 'initiate' });
    clock.settle();
    for (let datagram = arrived.shift(); datagram; datagram = arrived.shift()) {
      datagrams.push({ ...datagram, bytes: Uint8Array.from(datagram.bytes) });
      gateway.receive(datagram);
      clock.settle();
    }
  }
  check(gateway, handshakes);
  return { handshakes, datagrams, results };
}

/** A gateway that has not heard of any of it. The returned function plays it all, once, and is what is to be measured. */
export function stageHandshakes({ handshakes, datagrams, results }: Recording): () => void {
  const clock = new TestClock();
  const gateway = gatewayAt(clock, new Wire(clock));
  const answers = results.map(copyOf);
  let next = 0;
  gateway.computes = () => answers[next++];
  const packets = datagrams.map((datagram) => ({ ...datagram, bytes: Uint8Array.from(datagram.bytes) }));
  return () => {
    for (const packet of packets) {
      gateway.receive(packet);
      clock.settle();
    }
    check(gateway, handshakes);
  };
}

const GATEWAY = '192.0.2.2';
const IKE = 'ike=aes_gcm128-sha2_256-dh31\n\tesp=aes_gcm128\n\tauthby=secret\n';

function gatewayAt(clock: TestClock, wire: Wire): House {
  const house = new House('gateway', clock, wire, {
    interfaces: [{ name: 'eth0', address: Address.parse(GATEWAY)! }],
    secrets: SECRETS,
    credentials: NO_CREDENTIALS,
  });
  const pool = '\tleftsubnet=0.0.0.0/0\n\tright=%any\n\trightaddresspool=10.0.0.0/14\n';
  for (const conn of conns(`conn roads\n\tleft=${GATEWAY}\n\tleftid=@gateway\n${pool}\t${IKE}`)) added(house, conn);
  return house;
}

const client = (address: string, i: number): string =>
  `conn c${i}\n\tleft=${address}\n\tleftid=@c${i}\n\tleftmodecfgclient=yes\n\tright=${GATEWAY}\n\trightid=@gateway\n` +
  `\trightsubnet=0.0.0.0/0\n\t${IKE}`;

function added(house: House, conn: Conn) {
  const made = house.connections.add(conn);
  if ('why' in made) throw new Error(made.why);
  house.connections.begin(made.entry);
  return made.entry;
}

function check({ world, crashes }: House, handshakes: number): void {
  const { authenticated } = world.stats;
  if (authenticated === handshakes && world.sas.size === handshakes) return;
  throw new Error(
    `of ${handshakes} handshakes ${authenticated} went well, with ${world.sas.size} tunnels; ${crashes[0] ?? 'no crash'}`,
  );
}

/** Flat, as helpers send it; whoever gets it wipes it. */
const copyOf = (result: JobResult): JobResult => structuredClone(result);

const conns = (text: string): readonly Conn[] => {
  const { conns: found, problems } = loadConfig('/conf', file(text));
  const [wrong] = problems.filter(({ severity }) => severity === 'error');
  if (wrong) throw new Error(wrong.text);
  return found;
};

const file = (text: string): FileSystem & OctetFiles => ({
  read: () => ({ text, mode: 0o600 }),
  readOctets: () => ({ octets: new TextEncoder().encode(text), mode: 0o600 }),
  glob: () => [],
});

const SECRETS = loadSecrets('/secrets', file(': PSK "a secret that all of them have"\n')).secrets;
