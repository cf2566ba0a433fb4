/**
 * An IKE SA and wounded datagrams: what a stranger sends changes nothing and is not answered, what a peer that has
 * lost its mind sends is answered or ends the SA, and nothing ever throws.
 */
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { seal, sealedOctets } from '../../src/ike/crypto/protect.ts';
import { EXCHANGE, encodeProtectedPrefix } from '../../src/ike/wire/index.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import type { Dice } from '../ike/v2/dice.ts';
import type { Host, Running } from '../ike/v2/host.ts';
import { HANDSHAKE, type Pair, pair, upPair } from '../ike/v2/pair.ts';
import { WEST } from '../ike/v2/policies.ts';
import type { InFlight } from '../ike/v2/wire.ts';
import { rounds } from './fuzz.ts';
import { mutated } from './mutate.ts';
import { ikeChains, ikeDatagrams } from './seeds.ts';

/** All that an SA knows, and its timers. */
const stateOf = (host: Host): string =>
  inspect(
    [...host.sas.values()].map(({ sa, timers }) => [{ ...sa, policy: sa.policy.name }, [...timers]]),
    { depth: 6, maxArrayLength: null, maxStringLength: null, breakLength: Number.POSITIVE_INFINITY },
  );

const corpus = ikeDatagrams();

/** Half-open on both sides, the first message of IKE_AUTH on its way. */
function halfOpen(): { both: Pair; next: InFlight } {
  const both = pair();
  both.west.up();
  both.wire.expect(HANDSHAKE[0]);
  both.wire.expect(HANDSHAKE[1]);
  return { both, next: both.wire.hold(HANDSHAKE[2]) };
}

/** Wounds, but with the SPIs left in place more often than not: else nearly all of it is for nobody. */
function forged(dice: Dice, sound: Uint8Array): Uint8Array {
  const bytes = mutated(dice, sound, corpus);
  if (dice.next() < 0.9 && bytes.length >= 16) bytes.set(sound.subarray(0, 16));
  return bytes;
}

const isSame = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

test('a stranger changes nothing of an established SA', () => {
  const both = upPair();
  both.west.addChild('w-e');
  const next = both.wire.hold('CREATE_CHILD_SA { SA, Ni, KE, TSi, TSr } -->');
  const before = [stateOf(both.west), stateOf(both.east)];
  const sent = both.wire.sent.length;
  const answered = both.wire.sent.filter(({ isFromWest }) => isFromWest).map(({ bytes }) => bytes);
  rounds(2_000, (dice) => {
    const sound = dice.pick([next.bytes, ...answered]);
    const bytes = forged(dice, sound);
    if (answered.some((one) => isSame(one, bytes)) || isSame(next.bytes, bytes)) return;
    both.wire.deliver({ ...next, bytes, from: dice.pick([next.from, new Endpoint(WEST, 4711)]) });
    both.clock.flush();
    // A first message is new to everybody, and rightly begins an SA of its own.
    for (const running of [...both.east.sas.values()])
      if (running.sa.state !== 'established') endOf(both.east, running);
    both.wire.sent.length = sent;
    expect([stateOf(both.west), stateOf(both.east)]).toEqual(before);
  });
});

const endOf = (host: Host, running: Running) =>
  host.input(running, { t: 'command', command: { t: 'abandon', why: 'told' } });

test('a stranger changes nothing of a half-open SA that has keys', () => {
  const { both, next } = halfOpen();
  const before = stateOf(both.east);
  const sent = both.wire.sent.length;
  rounds(2_000, (dice) => {
    const bytes = forged(dice, next.bytes);
    if (isSame(bytes, next.bytes) || bytes[18] === EXCHANGE.IKE_SA_INIT) return;
    both.wire.deliver({ ...next, bytes });
    both.clock.flush();
    expect(stateOf(both.east)).toBe(before);
    expect(both.wire.sent.length).toBe(sent);
  });
  both.wire.deliver(next);
  both.clock.flush();
  both.wire.expect(HANDSHAKE[3]);
  expect(both.west.sa.state).toBe('established');
});

test('whatever answers our first message, nothing throws and every SA has an end', () => {
  rounds(400, (dice) => {
    const both = pair({ seed: 1 });
    both.west.up();
    both.wire.expect(HANDSHAKE[0]);
    const answer = both.wire.hold(HANDSHAKE[1]);
    for (let i = 0; i < 4; i++) {
      const bytes = mutated(dice, answer.bytes, corpus);
      if (bytes.length >= 8) bytes.set(answer.bytes.subarray(0, 8));
      both.wire.deliver({ ...answer, bytes });
      both.clock.flush();
    }
    for (const { sa, timers } of both.west.sas.values()) expect(timers.size, sa.state).toBeGreaterThan(0);
  });
});

test('whatever a first message is, nothing throws and every SA has an end', () => {
  const first = corpus[0];
  rounds(1_000, (dice) => {
    const both = pair({ seed: 1 });
    both.east.receive({
      local: new Endpoint(both.east.address, 500),
      peer: new Endpoint(WEST, 500),
      bytes: mutated(dice, first, corpus),
    });
    both.clock.flush();
    for (const { sa, timers } of both.east.sas.values()) expect(timers.size, sa.state).toBeGreaterThan(0);
  });
});

test('whatever a peer encrypts, it is answered or the end, and nothing throws', () => {
  const chains = ikeChains();
  const octets = chains.map(({ bytes }) => bytes);
  let both = upPair({ seed: 1 });
  let answered = 0;
  rounds(1_000, (dice) => {
    if (both.west.sas.size !== 1 || both.east.sas.size !== 1) both = upPair({ seed: 1 });
    const { sa } = both.west;
    const sent = both.wire.sent.length;
    const { first, bytes } = dice.pick(chains);
    const plain = mutated(dice, bytes, octets);
    const isResponse = dice.next() < 0.1;
    const header = {
      spiI: sa.spiI,
      spiR: sa.spiR,
      exchange: dice.pick([35, 36, 37, 37, 36, dice.below(256)]),
      isInitiator: sa.role === 'initiator',
      isResponse,
      messageId: isResponse ? 0 : both.east.sa.expectedRequestId,
    };
    const total = dice.pick([1, 1, 2, 3, 64, 65]);
    const envelope =
      dice.next() < 0.8
        ? ({ type: 'SK', first } as const)
        : ({ type: 'SKF', first, number: 1 + dice.below(total), total } as const);
    const keys = sa.keys!;
    const iv = dice.octets(sa.suite!.encr.ivOctets);
    const prefix = encodeProtectedPrefix(header, envelope, sealedOctets(sa.suite!, plain.length));
    const sealed = seal(sa.suite!, keys.skEi, keys.skAi, iv, prefix, plain);
    both.east.receive({ local: sa.peer, peer: sa.local, bytes: sealed });
    both.clock.flush();
    if (both.wire.sent.length > sent) answered++;
    if (both.east.sas.size !== 1) both = upPair({ seed: 1 });
  });
  expect(answered).toBeGreaterThan(0);
});
