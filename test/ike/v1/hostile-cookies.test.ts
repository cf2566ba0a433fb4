/** Whoever has not seen our cookie may be anybody: it gets one answer to its first message, and no key exchange. */
import { describe, expect, test } from 'vitest';
import { decodeMessage, encodeMessage, type Payload } from '../../../src/ike/v1/wire/index.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import { EAST, WEST } from '../v2/policies.ts';
import { AGGRESSIVE, expectAgreement, MAIN, type Pair, pair, QUICK } from './pair.ts';

const [FROM_WEST, FROM_EAST] = [new Endpoint(WEST, 500), new Endpoint(EAST, 500)];
const toEast = ({ east }: Pair, bytes: Uint8Array) => east.receive(FROM_EAST, FROM_WEST, bytes);
const answers = ({ wire }: Pair) => wire.sent.filter((d) => !d.isFromWest).length;

/** The payloads of both messages under the cookie of the first alone, as somebody sends them that hears no answer. */
function blind(first: Uint8Array, second: Uint8Array, order: 'in front' | 'behind'): Uint8Array {
  const [one, two] = [first, second].map((bytes) => {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) throw new Error('no message');
    return decoded.value;
  });
  const [sa, others]: (readonly Payload[])[] = [one.chain.payloads, two.chain.payloads];
  return encodeMessage(one.header, order === 'in front' ? [...sa, ...others] : [...others, ...sa]);
}

describe('without our cookie', () => {
  test.each(['in front', 'behind'] as const)('a key and a nonce are not mixed, the offer %s', (order) => {
    const made = pair();
    const { west, east, wire, clock } = made;
    west.up();
    for (const line of MAIN.slice(0, 2)) wire.expect(line);
    const real = wire.hold(MAIN[2]);
    const first = wire.sent[0].bytes;
    const before = [east.snapshot(), east.jobs.length, answers(made)];
    for (let n = 0; n < 20; n++) toEast(made, blind(first, real.bytes, order));
    clock.flush();
    expect([east.snapshot(), east.jobs.length, answers(made)]).toEqual(before);
    wire.deliver(real);
    clock.flush();
    for (const line of [...MAIN.slice(3), ...QUICK]) wire.expect(line);
    expectAgreement(made);
  });

  test.each([false, true])('the first message once more has the same answer (aggressive %s)', (aggressive) => {
    const made = pair({ policy: { v1: { aggressive } } });
    const { west, east, wire } = made;
    west.up();
    const [line, ...others] = aggressive ? AGGRESSIVE : MAIN;
    wire.expect(line);
    const before = east.snapshot();
    toEast(made, wire.sent[0].bytes);
    expect(answers(made)).toBe(2);
    expect(wire.sent.at(-1)!.bytes).toEqual(wire.sent.at(-2)!.bytes);
    expect(east.snapshot()).toBe(before);
    wire.lose(others[0]);
    for (const next of [...others, ...QUICK]) wire.expect(next);
    expectAgreement(made);
  });

  test.each([false, true])(
    'another first message under the same cookie changes nothing (aggressive %s)',
    (aggressive) => {
      const made = pair({ policy: { v1: { aggressive } } });
      const { west, east, wire, clock } = made;
      west.up();
      const [line, ...others] = aggressive ? AGGRESSIVE : MAIN;
      wire.expect(line);
      const decoded = decodeMessage(wire.sent[0].bytes);
      if (!decoded.ok) throw new Error('no message');
      const { header, chain } = decoded.value;
      const before = [east.snapshot(), east.jobs.length, answers(made)];
      toEast(made, encodeMessage(header, [...chain.payloads, { type: 'HASH', data: new Uint8Array(32) }]));
      toEast(made, encodeMessage(header, chain.payloads.slice(0, 4)));
      clock.flush();
      expect([east.snapshot(), east.jobs.length, answers(made), east.distrusted]).toEqual([...before, []]);
      for (const next of [...others, ...QUICK]) wire.expect(next);
      expectAgreement(made);
    },
  );
});
