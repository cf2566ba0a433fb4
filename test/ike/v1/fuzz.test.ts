/** Sound messages of every exchange, wounded: brought to machines in every state, they end nothing and throw nothing. */
import { expect, test } from 'vitest';
import { decodeMessage, describe, dump } from '../../../src/ike/v1/wire/index.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import { rounds } from '../../fuzz/fuzz.ts';
import { mutated } from '../../fuzz/mutate.ts';
import { EAST, WEST } from '../v2/policies.ts';
import { FAIR, type InFlight } from '../v2/wire.ts';
import { AGGRESSIVE, MAIN, type Pair, pair, QUICK } from './pair.ts';

/** Every datagram of a tunnel that comes up, rekeys, and goes. */
function datagrams(aggressive: boolean): readonly InFlight[] {
  const { west, wire, clock } = pair({ weather: FAIR, policy: { v1: { aggressive }, dpdDelay: 5_000 } });
  west.up();
  clock.advance(8_000);
  west.command({ t: 'rekeyChild', serial: west.sa.children[0].serial });
  clock.advance(1_000);
  west.command({ t: 'deleteIke', why: 'enough' });
  clock.advance(1_000);
  return wire.sent;
}

const corpus = [...datagrams(false), ...datagrams(true)].map(({ bytes }) => bytes);

test('datagrams decode to what can be shown, or to a fault', () => {
  let sound = 0;
  rounds(10_000, (dice) => {
    const bytes = mutated(dice, dice.pick(corpus), corpus);
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return expect(decoded.fault.offset).toBeLessThanOrEqual(bytes.length);
    sound++;
    const { header, chain } = decoded.value;
    expect(describe(header, chain.payloads)).toMatch(/ \{.*\}$/);
    for (const line of dump(header, chain.payloads)) expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
  });
  expect(sound).toBeGreaterThan(0);
});

/**
 * A pair half-way: `count` messages have gone by. No HASH of phase 1 covers what follows it, so that who is on the path
 * can spoil NAT_D: encapsulation=no leaves it out.
 */
function halfway(count: number, aggressive: boolean): { made: Pair; rest: readonly string[] } {
  const made = pair({ policy: { v1: { aggressive }, encapsulation: 'no' } });
  const lines = [...(aggressive ? AGGRESSIVE : MAIN), ...QUICK];
  made.west.up();
  for (const line of lines.slice(0, count)) made.wire.expect(line);
  return { made, rest: lines.slice(count) };
}

test('machines half-way take no harm: the exchange goes on', () => {
  rounds(150, (dice) => {
    const aggressive = dice.next() < 0.5;
    const count = dice.below(aggressive ? 6 : 9);
    const { made, rest } = halfway(count, aggressive);
    const { west, east, wire, clock } = made;
    const own = wire.sent.map(({ bytes }) => bytes);
    const [fromWest, fromEast] = [new Endpoint(WEST, 500), new Endpoint(EAST, 500)];
    for (let i = 0; i < 30; i++) {
      // Encrypted ones only: what nothing protects anybody may change, and whoever is on the path may end it.
      const real = dice.pick(own);
      const bytes = mutated(dice, real, [...own, ...corpus]);
      if (bytes.length < 28 || (bytes[19] & 1) === 0 || own.some((o) => Buffer.compare(o, bytes) === 0)) continue;
      if (isPaddingOnly(real, bytes)) continue;
      east.receive(fromEast, fromWest, bytes);
      west.receive(fromWest, fromEast, bytes);
      clock.flush();
    }
    // Whoever has read our answer in Aggressive Mode and goes on without its own last word has it repeated.
    let again = wire.sent.filter((d) => !d.isFromWest && d.text.startsWith('Aggressive')).length - 1;
    for (const line of rest) {
      if (line !== AGGRESSIVE[1]) for (; again > 0; again--) wire.lose(AGGRESSIVE[1]);
      wire.expect(line);
    }
    expect(west.sa.state).toBe('established');
    expect(east.plane.size).toBe(1);
  });
});

/** RFC 2409 protects no padding: the same message with other octets there is the same message. */
const isPaddingOnly = (real: Uint8Array, bytes: Uint8Array): boolean =>
  real.length === bytes.length && Buffer.compare(real.subarray(0, -16), bytes.subarray(0, -16)) === 0;
