import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeEap, encodeNak, nameOfType, parseEap, readNak, TYPES } from '../../../../src/ike/auth/eap/packet.ts';

const octet = fc.integer({ min: 0, max: 255 });
const exchanged = fc.record({
  code: fc.constantFrom('request' as const, 'response' as const),
  id: octet,
  type: octet,
  data: fc.uint8Array({ maxLength: 300 }),
});
const last = fc.record({ code: fc.constantFrom('success' as const, 'failure' as const), id: octet });

describe('EAP packets, RFC 3748 §4', () => {
  test('what is written is read again', () => {
    fc.assert(
      fc.property(fc.oneof(exchanged, last), (packet) => {
        expect(parseEap(encodeEap(packet))).toEqual(packet);
      }),
    );
  });

  test('any octets are a packet, which is written as it came, or wrong', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (octets) => {
        const packet = parseEap(octets);
        if (!('wrong' in packet)) expect(encodeEap(packet)).toEqual(octets);
      }),
    );
  });

  test.each([
    ['three octets', [1, 1, 0], '3 octets, at least 4 expected'],
    ['a length beyond the end', [1, 1, 0, 9, 1], 'its length is 9, and there are 5 octets'],
    ['octets beyond the length', [3, 1, 0, 4, 1], 'its length is 4, and there are 5 octets'],
    ['code 5', [5, 1, 0, 4], 'code 5'],
    ['code 0', [0, 1, 0, 4], 'code 0'],
    ['success with data', [3, 1, 0, 5, 1], 'success with 1 octets of data'],
    ['a request without a type', [1, 1, 0, 4], 'request without a type'],
  ])('%s is refused', (_, octets, wrong) => {
    expect(parseEap(Uint8Array.from(octets))).toEqual({ wrong });
  });
});

describe('Nak, RFC 3748 §5.3', () => {
  test.each([
    ['legacy', 26],
    ['expanded', TYPES.expanded],
  ])('%s: methods are read as they were wanted', (_, type) => {
    const read = (wanted: number[]) => {
      const nak = parseEap(encodeNak({ id: 7, type }, wanted));
      if ('wrong' in nak) throw new Error(nak.wrong);
      expect(nak.id).toBe(7);
      return readNak(nak);
    };
    expect(read([13, 21])).toEqual([13, 21]);
    expect(read([])).toEqual([]);
  });

  test('what is no response, or of another type, is no Nak', () => {
    expect(readNak({ code: 'request', id: 1, type: TYPES.nak, data: Uint8Array.of(13) })).toBeUndefined();
    expect(readNak({ code: 'response', id: 1, type: 13, data: Uint8Array.of(13) })).toBeUndefined();
    expect(readNak({ code: 'response', id: 1, type: TYPES.expanded, data: new Uint8Array(6) })).toBeUndefined();
  });
});

test('methods have names', () => {
  expect(nameOfType(26)).toBe('EAP-MSCHAPv2');
  expect(nameOfType(99)).toBe('type 99');
});
