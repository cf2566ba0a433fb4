/** `decode(encode(x))` is `x`, for every payload and for chains of them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  attribute,
  decodeChain,
  decodeMessage,
  describe as describeMessage,
  dump,
  EXCHANGE,
  encodeBody,
  encodeChain,
  encodeMessage,
  encodeWith,
  firstOf,
  numberIn,
  type Payload,
} from '../../../../src/ike/v1/wire/index.ts';
import type { Result } from '../../../../src/ike/wire/index.ts';
import { chain, header, PAYLOADS } from './arbitrary.ts';

function decoded<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.fault.where} at ${result.fault.offset}: ${result.fault.why}`);
  return result.value;
}

describe('what was encoded decodes to itself', () => {
  test.each(Object.entries(PAYLOADS))('%s', (_name, arbitrary: fc.Arbitrary<Payload>) => {
    fc.assert(
      fc.property(arbitrary, (p) => {
        const { payloads, bodies } = decoded(decodeChain(firstOf([p]), encodeChain([p])));
        expect(payloads).toEqual([p]);
        expect(bodies).toEqual([encodeBody(p)]);
      }),
    );
  });

  test('chains of payloads, header and all', () => {
    fc.assert(
      fc.property(header, chain, (fields, payloads) => {
        const bytes = encodeMessage(fields, payloads);
        const message = decoded(decodeMessage(bytes));
        expect(message.header).toMatchObject({ ...fields, isAuthOnly: false, minor: 0, length: bytes.length });
        expect(message.chain.payloads).toEqual(payloads);
        expect(message.sealed).toBeUndefined();
      }),
    );
  });

  test('what is encrypted stays closed, and padding does not belong to it', () => {
    fc.assert(
      fc.property(header, chain, fc.uint8Array({ maxLength: 255 }), (fields, payloads, padding) => {
        const inner = encodeChain(payloads);
        const body = Uint8Array.from([...inner, ...padding]);
        if (body.length === 0) return;
        const bytes = encodeWith({ ...fields, isEncrypted: true }, firstOf(payloads), body);
        const message = decoded(decodeMessage(bytes));
        expect(message.chain.payloads).toEqual([]);
        expect(message.sealed).toEqual(body);
        const opened = decoded(decodeChain(message.header.nextPayload, body));
        expect(opened.payloads).toEqual(payloads);
        expect(opened.octets).toBe(inner.length);
      }),
    );
  });
});

test('a number has the shorter form, and either form the number', () => {
  expect(attribute(12, 3600)).toEqual({ type: 12, value: 3600 });
  expect(attribute(12, 86_400)).toEqual({ type: 12, value: Uint8Array.of(0, 1, 0x51, 0x80) });
  expect(numberIn({ type: 12, value: Uint8Array.of(0, 1, 0x51, 0x80) })).toBe(86_400);
  expect(numberIn({ type: 12, value: new Uint8Array(8) })).toBe(0);
  expect(numberIn({ type: 12, value: new Uint8Array(8).fill(1) })).toBeUndefined();
  expect(numberIn({ type: 12, value: new Uint8Array() })).toBeUndefined();
});

test('the log shows what RFC 2409 calls it, and no password', () => {
  const password = Uint8Array.from(Buffer.from('swordfish'));
  const payloads: Payload[] = [
    { type: 'HASH', data: new Uint8Array(20) },
    { type: 'ATTRIBUTES', cfgType: 2, identifier: 7, attributes: [{ type: 16522, value: password }] },
  ];
  const fields = {
    cookieI: new Uint8Array(8).fill(1),
    cookieR: new Uint8Array(8).fill(2),
    exchange: EXCHANGE.TRANSACTION,
    isEncrypted: false,
    messageId: 0xabcd,
  };
  const { header: read, chain: got } = decoded(decodeMessage(encodeMessage(fields, payloads)));
  expect(describeMessage(read, got.payloads)).toBe('Transaction { HASH, ATTRIBUTES(REPLY) }');
  const lines = dump(read, got.payloads);
  expect(lines[0]).toContain('message 0000abcd length');
  expect(lines[2]).toContain('XAUTH_USER_PASSWORD=<9 octets>');
  expect(lines.join()).not.toContain(Buffer.from(password).toString('hex'));
});

describe('what does not fit the wire is our own bug, and throws', () => {
  test.each<[string, Payload]>([
    ['a short nonce', { type: 'Nonce', data: new Uint8Array(7) }],
    ['an SA without proposals', { type: 'SA', proposals: [] }],
    ['an SPI of another size', { type: 'D', doi: 1, protocol: 3, spiSize: 4, spis: [new Uint8Array(8)] }],
    ['64 KiB of vendor ID', { type: 'VID', data: new Uint8Array(0xffff) }],
    ['a hash of no octets', { type: 'HASH', data: new Uint8Array() }],
  ])('%s', (_name, p) => {
    expect(() => encodeChain([p])).toThrow(RangeError);
  });
});
