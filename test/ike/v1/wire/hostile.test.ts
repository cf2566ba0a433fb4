/** Any octets give a value or a fault; lengths that disagree give a fault that says where. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeChain,
  decodeMessage,
  encodeChain,
  encodeMessage,
  firstOf,
  MAX_ATTRIBUTES,
  PAYLOAD,
  type Payload,
} from '../../../../src/ike/v1/wire/index.ts';
import { MAX_PAYLOADS, MAX_PROPOSALS, type Malformed } from '../../../../src/ike/wire/index.ts';
import { chain, header, PAYLOADS } from './arbitrary.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));

function faultOf(first: number, text: string | Uint8Array): Malformed | 'value' {
  const decoded = decodeChain(first, typeof text === 'string' ? hex(text) : text);
  return decoded.ok ? 'value' : decoded.fault;
}

/** A value, or a fault inside of what was given. */
const isAnswer = (decoded: ReturnType<typeof decodeMessage> | ReturnType<typeof decodeChain>, octets: number) =>
  decoded.ok || (decoded.fault.offset >= 0 && decoded.fault.offset <= octets && decoded.fault.why !== '');

const ENTRY_POINTS = [...Object.values(PAYLOAD), 16, 200];

test('any octets in one payload whose own length is right', () => {
  const first = fc.constantFrom(...ENTRY_POINTS);
  fc.assert(
    fc.property(first, fc.uint8Array({ maxLength: 200 }), (type, body) => {
      const bytes = Uint8Array.from([0, 0, 0, 4 + body.length, ...body]);
      return isAnswer(decodeChain(type, bytes), bytes.length);
    }),
    { numRuns: 5000 },
  );
});

test('valid messages with octets changed', () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(header, chain, changes, (fields, payloads, edits) => {
      const bytes = encodeMessage(fields, payloads);
      for (const [at, octet] of edits) bytes[at % bytes.length] = octet;
      return isAnswer(decodeMessage(bytes), bytes.length);
    }),
    { numRuns: 1000 },
  );
});

test.each(Object.entries(PAYLOADS))('%s cut at every octet, and every octet changed', (_name, arbitrary) => {
  fc.assert(
    fc.property(arbitrary as fc.Arbitrary<Payload>, (p) => {
      const first = firstOf([p]);
      const bytes = encodeChain([p]);
      for (let cut = 0; cut < bytes.length; cut++) {
        const decoded = decodeChain(first, bytes.subarray(0, cut));
        if (decoded.ok) throw new Error(`cut at ${cut} of ${bytes.length}, taken for whole`);
        if (!isAnswer(decoded, cut)) return false;
      }
      for (let at = 0; at < bytes.length; at++) {
        const changed = Uint8Array.from(bytes);
        changed[at] ^= 1 << (at % 8);
        if (!isAnswer(decodeChain(first, changed), changed.length)) return false;
      }
      return true;
    }),
    { numRuns: 20 },
  );
});

test('a message cut anywhere is refused', () => {
  fc.assert(
    fc.property(header, chain, fc.nat(), (fields, payloads, cut) => {
      const whole = encodeMessage(fields, payloads);
      expect(decodeMessage(whole.subarray(0, cut % whole.length))).toMatchObject({
        ok: false,
        fault: { where: 'HDR' },
      });
    }),
  );
});

test('a last word may be filled up in the clear, and no more', () => {
  fc.assert(
    fc.property(header, chain, fc.integer({ min: 1, max: 8 }), (fields, payloads, more) => {
      const whole = encodeMessage({ ...fields, isEncrypted: false }, payloads);
      const padded = new Uint8Array(whole.length + more);
      padded.set(whole);
      new DataView(padded.buffer).setUint32(24, padded.length);
      const decoded = decodeMessage(padded);
      expect(decoded.ok).toBe(more < 4);
      if (decoded.ok)
        expect(encodeMessage(fields, decoded.value.chain.payloads)).toEqual(encodeMessage(fields, payloads));
    }),
  );
});

test('what decodes can be encoded, and then decodes to the same octets again', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ENTRY_POINTS), fc.uint8Array({ maxLength: 64 }), (type, body) => {
      const decoded = decodeChain(type, Uint8Array.from([0, 0, 0, 4 + body.length, ...body]));
      if (!decoded.ok || decoded.value.payloads.length === 0) return;
      const once = encodeChain(decoded.value.payloads);
      const again = decodeChain(firstOf(decoded.value.payloads), once);
      expect(again.ok && encodeChain(again.value.payloads)).toEqual(once);
    }),
    { numRuns: 3000 },
  );
});

describe('lengths that disagree', () => {
  test.each<[string, number, string, Partial<Malformed>]>([
    ['a payload shorter than its header', PAYLOAD.VID, '00 00 0003', { where: 'VID', offset: 2 }],
    ['a payload that runs into nothing', PAYLOAD.VID, '00 00 0006 01', { where: 'VID', offset: 2 }],
    ['a second payload cut off', PAYLOAD.VID, '0a 00 0004  00 00', { where: 'Nonce', offset: 6 }],
    ['a nonce of 7 octets', PAYLOAD.Nonce, `00 00 000b ${'00'.repeat(7)}`, { where: 'Nonce', offset: 4 }],
    ['an ID without its port', PAYLOAD.ID, '00 00 0006 01 00', { where: 'ID', offset: 6 }],
    [
      'an N whose SPI is longer than itself',
      PAYLOAD.N,
      '00 00 000e 00000001 03 04 000e 0102',
      { where: 'N', offset: 12 },
    ],
    [
      'a D with fewer SPIs than announced',
      PAYLOAD.D,
      '00 00 0010 00000001 03 04 0002 00000001',
      { where: 'D', offset: 10 },
    ],
    ['a D with SPIs without octets', PAYLOAD.D, '00 00 000c 00000001 01 00 ffff', { where: 'D', offset: 10 }],
    [
      'an attribute beyond its payload',
      PAYLOAD.ATTRIBUTES,
      '00 00 000d 01 00 0001 0001 0004 0a',
      { where: 'ATTRIBUTES', offset: 12 },
    ],
    ['half an attribute', PAYLOAD.ATTRIBUTES, '00 00 000a 01 00 0001 8001', { where: 'ATTRIBUTES', offset: 8 }],
    ['a fragment 0', PAYLOAD.FRAGMENT, '00 00 0009 0001 00 01 aa', { where: 'FRAGMENT', offset: 6 }],
    ['another DOI', PAYLOAD.SA, '00 00 0014 00000002 00000001 00 00 0008 01 01 00 00', { where: 'SA', offset: 4 }],
    [
      'another situation',
      PAYLOAD.SA,
      '00 00 0014 00000001 00000002 00 00 0008 01 01 00 00',
      { where: 'SA', offset: 8 },
    ],
  ])('%s', (_name, first, text, fault) => {
    expect(faultOf(first, text)).toMatchObject(fault);
  });

  const transform = '00 00 0008 01 01 0000';
  test.each<[string, string, Partial<Malformed>]>([
    ['no proposal', '00 00 000c', { offset: 12 }],
    ['a proposal beyond the payload', `00 00 001c # 00 00 0011 01 01 00 01 ${transform}`, { offset: 14 }],
    ['octets after the last proposal', `00 00 001d # 00 00 0010 01 01 00 01 ${transform} 00`, { offset: 28 }],
    ['more proposals announced', `00 00 001c # 02 00 0010 01 01 00 01 ${transform}`, { offset: 12 }],
    ['a mark that is neither last nor more', `00 00 001c # 03 00 0010 01 01 00 01 ${transform}`, { offset: 12 }],
    ['fewer transforms than announced', `00 00 001c # 00 00 0010 01 01 00 02 ${transform}`, { offset: 19 }],
    ['more transforms than announced', `00 00 001c # 00 00 0010 01 01 00 00 ${transform}`, { offset: 19 }],
    ['more transforms marked', '00 00 001c # 00 00 0010 01 01 00 01 03 00 0008 01 01 0000', { offset: 20 }],
  ])('SA: %s', (_name, text, fault) => {
    const whole = text.includes('#') ? text.replace('#', '00000001 00000001') : `${text} 00000001 00000001`;
    expect(faultOf(PAYLOAD.SA, whole)).toMatchObject({ where: 'SA', ...fault });
  });

  test('SA: the same octets, put right, are a value', () => {
    expect(faultOf(PAYLOAD.SA, `00 00 001c 00000001 00000001 00 00 0010 01 01 00 01 ${transform}`)).toBe('value');
  });

  test('another major version, and nothing encrypted', () => {
    const message = (version: string, flags: string) =>
      decodeMessage(hex(`${'11'.repeat(16)} 00 ${version} 02 ${flags} 00000000 0000001c`));
    expect(message('20', '00')).toMatchObject({ fault: { where: 'HDR', offset: 17 } });
    expect(message('10', '01')).toMatchObject({ fault: { why: 'nothing is encrypted' } });
    expect(message('10', '00').ok).toBe(true);
  });

  test('padding longer than one octet can tell', () => {
    expect(faultOf(PAYLOAD.VID, new Uint8Array([0, 0, 0, 4, ...new Uint8Array(255)]))).toBe('value');
    expect(faultOf(PAYLOAD.VID, new Uint8Array([0, 0, 0, 4, ...new Uint8Array(256)]))).toMatchObject({ offset: 4 });
  });
});

describe('limits', () => {
  const repeated = (count: number, of: (isLast: boolean) => string) =>
    Array.from({ length: count }, (_, i) => of(i === count - 1)).join('');
  const payload = (body: string) => `0000${(4 + hex(body).length).toString(16).padStart(4, '0')}${body}`;
  const proposals = (count: number) =>
    `0000000100000001${repeated(count, (isLast) => `${isLast ? '00' : '02'}00000801010000`)}`;
  const attributes = (count: number) => `01000001${repeated(count, () => '80010000')}`;
  const vendors = (count: number) => repeated(count, (isLast) => `${isLast ? '00' : '0d'}000004`);

  test.each<[string, number, string, string]>([
    ['payloads', PAYLOAD.VID, vendors(MAX_PAYLOADS), vendors(MAX_PAYLOADS + 1)],
    ['proposals', PAYLOAD.SA, payload(proposals(MAX_PROPOSALS)), payload(proposals(MAX_PROPOSALS + 1))],
    ['attributes', PAYLOAD.ATTRIBUTES, payload(attributes(MAX_ATTRIBUTES)), payload(attributes(MAX_ATTRIBUTES + 1))],
  ])('%s', (what, first, most, tooMany) => {
    expect(faultOf(first, most)).toBe('value');
    expect(faultOf(first, tooMany)).toMatchObject({ why: expect.stringMatching(`^more than .*${what}$`) });
  });
});
