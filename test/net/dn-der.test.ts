import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDn, readTlv, tlv, writeDn } from '../../src/net/dn-der.ts';
import { parseDn } from '../../src/net/dn-text.ts';
import { ID_TYPES, Id } from '../../src/net/id.ts';

interface Tables {
  lengths: { size: number; first: number[]; ok: boolean; length: number; left: number }[];
}
const { lengths } = JSON.parse(
  readFileSync(new URL('../fixtures/net/identities.json', import.meta.url), 'utf8'),
) as Tables;

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

test.each(lengths)('libreswan on $size octets beginning with $first: $ok, $length', ({ size, first, ok, length }) => {
  const told = new Uint8Array(1 + size);
  told[0] = 0x04;
  told.set(first.slice(0, size), 1);
  const read = readTlv(told);
  expect(read !== undefined).toBe(ok);
  if (read) expect(read.value.length).toBe(length);
});

test.each([0, 1, 127, 128, 255, 256, 65535])('%i octets are written and read', (length) => {
  const value = new Uint8Array(length).fill(7);
  const read = readTlv(Uint8Array.from([...tlv(0x0c, value), 1, 2]))!;
  expect([read.tag, read.value.length, Buffer.compare(read.value, value), read.rest.length]).toEqual([
    0x0c,
    length,
    0,
    2,
  ]);
});

describe('what is no name', () => {
  const cn = '0603550403';
  test.each([
    ['', 'nothing'],
    ['30', 'half of a head'],
    ['3080', 'an indefinite length'],
    ['30800000', 'an indefinite length with its end'],
    ['3085000000000100', 'a length of five octets'],
    ['3084ffffffff', 'a length of 4 GB'],
    ['3001', 'contents that are missing'],
    ['300000', 'something behind it'],
    ['3100', 'a SET'],
    ['30023100', 'an empty RDN'],
    ['30023000', 'a SEQUENCE for an RDN'],
    ['300431020500', 'a NULL for an attribute'],
    ['300431023000', 'an attribute of nothing'],
    [`3009310730050603550403`, 'an attribute without value'],
    [`300b310930070500${'0c0161'}`, 'an attribute without type'],
    [`300931073005${'0600'}0c0161`, 'a type of no octets'],
    [`300e310c300a${cn}0c016100`, 'a value and half of another'],
    [`300e310c300a${cn}1f810061`, 'a tag of more than one octet'],
  ])('%s: %s', (hex) => {
    expect(readDn(octets(hex))).toBeUndefined();
    expect(`${new Id(ID_TYPES.ID_DER_ASN1_DN, octets(hex))}`).toBe(`@~${hex}`);
  });

  test('more than 64 attributes', () => {
    const rdns = (count: number) => Array.from({ length: count }, () => parseDn('CN=a')![0]);
    expect(readDn(writeDn(rdns(64)))?.length).toBe(64);
    expect(readDn(writeDn(rdns(65)))).toBeUndefined();
  });
});

test('an empty name is one, and printed as one', () => {
  expect(readDn(octets('3000'))).toEqual([]);
  expect(`${Id.parse('@~3000')}`).toBe('');
});

test('a name that is cut anywhere is none', () => {
  const der = writeDn(parseDn('C=CA, O=Example+OU=x, CN=east')!);
  for (let length = 0; length < der.length; length++) expect(readDn(der.subarray(0, length))).toBeUndefined();
});

test('any octets are a name or none, and print as one line of printable ASCII', () => {
  const der = writeDn(parseDn('C=CA, O=Exämple+OU=x, CN=east, 1.2.3=#0500')!);
  const wounded = fc
    .array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { maxLength: 6 })
    .map((wounds) => Uint8Array.from(der, (octet, i) => wounds.find(([at]) => at === i)?.[1] ?? octet));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), wounded), (data) => {
      const id = new Id(ID_TYPES.ID_DER_ASN1_DN, data);
      expect(`${id}`).toMatch(/^[\x20-\x7e]*$/);
      expect(id.key).toMatch(/^[\x21-\x7e]*$/);
      expect(id.equals(new Id(id.type, data.slice()))).toBe(true);
      expect(id.matches(id.key)).toBe(0);
    }),
    { numRuns: 5000 },
  );
});
