/** Any octets give a value or a fault; lengths that disagree give a fault that says where. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeChain,
  decodeMessage,
  encodeChain,
  encodeMessage,
  MAX_CP_ATTRIBUTES,
  MAX_PAYLOADS,
  MAX_PROPOSALS,
  MAX_SPIS,
  MAX_TRANSFORMS,
  type Malformed,
  PAYLOAD,
} from '../../../src/ike/wire/index.ts';
import { chain, header } from './arbitrary.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));

function faultOf(first: number, text: string | Uint8Array): Malformed | 'value' {
  const decoded = decodeChain(first, typeof text === 'string' ? hex(text) : text);
  return decoded.ok ? 'value' : decoded.fault;
}

/** A value, or a fault inside of what was given. */
function isAnswer(decoded: ReturnType<typeof decodeMessage> | ReturnType<typeof decodeChain>, octets: number): boolean {
  return decoded.ok || (decoded.fault.offset >= 0 && decoded.fault.offset <= octets && decoded.fault.why !== '');
}

const ENTRY_POINTS = [...Object.values(PAYLOAD), 1, 200];

test('any octets, taken for a chain of payloads', () => {
  const first = fc.constantFrom(...ENTRY_POINTS);
  fc.assert(
    fc.property(first, fc.uint8Array({ maxLength: 300 }), (type, bytes) =>
      isAnswer(decodeChain(type, bytes), bytes.length),
    ),
    { numRuns: 2000 },
  );
});

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

test('what decodes can be encoded, and then decodes to the same octets again', () => {
  const first = fc.constantFrom(...ENTRY_POINTS.filter((type) => type !== PAYLOAD.SK && type !== PAYLOAD.SKF));
  fc.assert(
    fc.property(first, fc.uint8Array({ maxLength: 64 }), (type, body) => {
      const decoded = decodeChain(type, Uint8Array.from([0, 0, 0, 4 + body.length, ...body]));
      if (!decoded.ok) return;
      const once = encodeChain(decoded.value);
      const again = decodeChain(once.first, once.bytes);
      expect(again.ok && encodeChain(again.value).bytes).toEqual(once.bytes);
    }),
    { numRuns: 3000 },
  );
});

test('a message cut anywhere is refused', () => {
  fc.assert(
    fc.property(header, chain, fc.nat(), (fields, payloads, cut) => {
      const whole = encodeMessage(fields, payloads);
      const bytes = whole.subarray(0, cut % whole.length);
      expect(decodeMessage(bytes)).toMatchObject({ ok: false, fault: { where: 'HDR' } });
    }),
  );
});

test('a chain cut anywhere is refused, and the fault names a payload of it', () => {
  const some = chain.filter((payloads) => payloads.length > 0);
  fc.assert(
    fc.property(some, fc.nat(), (payloads, cut) => {
      const { first, bytes } = encodeChain(payloads);
      const decoded = decodeChain(first, bytes.subarray(0, cut % bytes.length));
      if (decoded.ok) throw new Error('half a chain was taken for a whole one');
      const names = payloads.map((p) => (p.type === 'unknown' ? `${p.number}` : p.type));
      expect([...names, 'GSPM', 'IDg', 'GSA', 'KD', 'PS']).toContain(decoded.fault.where);
    }),
  );
});

test('octets after the last payload are refused', () => {
  fc.assert(
    fc.property(chain, fc.uint8Array({ minLength: 1, maxLength: 8 }), (payloads, more) => {
      const { first, bytes } = encodeChain(payloads);
      expect(decodeChain(first, Uint8Array.from([...bytes, ...more]))).toMatchObject({
        ok: false,
        fault: { offset: bytes.length, why: `${more.length} octets after the last payload` },
      });
    }),
  );
});

describe('lengths that disagree', () => {
  test.each<[string, number, string, Partial<Malformed>]>([
    ['a payload shorter than its header', PAYLOAD.V, '00 00 0003', { where: 'V', offset: 2 }],
    ['a payload that runs into nothing', PAYLOAD.V, '00 00 0006 01', { where: 'V', offset: 2 }],
    ['a second payload cut off', PAYLOAD.V, '28 00 0004  00 00', { where: 'Nonce', offset: 6 }],
    ['a KE without a public value', PAYLOAD.KE, '00 00 0008 001f 0000', { where: 'KE', offset: 8 }],
    ['a nonce of 15 octets', PAYLOAD.Nonce, `00 00 0013 ${'00'.repeat(15)}`, { where: 'Nonce', offset: 4 }],
    ['a nonce of 257 octets', PAYLOAD.Nonce, `00 00 0105 ${'00'.repeat(257)}`, { where: 'Nonce', offset: 4 }],
    ['an AUTH without its reserved octets', PAYLOAD.AUTH, '00 00 0006 02 00', { where: 'AUTH', offset: 5 }],
    ['an N whose SPI is longer than itself', PAYLOAD.N, '00 00 000a 03 04 4009 0102', { where: 'N', offset: 8 }],
    ['a D with fewer SPIs than announced', PAYLOAD.D, '00 00 000c 03 04 0002 00000001', { where: 'D', offset: 6 }],
    ['a D with more SPIs than announced', PAYLOAD.D, '00 00 000c 03 04 0000 00000001', { where: 'D', offset: 6 }],
    ['a D with SPIs without octets', PAYLOAD.D, '00 00 0008 01 00 ffff', { where: 'D', offset: 6 }],
    ['an EAP packet longer than its payload', PAYLOAD.EAP, '00 00 0008 01 01 0005', { where: 'EAP', offset: 4 }],
    ['an EAP packet shorter than its payload', PAYLOAD.EAP, '00 00 0009 01 01 0004 00', { where: 'EAP', offset: 4 }],
    ['an EAP packet without a length', PAYLOAD.EAP, '00 00 0006 01 01', { where: 'EAP', offset: 4 }],
    ['a CP attribute beyond the payload', PAYLOAD.CP, '00 00 000d 01 000000 0001 0004 0a', { where: 'CP', offset: 12 }],
    ['a CP attribute cut in its type', PAYLOAD.CP, '00 00 0009 01 000000 00', { where: 'CP', offset: 8 }],
    ['a TS with fewer selectors than announced', PAYLOAD.TSi, '00 00 0008 01 000000', { where: 'TSi', offset: 8 }],
    [
      'a TS with more selectors than announced',
      PAYLOAD.TSr,
      '00 00 0018 00 000000 07 00 0010 0000 ffff 0a000000 0a0000ff',
      { where: 'TSr', offset: 8 },
    ],
    [
      'an IPv4 range as long as an IPv6 one',
      PAYLOAD.TSi,
      `00 00 0030 01 000000 07 00 0028 0000 ffff ${'00'.repeat(32)}`,
      { where: 'TSi', offset: 24 },
    ],
    [
      'a selector shorter than its header',
      PAYLOAD.TSi,
      '00 00 000c 01 000000 0a 00 0003',
      { where: 'TSi', offset: 10 },
    ],
    [
      'a range that runs backwards',
      PAYLOAD.TSi,
      '00 00 0018 01 000000 07 00 0010 0000 ffff 0a0000ff 0a000000',
      { where: 'TSi', offset: 16 },
    ],
    [
      'ports that run backwards',
      PAYLOAD.TSi,
      '00 00 0018 01 000000 07 06 0010 0050 004f 0a000000 0a0000ff',
      { where: 'TSi', offset: 12 },
    ],
    ['SK inside SK', PAYLOAD.SK, '00 00 0006 0102', { where: 'SK', offset: 0 }],
  ])('%s', (_name, first, text, fault) => {
    expect(faultOf(first, text)).toMatchObject(fault);
  });

  const transform = '00 00 0008 02 00 0005';
  test.each<[string, string, Partial<Malformed>]>([
    ['no proposal', '00 00 0004', { offset: 4 }],
    ['a proposal shorter than its header', '00 00 0010 00 00 0007 01 01 00 00 00000000', { offset: 6 }],
    ['a proposal beyond the payload', `00 00 0014 00 00 0011 01 01 00 01 ${transform}`, { offset: 6 }],
    ['octets after the last proposal', `00 00 0015 00 00 0010 01 01 00 01 ${transform} 00`, { offset: 20 }],
    ['more proposals announced', `00 00 0014 02 00 0010 01 01 00 01 ${transform}`, { offset: 4 }],
    ['a mark that is neither last nor more', `00 00 0014 03 00 0010 01 01 00 01 ${transform}`, { offset: 4 }],
    ['an SPI beyond the proposal', '00 00 000c 00 00 0008 01 03 04 00', { offset: 12 }],
    ['fewer transforms than announced', `00 00 0014 00 00 0010 01 01 00 02 ${transform}`, { offset: 11 }],
    ['more transforms than announced', `00 00 0014 00 00 0010 01 01 00 00 ${transform}`, { offset: 11 }],
    ['a transform beyond the proposal', '00 00 0014 00 00 0010 01 01 00 01 00 00 0009 02 00 0005', { offset: 14 }],
    ['a transform shorter than its header', '00 00 0014 00 00 0010 01 01 00 01 00 00 0004 02 00 0005', { offset: 14 }],
    ['more transforms marked', '00 00 0014 00 00 0010 01 01 00 01 03 00 0008 02 00 0005', { offset: 12 }],
    [
      'an attribute beyond its transform',
      '00 00 0018 00 00 0014 01 01 00 01 00 00 000c 01 00 000c 000e 0002',
      { offset: 24 },
    ],
    ['half an attribute', '00 00 0016 00 00 0012 01 01 00 01 00 00 000a 01 00 000c 800e', { offset: 22 }],
  ])('SA: %s', (_name, text, fault) => {
    expect(faultOf(PAYLOAD.SA, text)).toMatchObject({ where: 'SA', ...fault });
  });

  test('SA: the same octets, put right, are a value', () => {
    expect(faultOf(PAYLOAD.SA, `00 00 0014 00 00 0010 01 01 00 01 ${transform}`)).toBe('value');
  });

  const message = (next: string, body: string) => {
    const octets = hex(body);
    const length = (28 + octets.length).toString(16).padStart(8, '0');
    return decodeMessage(hex(`${'11'.repeat(16)} ${next} 20 23 08 00000001 ${length} ${body}`));
  };

  test('payloads after SK, a fragment of none, a fragment beyond its total', () => {
    expect(message('2e', '24 00 0006 0102  00 00 0004')).toMatchObject({ fault: { where: 'SK', offset: 34 } });
    expect(message('35', '24 00 0008 0000 0001')).toMatchObject({ fault: { where: 'SKF', offset: 32 } });
    expect(message('35', '24 00 0008 0003 0002')).toMatchObject({ fault: { where: 'SKF', offset: 32 } });
    expect(message('35', '24 00 0008 0002 0002').ok).toBe(true);
  });
});

describe('a Key Length that does not stand as RFC 7296 §3.3.5 says is kept apart, for selection to refuse', () => {
  const withAttributes = (attributes: string) => {
    const octets = 8 + hex(attributes).length;
    const length = (more: number) => (octets + more).toString(16).padStart(4, '0');
    const sa = `00 00 ${length(12)} 00 00 ${length(8)} 01 01 00 01 00 00 ${length(0)} 01 00 000c ${attributes}`;
    const decoded = decodeChain(PAYLOAD.SA, hex(sa));
    if (!decoded.ok || decoded.value[0].type !== 'SA') throw new Error('no SA');
    return decoded.value[0].proposals[0].transforms[0];
  };

  test('twice', () => {
    expect(withAttributes('800e 0080 800e 0100')).toEqual({
      type: 1,
      id: 12,
      keyBits: 128,
      attributes: [{ type: 14, value: 256 }],
    });
  });

  test('with a length of its own', () => {
    expect(withAttributes('000e 0002 0100')).toEqual({
      type: 1,
      id: 12,
      attributes: [{ type: 14, value: Uint8Array.of(1, 0) }],
    });
  });
});

describe('limits', () => {
  const repeated = (count: number, of: (isLast: boolean) => string) =>
    Array.from({ length: count }, (_, i) => of(i === count - 1)).join('');
  const payload = (body: string) => `0000${(4 + hex(body).length).toString(16).padStart(4, '0')}${body}`;
  const proposals = (count: number) => repeated(count, (isLast) => `${isLast ? '00' : '02'}00000801010000`);
  const full = (isLast: boolean) => {
    const transforms = repeated(255, (last) => `${last ? '00' : '03'}00000802000005`);
    return `${isLast ? '00' : '02'}000800010100ff${transforms}`;
  };
  const attributes = (count: number) => `01000000${repeated(count, () => '00010000')}`;
  const spis = (count: number) => `0304${count.toString(16).padStart(4, '0')}${repeated(count, () => '00000001')}`;
  const vendors = (count: number) => repeated(count, (isLast) => `${isLast ? '00' : '2b'}000004`);

  test.each<[string, number, string, string]>([
    ['payloads', PAYLOAD.V, vendors(MAX_PAYLOADS), vendors(MAX_PAYLOADS + 1)],
    ['proposals', PAYLOAD.SA, payload(proposals(MAX_PROPOSALS)), payload(proposals(MAX_PROPOSALS + 1))],
    [
      'transforms',
      PAYLOAD.SA,
      payload(repeated(Math.floor(MAX_TRANSFORMS / 255), full)),
      payload(repeated(Math.floor(MAX_TRANSFORMS / 255) + 1, full)),
    ],
    ['attributes', PAYLOAD.CP, payload(attributes(MAX_CP_ATTRIBUTES)), payload(attributes(MAX_CP_ATTRIBUTES + 1))],
    ['SPIs', PAYLOAD.D, payload(spis(MAX_SPIS)), payload(spis(MAX_SPIS + 1))],
  ])('%s', (what, first, most, tooMany) => {
    expect(faultOf(first, most)).toBe('value');
    expect(faultOf(first, tooMany)).toMatchObject({ why: expect.stringMatching(`^more than .*${what}$`) });
  });
});
