import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeAvps, findAvp, MICROSOFT, parseAvps } from '../../../../src/ike/auth/eap/avp.ts';

const avp = fc.record({
  code: fc.integer({ min: 0, max: 0xffffffff }),
  vendor: fc.constantFrom(0, MICROSOFT.vendor),
  isMandatory: fc.boolean(),
  data: fc.uint8Array({ maxLength: 40 }),
});

describe('attributes of EAP-TTLS, RFC 5281 §10.1', () => {
  test('what is written is read again', () => {
    fc.assert(
      fc.property(fc.array(avp, { maxLength: 8 }), (avps) => {
        expect(parseAvps(encodeAvps(avps))).toEqual(avps);
      }),
    );
  });

  test('any octets are attributes or wrong', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
        const avps = parseAvps(octets);
        if ('wrong' in avps) expect(avps.wrong).toMatch(/./);
        else expect(avps.reduce((sum, { data }) => sum + data.length, 0)).toBeLessThanOrEqual(octets.length);
      }),
    );
  });

  test('a length below its head, one beyond the end, and too many are refused', () => {
    expect(parseAvps(Uint8Array.of(0, 0, 0, 1, 0x40, 0, 0, 7))).toEqual({ wrong: 'an attribute with a length of 7' });
    expect(parseAvps(Uint8Array.of(0, 0, 0, 1, 0x40, 0, 0, 9))).toEqual({ wrong: 'an attribute with a length of 9' });
    const many = encodeAvps(Array(33).fill({ code: 1, vendor: 0, isMandatory: true, data: new Uint8Array() }));
    expect(parseAvps(many)).toEqual({ wrong: 'more than 32 attributes' });
  });

  test('a vendor’s attribute is not the one of the same number without a vendor', () => {
    const avps = [{ code: 11, vendor: 311, isMandatory: true, data: new Uint8Array() }];
    expect(findAvp(avps, 11)).toBeUndefined();
    expect(findAvp(avps, 11, 311)).toBe(avps[0]);
  });
});
