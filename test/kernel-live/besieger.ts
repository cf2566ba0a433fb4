/**
 * Sends datagrams to a daemon's ports, as a process in a namespace of its own. Takes a line of JSON on its command
 * line; says when it has begun, and how many it has sent when all are.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { UdpSocket } from '../../src/native/index.ts';
import { Address } from '../../src/net/address.ts';
import { mutated } from '../fuzz/mutate.ts';
import { Dice } from '../ike/v2/dice.ts';

export interface Siege {
  readonly from: string;
  readonly to: string;
  /** `wounded`: of everything something; `first`: sound first messages, each of another initiator. */
  readonly kind: 'wounded' | 'first';
  readonly count: number;
  readonly seed: number;
  /** Sound datagrams in hex, the first message first. */
  readonly corpus: readonly string[];
}

/** A hundredth of a second's worth: what the daemon's sockets hold between two looks. */
const AT_ONCE = 250;

const siege = JSON.parse(process.argv[2]) as Siege;
const octets = (text: string) => {
  const address = Address.parse(text);
  if (!address) throw new Error(`no address: ${text}`);
  return address.toBytes();
};
const dice = new Dice(siege.seed);
const corpus = siege.corpus.map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
const marker = new Uint8Array(4);

const socket = UdpSocket.open({
  address: octets(siege.from),
  port: 0,
  onPackets: () => undefined,
  onError: () => undefined,
});
if ('errno' in socket) throw new Error(socket.why);

const to = octets(siege.to);
for (let sent = 0; sent < siege.count; sent++) {
  if (sent % AT_ONCE === 0) await pause(10);
  if (sent === 1_000) process.stdout.write('begins\n');
  const port = dice.pick([500, 4500]);
  const bytes = siege.kind === 'first' ? firstMessage() : wounded();
  const isMarked = port === 4500 && (siege.kind === 'first' || dice.next() < 0.7);
  socket.send(isMarked ? Buffer.concat([marker, bytes]) : bytes, to, port);
}
process.stdout.write(`sent ${siege.count}\n`);
socket.close();

function firstMessage(): Uint8Array {
  const bytes = Uint8Array.from(corpus[0]);
  bytes.set(dice.octets(8));
  return bytes;
}

function wounded(): Uint8Array {
  if (dice.next() < 0.1) return dice.octets(dice.below(2_000));
  if (dice.next() < 0.01) return new Uint8Array(60_000).fill(dice.below(256));
  return mutated(dice, dice.pick(corpus), corpus).subarray(0, 60_000);
}
