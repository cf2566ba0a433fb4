/** Octets written by hand from the RFCs' layouts: the encoder cannot agree with the decoder's mistakes here. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeChain, decodeMessage, describe, dump, find, notifies, PAYLOAD } from '../../../src/ike/wire/index.ts';

const octets = (...values: number[]) => Uint8Array.from(values);

function fixture(name: string): Uint8Array {
  const text = readFileSync(new URL(`../../fixtures/wire/${name}.hex`, import.meta.url), 'utf8');
  return Uint8Array.from(Buffer.from(text.replace(/#.*/g, '').replace(/\s/g, ''), 'hex'));
}

test('an IKE_SA_INIT request', () => {
  const decoded = decodeMessage(fixture('ike-sa-init-request'));
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.fault));
  const { header, payloads } = decoded.value;
  expect(header).toEqual({
    spiI: octets(1, 2, 3, 4, 5, 6, 7, 8),
    spiR: new Uint8Array(8),
    nextPayload: PAYLOAD.SA,
    major: 2,
    minor: 0,
    exchange: 34,
    isInitiator: true,
    isResponse: false,
    higherVersion: false,
    messageId: 0,
    length: 140,
  });
  expect(find(payloads, 'SA')?.proposals).toEqual([
    {
      number: 1,
      protocol: 1,
      spi: octets(),
      transforms: [
        { type: 1, id: 12, keyBits: 256 },
        { type: 2, id: 5 },
        { type: 3, id: 12 },
        { type: 4, id: 19 },
      ],
    },
  ]);
  expect(find(payloads, 'KE')).toEqual({
    type: 'KE',
    critical: false,
    group: 19,
    data: octets(0xde, 0xad, 0xbe, 0xef),
  });
  expect(find(payloads, 'Nonce')?.data.length).toBe(16);
  expect(notifies(payloads, 16390)).toEqual([
    { type: 'N', critical: false, protocol: 3, spi: octets(0xca, 0xfe, 0, 1), notify: 16390, data: octets(0xc0, 0xde) },
  ]);
  expect(find(payloads, 'unknown')).toEqual({ type: 'unknown', number: 200, critical: true, data: octets(0xff, 0xee) });
  expect(find(payloads, 'AUTH')).toBeUndefined();
  expect(describe(header, payloads)).toBe(
    'IKE_SA_INIT { SA, KE, Ni, N(NAT_DETECTION_SOURCE_IP), N(COOKIE), payload 200 critical }',
  );
  expect(describe({ ...header, isResponse: true }, payloads)).toContain('KE, Nr,');
});

test('a fragment of an IKE_AUTH response', () => {
  const bytes = fixture('ike-auth-fragment');
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.fault));
  expect(decoded.value.payloads).toEqual([
    {
      type: 'SKF',
      critical: false,
      nextPayload: PAYLOAD.IDr,
      number: 1,
      total: 3,
      aadOctets: 36,
      data: bytes.subarray(36),
    },
  ]);
  expect(describe(decoded.value.header, decoded.value.payloads)).toBe('IKE_AUTH { SKF(1/3) }');
});

test('the inside of an IKE_AUTH response', () => {
  const decoded = decodeChain(PAYLOAD.IDr, fixture('inner-responder'));
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.fault));
  const payloads = decoded.value;
  expect(find(payloads, 'IDr')).toMatchObject({ idType: 2, data: octets(0x65, 0x61, 0x73, 0x74) });
  expect(find(payloads, 'AUTH')).toMatchObject({ method: 2, data: octets(0x5e, 0xc7) });
  expect(find(payloads, 'CP')).toMatchObject({
    cfgType: 2,
    attributes: [
      { type: 1, value: octets(10, 9, 0, 1) },
      { type: 3, value: octets() },
    ],
  });
  expect(find(payloads, 'SA')?.proposals[0]).toEqual({
    number: 1,
    protocol: 3,
    spi: octets(10, 11, 12, 13),
    transforms: [
      { type: 1, id: 20, keyBits: 128, attributes: [{ type: 17, value: octets(1, 2, 3) }] },
      { type: 5, id: 0 },
    ],
  });
  expect(find(payloads, 'TSi')?.selectors.map(String)).toEqual(['10.0.1.0/24/TCP/80']);
  expect(find(payloads, 'TSi')?.others).toEqual(
    [{ tsType: 10, protocol: 0, data: Buffer.from('secret\0') }].map(plain),
  );
  const [range] = find(payloads, 'TSr')?.selectors ?? [];
  expect([`${range.start}`, `${range.end}`, range.startPort, range.endPort]).toEqual([
    '2001:db8::',
    '2001:db8::ff',
    65535,
    0,
  ]);
  expect(find(payloads, 'D')).toMatchObject({ spiSize: 4, spis: [octets(0, 0, 0, 1), octets(255, 255, 255, 255)] });
  expect(find(payloads, 'EAP')?.data).toEqual(octets(3, 7, 0, 4));
  expect(describe({ exchange: 35, isResponse: true }, payloads)).toBe(
    'IKE_AUTH { IDr, AUTH, CP(CFG_REPLY), SA, TSi, TSr, D, EAP }',
  );
});

test('the dump names every field, and hides what is secret', () => {
  const decoded = decodeMessage(fixture('ike-auth-fragment'));
  const inner = decodeChain(PAYLOAD.IDr, fixture('inner-responder'));
  if (!decoded.ok || !inner.ok) throw new Error('fixtures do not decode');
  expect(dump(decoded.value)).toEqual([
    'IKE_AUTH 0102030405060708:1112131415161718 version 2.0 flags R message 1 length 45',
    'SKF { number 1, total 3, data <9 octets> }',
  ]);
  const lines = dump({ header: decoded.value.header, payloads: inner.value });
  expect(lines[1]).toBe('IDr { idType 2, data @east }');
  expect(lines[2]).toBe('AUTH { method SHARED_KEY_MIC, data <2 octets> }');
  expect(lines[3]).toBe(
    'CP { cfgType CFG_REPLY, attributes INTERNAL_IP4_ADDRESS=0a090001, INTERNAL_IP4_DNS=<0 octets> }',
  );
  expect(lines[4]).toBe('SA { proposals 1:ESP spi 0a0b0c0d ENCR_AES_GCM_16_128{17=010203} ESN=SEQUENTIAL_32 }');
  expect(lines.at(-1)).toBe('EAP { data <4 octets> }');
  expect(lines.join()).not.toContain('5ec7');
});

const plain = <T extends { data: Uint8Array }>(o: T) => ({ ...o, data: Uint8Array.from(o.data) });
