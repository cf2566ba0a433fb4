import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DER, DerCursor } from '../../../../src/ike/auth/x509/der-cursor.ts';
import { hex } from '../../crypto/signature/keys.ts';
import { integer, namedBits, time, tlv } from './der.ts';

const read = <T>(octets: Uint8Array, how: (r: DerCursor) => T): T | { wrong: string } => {
  const r = new DerCursor(octets);
  const value = how(r);
  return r.wrong === undefined ? value : { wrong: r.wrong };
};

describe('lengths', () => {
  test.each([0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000])('of %i octets', (length) => {
    expect(read(tlv(0x04, new Uint8Array(length)), (r) => r.contents(0x04, 'x').length)).toBe(length);
  });

  test.each([
    ['04', 'it is cut off'],
    ['0401', 'it is cut off'],
    ['0480', 'a length that is not in DER'],
    ['04800000', 'a length that is not in DER'],
    ['0481', 'it is cut off'],
    ['04810141', 'a length that is not in DER'],
    [`048200ff${'00'.repeat(255)}`, 'a length that is not in DER'],
    ['04850000000001ff', 'a length that is not in DER'],
    ['0484ffffffff', 'it is cut off'],
    ['1f0100', 'is not its own'],
    ['', 'it is missing'],
  ])('%s', (octets, why) => {
    expect(read(hex(octets), (r) => r.contents(0x04, 'x'))).toMatchObject({ wrong: expect.stringContaining(why) });
  });

  test('a tag of several octets', () => {
    expect(read(hex('1f810100'), (r) => r.any('x'))).toEqual({ wrong: 'x: a tag of several octets, at octet 0' });
  });
});

describe('numbers', () => {
  test.each([
    ['020100', '00'],
    ['02017f', '7f'],
    ['02020080', '80'],
    ['0203010000', '010000'],
  ])('%s', (octets, value) => {
    expect(Buffer.from(read(hex(octets), (r) => r.unsigned(20, 'x')) as Uint8Array).toString('hex')).toBe(value);
  });

  test.each([
    ['0200', 'a number without octets'],
    ['0201ff', 'a negative number'],
    ['0202007f', 'a number that begins with a zero too many'],
    ['02020000', 'a number that begins with a zero too many'],
    [`0215${'01'.repeat(21)}`, 'a number of more than 20 octets'],
  ])('%s is none', (octets, why) => {
    expect(read(hex(octets), (r) => r.unsigned(20, 'x'))).toMatchObject({ wrong: expect.stringContaining(why) });
  });

  test('small ones, as they were', () => {
    fc.assert(fc.property(fc.nat(65_535), (n) => void expect(read(integer(n), (r) => r.small('x'))).toBe(n)));
    expect(read(integer(65_536), (r) => r.small('x'))).toHaveProperty('wrong');
  });
});

describe('truth', () => {
  test('has two values', () => {
    expect(read(hex('0101ff'), (r) => r.boolean('x'))).toBe(true);
    expect(read(hex('010100'), (r) => r.boolean('x'))).toBe(false);
    for (const octets of ['010101', '0100', '0102ffff'])
      expect(read(hex(octets), (r) => r.boolean('x'))).toHaveProperty('wrong');
  });

  test('is not written out where it is the default', () => {
    expect(read(hex('010100'), (r) => r.flag('x'))).toEqual({
      wrong: expect.stringContaining('a default is written out'),
    });
    expect(read(hex(''), (r) => r.flag('x'))).toBe(false);
  });
});

describe('bits', () => {
  test('by their numbers', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(15)), (bits) => {
        const sum = bits.reduce((all, bit) => all | (1 << bit), 0);
        expect(read(namedBits(bits), (r) => r.bits('x'))).toBe(sum);
      }),
    );
  });

  test.each(['0300', '03020800', '03020700', '030200fe', '030207ff', '030100ff', '030400ffffff'])(
    '%s is none',
    (octets) => {
      expect(read(hex(octets), (r) => [r.bits('x'), r.isDone || r.fail('x', 'more')])).toHaveProperty('wrong');
    },
  );
});

describe('times', () => {
  test('are what Date says, from 1950 to 9999', () => {
    const from = Date.UTC(1950, 0, 1) / 1000;
    const to = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;
    fc.assert(
      fc.property(fc.integer({ min: from, max: to }), (at) => void expect(read(time(at), (r) => r.time('x'))).toBe(at)),
      { numRuns: 1000 },
    );
  });

  const utc = (text: string) => tlv(DER.UTC_TIME, Buffer.from(text));
  const long = (text: string) => tlv(DER.GENERALIZED_TIME, Buffer.from(text));
  test('have two digits for a year between 1950 and 2049', () => {
    expect(read(utc('500101000000Z'), (r) => r.time('x'))).toBe(Date.UTC(1950, 0, 1) / 1000);
    expect(read(utc('491231235959Z'), (r) => r.time('x'))).toBe(Date.UTC(2049, 11, 31, 23, 59, 59) / 1000);
    expect(read(utc('240229120000Z'), (r) => r.time('x'))).toBe(Date.UTC(2024, 1, 29, 12) / 1000);
  });

  test.each([
    ...[
      '230229120000Z',
      '241301000000Z',
      '240001000000Z',
      '240100000000Z',
      '240132000000Z',
      '240101240000Z',
      '240101006000Z',
    ],
    ...['240101000060Z', '2401010000Z', '240101000000', '240101000000+0100', '24010100000aZ', '240101000000z', ''],
  ])('%s is none', (text) => {
    expect(read(utc(text), (r) => r.time('x'))).toHaveProperty('wrong');
  });

  test.each(['20240101000000.5Z', '202401010000Z', '19000229000000Z', '20240101000000'])('%s is none', (text) => {
    expect(read(long(text), (r) => r.time('x'))).toHaveProperty('wrong');
  });
});

test('what is open must be read to its end, and what was wrong first is what is said', () => {
  const octets = tlv(DER.SEQUENCE, integer(1), integer(2));
  const r = new DerCursor(octets);
  const outer = r.open(DER.SEQUENCE, 'outer');
  expect(r.small('first')).toBe(1);
  r.close(outer, 'outer');
  expect(r.wrong).toBe('outer: something follows that does not belong there, at octet 5');
  expect(r.small('second')).toBe(0);
  expect(r.isDone).toBe(true);
  expect(r.wrong).toMatch(/^outer/);
});

test('whole octets are wanted of a signature', () => {
  expect(read(hex('03020101'), (r) => r.bitString('x'))).toHaveProperty('wrong');
  expect(read(hex('0300'), (r) => r.bitString('x'))).toHaveProperty('wrong');
  expect(read(hex('03020041'), (r) => r.bitString('x'))).toEqual(hex('41'));
});
