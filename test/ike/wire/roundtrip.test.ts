/** `decode(encode(x))` is `x`, for every payload and for chains of them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeChain,
  decodeHeader,
  decodeMessage,
  encodeChain,
  encodeMessage,
  encodeProtectedPrefix,
  type Payload,
  type Result,
} from '../../../src/ike/wire/index.ts';
import { chain, ENVELOPES, header, PAYLOADS } from './arbitrary.ts';

function decoded<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.fault.where} at ${result.fault.offset}: ${result.fault.why}`);
  return result.value;
}

/** Addresses keep their words to themselves, so equality is asked of their text. */
const plainly = (payloads: readonly Payload[]) =>
  payloads.map((p) =>
    p.type === 'TSi' || p.type === 'TSr'
      ? {
          ...p,
          selectors: p.selectors.map((s) => [s.start.toString(), s.end.toString(), s.protocol, s.startPort, s.endPort]),
        }
      : p,
  );

describe('what was encoded decodes to itself', () => {
  test.each(Object.entries(PAYLOADS))('%s', (_name, arbitrary: fc.Arbitrary<Payload>) => {
    fc.assert(
      fc.property(arbitrary, (p) => {
        const { first, bytes } = encodeChain([p]);
        expect(plainly(decoded(decodeChain(first, bytes)))).toEqual(plainly([p]));
      }),
    );
  });

  test('chains of payloads, header and all', () => {
    fc.assert(
      fc.property(header, chain, (fields, payloads) => {
        const bytes = encodeMessage(fields, payloads);
        const message = decoded(decodeMessage(bytes));
        expect(message.header).toMatchObject({ ...fields, length: bytes.length });
        expect(plainly(message.payloads)).toEqual(plainly(payloads));
      }),
    );
  });

  test.each(Object.entries(ENVELOPES))('%s behind payloads in the clear', (_name, arbitrary: fc.Arbitrary<Payload>) => {
    fc.assert(
      fc.property(header, chain, arbitrary, (fields, clear, envelope) => {
        const bytes = encodeMessage(fields, [...clear, envelope]);
        const last = decoded(decodeMessage(bytes)).payloads.at(-1);
        const octets = (envelope as { data: Uint8Array }).data.length;
        expect(last).toEqual({ ...envelope, aadOctets: bytes.length - octets });
      }),
    );
  });
});

test('a protected prefix and its body are the message that encodeMessage makes', () => {
  fc.assert(
    fc.property(header, fc.oneof(...Object.values(ENVELOPES)), (fields, generated) => {
      const envelope = { ...generated, critical: false };
      const { nextPayload: first, data } = envelope;
      const prefix = encodeProtectedPrefix(
        fields,
        envelope.type === 'SK'
          ? { type: 'SK', first }
          : { type: 'SKF', first, number: envelope.number, total: envelope.total },
        data.length,
      );
      expect(Uint8Array.from([...prefix, ...data])).toEqual(encodeMessage(fields, [envelope]));
    }),
  );
});

test('a header is read whatever its major version, for whoever has to refuse it', () => {
  const bytes = encodeMessage(
    {
      spiI: new Uint8Array(8),
      spiR: new Uint8Array(8),
      major: 3,
      exchange: 34,
      isInitiator: true,
      isResponse: false,
      messageId: 0,
    },
    [],
  );
  expect(decoded(decodeHeader(bytes)).major).toBe(3);
  expect(decodeMessage(bytes)).toMatchObject({ ok: false, fault: { where: 'HDR', offset: 17 } });
});

test('decoded octets are views of the datagram, plain ones even of a Buffer', () => {
  const { first, bytes } = encodeChain([{ type: 'V', data: Uint8Array.of(1, 2, 3) }]);
  const buffer = Buffer.from(bytes);
  const [v] = decoded(decodeChain(first, buffer));
  if (v.type !== 'V') throw new Error(v.type);
  expect(v.data.constructor).toBe(Uint8Array);
  expect(v.data.buffer).toBe(buffer.buffer);
});

test('two encodings never share octets', () => {
  const one = encodeChain([{ type: 'V', data: Uint8Array.of(1, 2, 3) }]).bytes;
  const copy = Uint8Array.from(one);
  encodeChain([{ type: 'V', data: Uint8Array.of(9, 9, 9) }]);
  expect(one).toEqual(copy);
});

describe('what does not fit the wire is our own bug, and throws', () => {
  const none = new Uint8Array();
  test.each<[string, Payload]>([
    ['a group of 17 bits', { type: 'KE', group: 0x10000, data: Uint8Array.of(1) }],
    ['a negative number', { type: 'AUTH', method: -1, data: none }],
    ['half a number', { type: 'AUTH', method: 1.5, data: none }],
    ['a short nonce', { type: 'Nonce', data: new Uint8Array(15) }],
    ['an SA without proposals', { type: 'SA', proposals: [] }],
    ['an SPI of another size', { type: 'D', protocol: 3, spiSize: 4, spis: [new Uint8Array(8)] }],
    ['64 KiB of vendor ID', { type: 'V', data: new Uint8Array(0xffff) }],
    ['an EAP packet that lies', { type: 'EAP', data: Uint8Array.of(1, 2, 0, 9) }],
  ])('%s', (_name, p) => {
    expect(() => encodeChain([p])).toThrow(RangeError);
  });

  test('a payload behind SK', () => {
    const sk = { type: 'SK', nextPayload: 0, aadOctets: 0, data: none } as const;
    expect(() => encodeChain([sk, { type: 'V', data: none }])).toThrow(RangeError);
  });

  test('and leaves the next message unharmed', () => {
    expect(() => encodeChain([{ type: 'V', data: new Uint8Array(0xffff) }])).toThrow();
    expect(encodeChain([{ type: 'V', data: Uint8Array.of(7) }]).bytes).toEqual(Uint8Array.of(0, 0, 0, 5, 7));
  });
});
